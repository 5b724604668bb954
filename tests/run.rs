//! `nicetap run`: each client is caught with nothing but its environment, and is served as if it ran alone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

#[path = "support/home.rs"]
mod home;
#[path = "support/newer_node.rs"]
mod newer_node;
#[path = "support/process.rs"]
#[allow(dead_code, reason = "each test file uses some of it")]
mod process;

use home::Home;
use process::Ended;

/// `nicetap run`, in a home of its own.
struct Run {
    home: Home,
    command: Command,
}

impl Run {
    /// Behind the mock.
    fn mocked() -> Self {
        let mut run = Self::new();
        run.command.arg("--mock");
        run
    }

    fn new() -> Self {
        let home = Home::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
        for name in [
            "CURL_CA_BUNDLE",
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
        ] {
            command.env_remove(name);
        }
        command
            .arg("run")
            .env("NICETAP_HOME", home.path())
            .env("NICETAP_EGRESS_PROBE", "off")
            .env("CREDENTIAL", CREDENTIAL)
            .env("NODE_PATH", project("target/tests-node/node_modules"));
        Self { home, command }
    }

    fn option(mut self, option: &str) -> Self {
        self.command.arg(option);
        self
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs this command to its end.
    fn child(&mut self, words: &[&str]) -> Ended {
        self.command.arg("--").args(words);
        let ended = process::run(&mut self.command, b"", Duration::from_mins(3));
        home::keep_console(&ended.stderr);
        ended
    }

    fn exchanges(&self) -> Vec<Value> {
        exchanges(&self.home.path().join("log/nicetap.jsonl"))
    }
}

fn exchanges(log: &Path) -> Vec<Value> {
    let log = std::fs::read_to_string(log).unwrap();
    let records = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    records
        .filter(|record| record["event"] == "exchange")
        .collect()
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn plain(name: &str) -> String {
    let file = project("tests/clients/plain").join(name);
    file.to_str().unwrap().to_owned()
}

/// Fails unless the client gets the mock's reply, and the log has its call.
fn is_caught(words: &[&str]) -> Ended {
    let mut run = Run::mocked();
    let ended = run.child(words);
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(
        told.contains("\"mock\":\"nicetap mock"),
        "{told}\n{}",
        ended.stderr
    );
    assert!(ended.status.success(), "{}", ended.stderr);
    let exchanges = run.exchanges();
    assert_eq!(exchanges.len(), 1);
    assert_eq!(exchanges[0]["client"]["via"], "connect");
    assert_eq!(exchanges[0]["call"]["action"], "check");
    let secret = CREDENTIAL.split_once(':').unwrap().1;
    assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    ended
}

#[test]
fn curl_is_caught() {
    let field = format!("Authorization: {CREDENTIAL}");
    let ended = is_caught(&[
        "curl",
        "-sS",
        "-H",
        &field,
        "-H",
        "Content-Type: application/json",
        CHECK,
    ]);
    assert!(ended.stderr.contains("1 exchange"), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("Not known: calls that take no notice"),
        "{}",
        ended.stderr
    );
}

#[test]
fn php_curl_is_caught() {
    is_caught(&["php", &plain("curl.php"), CHECK]);
}

#[test]
fn guzzle_is_caught() {
    is_caught(&["php", &plain("guzzle.php"), CHECK]);
}

#[test]
fn php_streams_with_the_proxy_in_their_context_trust_the_ca() {
    is_caught(&["php", &plain("streams.php"), CHECK]);
}

#[test]
fn requests_is_caught() {
    let python = project("target/tests-venv/bin/python");
    is_caught(&[python.to_str().unwrap(), &plain("with_requests.py"), CHECK]);
}

#[test]
fn urllib_is_caught() {
    is_caught(&["python3", &plain("with_urllib.py"), CHECK]);
}

#[test]
fn node_https_is_caught() {
    is_caught(&["node", &plain("https.js"), CHECK]);
}

#[test]
fn undici_is_caught() {
    is_caught(&["node", &plain("undici.js"), CHECK]);
}

/// Without any agent.
#[test]
fn a_node_that_obeys_the_variable_is_caught() {
    let node = newer_node::newer_node();
    is_caught(&[node.to_str().unwrap(), &plain("fetch.js"), CHECK]);
}

#[test]
fn java_is_caught() {
    is_caught(&["java", &plain("Plain.java"), CHECK]);
}

#[test]
fn go_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("plain");
    let mut build = Command::new("go");
    build
        .args(["build", "-o"])
        .arg(&program)
        .arg(plain("plain.go"))
        .env("GOCACHE", project("target/tests-go/cache"))
        .env("GO111MODULE", "off")
        .env("CGO_ENABLED", "0");
    process::run(&mut build, b"", Duration::from_mins(3)).success("go build");
    is_caught(&[program.to_str().unwrap(), CHECK]);
}

#[test]
fn php_keeps_its_extensions_and_hosts_that_are_not_read_keep_the_system_roots() {
    let mut run = Run::mocked();
    let told = run.child(&[
        "php",
        "-r",
        "echo ini_get('openssl.cafile'), ' ', count(get_loaded_extensions());",
    ]);
    let with = String::from_utf8(told.success("php")).unwrap();
    let mut alone = Command::new("php");
    alone.args(["-r", "echo count(get_loaded_extensions());"]);
    let alone = process::run(&mut alone, b"", Duration::from_secs(20)).success("php");
    let (file, extensions) = with.split_once(' ').unwrap();
    assert_eq!(extensions.as_bytes(), alone);
    let ours = std::fs::read_to_string(file).unwrap();
    let roots = ours.matches("BEGIN CERTIFICATE").count();
    assert!(roots > 50, "only {roots}: the system's are missing");
}

#[test]
fn a_ca_file_that_the_child_trusted_before_is_trusted_still() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.pem");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-subj",
            "/CN=own",
            "-days",
            "2",
            "-keyout",
            "/dev/null",
            "-out",
        ])
        .arg(&own)
        .output()
        .unwrap();
    assert!(made.status.success());
    let mut run = Run::mocked().var("REQUESTS_CA_BUNDLE", own.to_str().unwrap());
    let told = run
        .child(&["sh", "-c", "cat \"$CURL_CA_BUNDLE\""])
        .success("sh");
    let own = std::fs::read_to_string(own).unwrap();
    assert!(String::from_utf8(told).unwrap().contains(own.trim()));
}

