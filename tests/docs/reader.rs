//! Somebody who follows a page to the letter, in a home of their own, with the mock in the API's place.
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::container::Container;
use crate::newer_node::newer_node;
use crate::page::{Page, Printer, Step};
use crate::support::{self, eventually, process};

/// The reader of one page.
pub(crate) struct Reader {
    folder: TempDir,
    /// The nicetap that the page has started, and where it listens.
    running: Option<(Child, String)>,
    files: Vec<(String, String)>,
    echo: String,
    /// What the last commands have printed.
    stdout: String,
    /// Variables that the page has set in its shell.
    set: String,
    container: Option<Container>,
}

impl Reader {
    pub(crate) fn new() -> Self {
        let reader = Self {
            folder: tempfile::tempdir().unwrap(),
            running: None,
            files: Vec::new(),
            echo: echo_site(),
            stdout: String::new(),
            set: String::new(),
            container: None,
        };
        for folder in ["bin", "work/vendor"] {
            std::fs::create_dir_all(reader.place(folder)).unwrap();
        }
        let nicetap = env!("CARGO_BIN_EXE_nicetap");
        reader.program("nicetap", &format!("exec {nicetap} \"$@\""));
        reader.program("sudo", "exec \"$@\"");
        let python = support::project("target/tests-venv/bin/python");
        reader.program("python3", &format!("exec {} \"$@\"", python.display()));
        reader.program("node", &format!("exec {} \"$@\"", newer_node().display()));
        support::write(
            &reader.place("work/vendor/autoload.php"),
            "<?php require '/usr/share/php/GuzzleHttp/autoload.php';\n",
        );
        reader
    }

    /// Starts what stands for a container; says whether that is possible.
    pub(crate) fn has_container(&mut self) -> bool {
        self.container = Container::start(&self.place("bin"));
        self.container.is_some()
    }

    /// Does all that the page says.
    pub(crate) fn follow(mut self, page: &Page) {
        for step in &page.steps {
            match step {
                Step::Type { commands, exits } => self.type_all(page, commands, exits),
                Step::Write { name, text } => self.files.push((name.clone(), text.clone())),
                Step::Printed { text, by } => match by {
                    Printer::Server => compare(page, text, || self.console()),
                    Printer::Command => compare(page, text, || self.stdout.clone()),
                },
                Step::Skip { .. } => {}
            }
        }
        let strays: Vec<Value> = self.exchanges();
        let strays = strays
            .iter()
            .filter(|exchange| exchange["answer"]["by"] != "mock");
        assert_eq!(
            strays.count(),
            0,
            "{}: a call was not answered by the mock",
            page.path
        );
    }

    /// The commands of one block, in one shell; those that go on until they are stopped do so beside it.
    fn type_all(&mut self, page: &Page, commands: &[String], exits: &[i32]) {
        let mut script = String::new();
        for command in commands {
            if is_server(command) {
                self.start(command);
            } else if is_variable(command) {
                self.set = format!("{}{command}\n", self.set);
            } else {
                // Writing to a string cannot fail.
                let _ = writeln!(script, "{}", self.mine(command));
            }
        }
        if script.is_empty() {
            return;
        }
        let calls = self.exchanges().len();
        let ended = process::run(&mut self.shell(&guarded(&script)), b"", LIMIT);
        let stdout = String::from_utf8_lossy(&ended.stdout);
        let code = ended.status.code().unwrap_or(-1);
        assert!(
            exits.contains(&code),
            "{}: exit code {code}\n{script}{stdout}{}",
            page.path,
            ended.stderr
        );
        self.stdout = stdout.into_owned();
        let is_client = page.path.starts_with("docs/clients/") && !script.contains("probe-php");
        if is_client && script.lines().any(|line| !is_preparation(line)) {
            let new = eventually("the call is in the log", || {
                let new = self.exchanges().split_off(calls);
                (!new.is_empty()).then_some(new)
            });
            for exchange in new {
                let code = &exchange["response"]["envelope"]["code"];
                assert_eq!(code, 0, "{}: {script}{exchange}", page.path);
                let mut findings = exchange["findings"].as_array().unwrap().iter();
                let wrong = findings.find(|finding| finding["severity"] == "error");
                assert_eq!(wrong, None, "{}: {script}", page.path);
            }
        }
    }

    /// Starts a nicetap in place of the one that runs, and waits until it listens.
    fn start(&mut self, command: &str) {
        self.stop();
        let starts = self.records("start").len();
        let line = format!("{}exec {} >../console", self.set, self.mine(command));
        let child = self.shell(&line).stdin(Stdio::null()).spawn().unwrap();
        let start = eventually("nicetap listens", || {
            self.records("start").into_iter().nth(starts)
        });
        let addr = start["listen"][0].as_str().unwrap().to_owned();
        self.running = Some((child, addr));
    }

    fn stop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            let pid = rustix::process::Pid::from_child(&child);
            // The page may have ended it.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let _ = process::wait(&mut child, LIMIT);
        }
    }

    fn shell(&self, script: &str) -> Command {
        for (name, text) in &self.files {
            support::write(&self.place("work").join(name), self.mine(text));
        }
        // Who is not asked for the outbound IP prints the same each time.
        let echo = if script.contains("egress") {
            format!("http://{}/", self.echo)
        } else {
            "off".to_owned()
        };
        let mut shell = Command::new("sh");
        let path = std::env::var("PATH").unwrap_or_default();
        let listen = self
            .running
            .as_ref()
            .map_or("127.0.0.1:0", |(_, addr)| addr);
        // A second nicetap finds a port of its own.
        let listen = if script.contains("exec ") && !script.contains("docker exec ") {
            "127.0.0.1:0"
        } else {
            listen
        };
        shell
            .args(["-ec", script])
            .current_dir(self.place("work"))
            .env("PATH", format!("{}:{path}", self.place("bin").display()))
            .env("NICETAP_HOME", self.place("home"))
            .env("NICETAP_LISTEN", listen)
            .env("NICETAP_UI", "127.0.0.1:0")
            .env("NICETAP_MOCK", "1")
            .env("NICETAP_SECRET", "mock-only")
            .env("NICETAP_EGRESS_PROBE", echo)
            // Nothing that goes past the mock goes far.
            .env("NICETAP_CONNECT_TO", NOWHERE)
            .env(
                "NODE_PATH",
                support::project("target/tests-node/node_modules"),
            )
            .env("GOCACHE", support::project("target/tests-go/cache"))
            .env("GO111MODULE", "off")
            .env("CGO_ENABLED", "0")
            .env_remove("SSL_CERT_FILE");
        shell
    }

    /// A line of the page with this reader's address, folder and login in it.
    fn mine(&self, text: &str) -> String {
        let port = self
            .running
            .as_ref()
            .and_then(|(_, addr)| addr.split_once(':'));
        let public = self.place("home/public");
        text.replace("cargo run --release --", "nicetap")
            .replace("8899", port.map_or("8899", |(_, port)| port))
            .replace("/etc/nicetap/", &format!("{}/", public.display()))
            .replace("username:api_secret", "demo:mock-only")
            .replace("--username username", "--username demo")
    }

    /// The calls that the running nicetap has shown.
    fn console(&self) -> String {
        let console = std::fs::read_to_string(self.place("console")).unwrap();
        let calls = console.lines().skip_while(|line| !is_timed(line));
        calls.map(|line| line.to_owned() + "\n").collect()
    }

    fn exchanges(&self) -> Vec<Value> {
        self.records("exchange")
    }

    fn records(&self, event: &str) -> Vec<Value> {
        let mut records = Vec::new();
        for entry in std::fs::read_dir(self.place("home/log"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            records.extend(
                whole
                    .lines()
                    .map(|line| serde_json::from_str::<Value>(line).unwrap()),
            );
        }
        records.retain(|record| record["event"] == event);
        records.sort_by_key(|record| record["time"].to_string());
        records
    }

    fn program(&self, name: &str, script: &str) {
        let file = self.place("bin").join(name);
        support::write(&file, format!("#!/bin/sh\n{script}\n"));
        let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(file, runs).unwrap();
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The page shows what was printed, or will in a moment.
fn compare(page: &Page, shown: &str, printed: impl Fn() -> String) {
    let begin = Instant::now();
    while timeless(&printed()) != timeless(shown) {
        if begin.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        }
        let now = printed();
        if std::env::var_os("UPDATE").is_some() {
            page.reprint(shown, &now.replace(&user(), "(alice)"));
        }
        panic!(
            "{}: run `UPDATE=1 cargo test --test docs up_to_date`; printed now:\n{now}",
            page.path
        );
    }
}

/// Whether nicetap goes on until it is stopped.
pub(crate) fn is_server(command: &str) -> bool {
    let command = command.strip_prefix("sudo ").unwrap_or(command);
    let command = command.replace("cargo run --release --", "nicetap");
    // In another's network.
    if command.starts_with("nsenter ") {
        return command.contains(" exec nicetap serve");
    }
    let mut words = command.split_whitespace();
    words.next() == Some("nicetap")
        && words
            .next()
            .is_none_or(|word| word.starts_with("--") || ["serve", "mock"].contains(&word))
}

/// `NAME=$(…)`, for the commands after it.
fn is_variable(command: &str) -> bool {
    let name = command.split_once("=$(").map_or("", |(name, _)| name);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase())
}

/// What makes no call: settings of the shell, a compiler.
fn is_preparation(line: &str) -> bool {
    ["export ", "unset ", "go build", "docker exec CONTAINER rm "]
        .iter()
        .any(|word| line.starts_with(word))
}

/// What finds no way to nicetap finds none at all.
fn guarded(script: &str) -> String {
    if script.lines().all(|line| line.starts_with("nicetap ")) {
        return script.to_owned();
    }
    format!(
        "export https_proxy=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1\n{script}"
    )
}

fn is_timed(line: &str) -> bool {
    line.get(..12)
        .is_some_and(|time| time.matches(':').count() == 2)
}

/// Without what differs from run to run: times, and so where lines break; who made the call.
fn timeless(text: &str) -> String {
    let text = text.replace(&user(), "(alice)");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let time = regex::Regex::new(r"\d\d:\d\d:\d\d\.\d{3}|\b[\d.]+ m?s\b").unwrap();
    let text = time.replace_all(&text, "TIME");
    // Where the kernel does not say whose a socket is, a busy machine may not tell in time.
    let sender = regex::Regex::new(r"from 127\.0\.0\.1:\d+ ").unwrap();
    sender.replace_all(&text, "from curl (alice) ").into_owned()
}

fn user() -> String {
    let id = Command::new("id").arg("-un").output().unwrap();
    format!("({})", String::from_utf8(id.stdout).unwrap().trim())
}

/// Stands for the sites that tell the outbound IP.
fn echo_site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    // It ends with the test.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let reply =
                "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n203.0.113.9";
            let _ = stream.write_all(reply.as_bytes());
        }
    });
    addr
}

const NOWHERE: &str = "api.nicenic.net:443:127.0.0.1:9,api.nicenic.net:80:127.0.0.1:9,\
                       sandbox-api.nicenic.net:443:127.0.0.1:9";
/// How long the commands of one block may take: a compiler among them.
const LIMIT: Duration = Duration::from_mins(2);