#[test]
fn the_exit_code_is_the_childs() {
    assert_eq!(
        Run::mocked().child(&["sh", "-c", "exit 7"]).status.code(),
        Some(7)
    );
    assert_eq!(
        Run::mocked()
            .child(&["sh", "-c", "kill -TERM $$"])
            .status
            .code(),
        Some(143)
    );
    let ended = Run::mocked().child(&["no-such-program-at-all"]);
    assert_eq!(ended.status.code(), Some(127));
    assert!(
        ended
            .stderr
            .contains("`no-such-program-at-all` cannot be run"),
        "{}",
        ended.stderr
    );
    assert_eq!(Run::mocked().child(&["/etc"]).status.code(), Some(126));
}

#[test]
fn a_denied_finding_is_the_exit_code_whatever_the_child_says() {
    let mut run = Run::mocked().option("--deny").option("N101");
    let ended = run.child(&["curl", "-sS", CHECK]);
    assert_eq!(ended.status.code(), Some(5), "{}", ended.stderr);
}

#[test]
fn findings_are_written_as_sarif_even_when_one_is_denied() {
    let mut run = Run::mocked().option("--deny").option("N101");
    let file = run.home.path().join("found.sarif");
    run.command.arg("--sarif").arg(&file);
    let ended = run.child(&["curl", "-sS", CHECK]);
    assert_eq!(ended.status.code(), Some(5), "{}", ended.stderr);
    let sarif: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let missing = results
        .iter()
        .find(|result| result["ruleId"] == "N101")
        .unwrap();
    let place = &missing["locations"][0]["physicalLocation"];
    let log = run.home.path().join("log/nicetap.jsonl");
    let uri = format!("file://{}", log.display());
    assert_eq!(place["artifactLocation"]["uri"], uri);
    let line = usize::try_from(place["region"]["startLine"].as_u64().unwrap()).unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(
        log.lines()
            .nth(line - 1)
            .unwrap()
            .contains("\"code\":\"N101\"")
    );
    let told = Run::mocked()
        .option("--no-log")
        .option("--sarif=x")
        .child(&["true"]);
    assert_eq!(told.status.code(), Some(2), "{}", told.stderr);
    assert!(
        told.stderr.contains("hint: take --no-log away"),
        "{}",
        told.stderr
    );
}

#[test]
fn nobody_is_seen_when_nobody_came_and_it_says_who_cannot_be() {
    let ended = Run::mocked().child(&["true"]);
    assert!(
        ended.stderr.contains("nicetap saw no call"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("\n  PHP streams"), "{}", ended.stderr);
    assert_eq!(ended.stdout, b"");
}

#[test]
fn a_paid_call_to_production_is_held_by_itself() {
    let mut run = Run::new();
    let ended = run.child(&["curl", "-sS", "-H", "Authorization: a:b-c-d-e-f", RENEW]);
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(
        told.contains("nicetap, not NiceNIC"),
        "{told} {}",
        ended.stderr
    );
    assert_eq!(run.exchanges()[0]["answer"]["by"], "nicetap");
}

#[test]
fn a_signal_for_nicetap_is_the_childs_and_the_child_decides() {
    let mut run = Run::mocked();
    let ready = run.home.path().join("ready");
    let script = format!(
        "trap 'exit 9' TERM; : > {}; while :; do sleep 0.05; done",
        ready.display()
    );
    let mut child = run
        .command
        .args(["--", "sh", "-c", &script])
        .spawn()
        .unwrap();
    while !ready.exists() {
        std::thread::yield_now();
    }
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let status = process::wait(&mut child, Duration::from_secs(20)).unwrap();
    assert_eq!(status.code(), Some(9));
}

#[test]
fn beside_another_nicetap_it_has_a_log_of_its_own() {
    let mut outer = Run::mocked();
    let nicetap = env!("CARGO_BIN_EXE_nicetap");
    let ended = outer.child(&[nicetap, "run", "--mock", "--", "curl", "-sS", CHECK]);
    assert!(ended.status.success(), "{}", ended.stderr);
    let logs = std::fs::read_dir(outer.home.path().join("log")).unwrap();
    let mut names: Vec<_> = logs
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(names[0], "nicetap.jsonl");
    assert!(names[1].starts_with("run-"), "{names:?}");
    assert_eq!(
        exchanges(&outer.home.path().join("log").join(&names[1])).len(),
        1
    );
}

#[test]
fn docker_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let docker = folder.path().join("docker");
    std::os::unix::fs::symlink("/bin/true", &docker).unwrap();
    let ended = Run::mocked().child(&[docker.to_str().unwrap()]);
    assert!(
        ended.stderr.contains("not the containers that it starts"),
        "{}",
        ended.stderr
    );
}

const CHECK: &str = "https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com";
const RENEW: &str =
    "https://api.nicenic.net/v2/?category=domain&action=renew&domain=example.com&years=1";
const CREDENTIAL: &str = "reseller7:S3cr3t-K9f2Lm8Qw4Zx";
