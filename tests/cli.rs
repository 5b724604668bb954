//! The built program on the command line: help, errors, exit codes, and what it never repeats.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs nicetap in a home of its own, without the caller's variables.
struct Runner {
    home: TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

impl Runner {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    fn var(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    fn config(self, text: &str) -> Self {
        write(&self.home.path().join("nicetap.toml"), text);
        self
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
        command
            .args(line.split_whitespace())
            .env_clear()
            .env("NICETAP_HOME", self.home.path())
            .env("COLUMNS", "80")
            .envs(self.variables.iter().copied());
        command
    }

    /// What it says when it fails, with the home's path taken out.
    fn failure(&self, line: &str, code: i32) -> String {
        let output = self.run(line);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}: {told}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{line}");
        told.replace(self.home.path().to_str().unwrap(), "HOME")
    }
}

fn write(path: &Path, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "a test writes its own file")]
    let mut file = File::create(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn help(line: &str) -> String {
    let output = Runner::new().run(line);
    assert_eq!(output.status.code(), Some(0), "{line}");
    String::from_utf8(output.stdout).unwrap()
}

const COMMANDS: [&str; 19] = [
    "setup",
    "status",
    "stop",
    "run",
    "serve",
    "explain",
    "rules",
    "lint",
    "ca",
    "log",
    "verify-log",
    "export",
    "egress",
    "check",
    "checklist",
    "diff",
    "report",
    "doctor",
    "mock",
];

#[test]
fn every_code_that_can_appear_has_a_page() {
    for rule in nicetap::rules::all() {
        for word in [rule.code, rule.name] {
            let output = Runner::new().run(&format!("explain {word}"));
            let page = String::from_utf8(output.stdout).unwrap();
            let first = format!("{} {}\n", rule.code, rule.name);
            assert!(page.starts_with(&first), "{word}: {page}");
        }
    }
    let journal = nicetap::rules::OWN.iter().map(|own| own.code);
    assert_eq!(journal.collect::<Vec<_>>(), ["N901", "N902"]);
}

#[test]
fn the_help_of_each_command_reads_well_at_80_columns() {
    insta::assert_snapshot!("help", help("--help"));
    insta::assert_snapshot!("help_short", help("-h"));
    insta::assert_snapshot!("help_serve_short", help("serve -h"));
    for command in COMMANDS {
        let text = help(&format!("{command} --help"));
        insta::assert_snapshot!(format!("help_{command}"), text);
        assert!(text.contains("\nExamples:\n  ") && text.contains("\nExit codes:\n  0 "));
        let too_long = text.lines().find(|line| line.chars().count() > 80);
        assert_eq!(too_long, None, "{command}");
    }
}

#[test]
fn help_is_not_longer_than_a_screen_when_it_is_short() {
    assert!(help("-h").lines().count() <= 40);
}

#[test]
fn the_version_is_that_of_the_crate() {
    assert_eq!(
        help("--version"),
        format!("nicetap {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_misspelt_option_or_command_is_answered_with_the_right_one() {
    let runner = Runner::new();
    assert_eq!(
        runner.failure("--listne 127.0.0.1:1", 2),
        "error: unknown option `--listne`\nhint: did you mean `--listen`?\n"
    );
    assert_eq!(
        runner.failure("rule", 2),
        "error: unknown command `rule`\nhint: did you mean `rules`?\n"
    );
}

#[test]
fn a_wrong_value_is_told_with_who_gave_it() {
    let runner = Runner::new()
        .var("NICETAP_LOG_KEEP", "many")
        .config("\nfor = 8\n");
    assert_eq!(
        runner.failure("serve --body-limit 64KB", 2),
        "error: --body-limit: expected a size such as `64KiB`, `64 MiB` or `65536` (bytes), seen `64KB`\n"
    );
    assert_eq!(
        runner.failure("serve", 2),
        "error: NICETAP_LOG_KEEP: expected a whole number from 0, seen `many`\n"
    );
    assert_eq!(
        runner.var("NICETAP_LOG_KEEP", "3").failure("serve", 2),
        "error: HOME/nicetap.toml:2:7: for: expected a duration such as `90s`, `20m`, `8h` or `120 s`, seen `8`\n"
    );
}

#[test]
fn an_unknown_key_is_told_with_its_place() {
    let runner = Runner::new().config("json = false\nlog_kepp = 3\n");
    assert_eq!(
        runner.failure("serve", 2),
        "error: HOME/nicetap.toml:2:1: unknown key `log_kepp`\nhint: did you mean `log_keep`?\n"
    );
}

#[test]
fn a_missing_configuration_is_told_with_the_reason() {
    assert_eq!(
        Runner::new().failure("--config /nowhere/n.toml", 2),
        "error: cannot read /nowhere/n.toml: No such file or directory (os error 2)\n"
    );
}

#[test]
fn to_listen_beyond_loopback_is_refused_with_the_reason() {
    let told = Runner::new().failure("--listen 0.0.0.0:8899", 2);
    assert!(told.contains("0.0.0.0:8899 is beyond loopback"), "{told}");
    assert!(told.contains("hint: listen on 127.0.0.1"), "{told}");
}

#[test]
fn an_ip_address_is_not_intercepted() {
    let told = Runner::new().failure("--intercept 192.0.2.1", 2);
    assert!(
        told.contains("certificates are for names only, seen `192.0.2.1`"),
        "{told}"
    );
}

#[test]
fn an_option_that_would_do_nothing_is_refused() {
    let told = Runner::new().failure("--credential-file c.txt", 2);
    assert!(told.contains("does nothing without --mock"), "{told}");
}

#[test]
fn a_secret_is_refused_and_never_repeated() {
    let runner = Runner::new();
    for line in [
        "--secret hunter2",
        "serve --api-secret=hunter2",
        "--credential bob:hunter2",
        "-u bob:hunter2",
        "bob:hunter2",
        "serve bob:hunter2",
        "--listen bob:hunter2",
        "--base-url https://bob:hunter2@api.nicenic.net/v2/",
        "--mock --credential-file bob:hunter2",
        "explain bob:hunter2",
        "log bob:hunter2",
    ] {
        let told = runner.failure(line, 2);
        assert!(!told.contains("hunter2"), "{line}: {told}");
    }
    let told = runner.failure("--secret hunter2", 2);
    assert!(
        told.contains("--secret on the command line is refused"),
        "{told}"
    );
    assert!(told.contains("hint: "), "{told}");
}

#[test]
fn a_secret_in_the_configuration_or_the_environment_is_not_repeated() {
    for text in [
        "api_secret = \"hunter2\"",
        "base_url = \"https://bob:hunter2@a.b\"",
        "credential_file = \"bob:hunter2\"",
        "secret = bob:hunter2",
    ] {
        let told = Runner::new().config(text).failure("serve", 2);
        assert!(!told.contains("hunter2"), "{told}");
    }
    let told = Runner::new()
        .var("NICETAP_CREDENTIAL_FILE", "bob:hunter2")
        .failure("--mock", 2);
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_pipe_gets_no_colours_unless_they_are_asked_for() {
    for line in [
        "--help",
        "serve -h",
        "--nonsense",
        "--color never --nonsense",
    ] {
        let output = Runner::new().run(line);
        let bytes = [output.stdout, output.stderr].concat();
        assert!(!bytes.contains(&0x1b), "{line}");
    }
    let output = Runner::new().run("--color always --credential-file c");
    assert!(output.stderr.contains(&0x1b));
    let output = Runner::new()
        .var("NO_COLOR", "1")
        .run("--credential-file c");
    assert!(!output.stderr.contains(&0x1b));
}

#[test]
fn a_reader_who_has_gone_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = Runner::new()
        .command("serve --help")
        .stdout(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_level_that_names_no_rule_is_refused_with_its_neighbour() {
    assert_eq!(
        Runner::new().failure("serve --mock --deny scheme-wrod", 2),
        "error: --deny scheme-wrod: there is no such rule, and no code begins so\n\
         hint: did you mean `scheme-word`? `nicetap rules` lists all\n"
    );
    let runner = Runner::new().config("allow = [\"N1\", \"N99\"]\n");
    assert_eq!(
        runner.failure("serve --mock", 2),
        "error: --allow N99: there is no such rule, and no code begins so\n\
         hint: `nicetap rules` lists all codes and names\n"
    );
}

#[test]
fn the_catalogue_is_listed_with_what_the_user_adds() {
    let runner = Runner::new().config("catalogue = \"mine.toml\"\n");
    let file = runner.home.path().join("mine.toml");
    write(
        &file,
        "[[action]]\ncategory = \"domain\"\naction = \"lock\"\nrisk = \"change\"\n\
         [[code]]\ncode = 1001\nmsg_contains = \"IP\"\nmeans = \"refused\"\n",
    );
    let listed = String::from_utf8(runner.run("rules --catalogue").stdout).unwrap();
    for line in [
        "domain renew                spend    Renew a domain\n    takes    domain deaddate year\n",
        "domain lock                 change   lock\n",
        "code 1001                   refused where msg holds `ip` (your file)\n",
    ] {
        assert!(listed.contains(line), "{listed}");
    }
    let json = runner.run("rules --catalogue --json").stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["actions"][12]["action"], "lock");
    write(
        &file,
        "[[action]]\ncategory = \"domain\"\nacton = \"lock\"\n",
    );
    assert_eq!(
        runner.failure("serve --mock", 2),
        "error: HOME/mine.toml:3:1: unknown key `action[1].acton`\nhint: did you mean `action`?\n"
    );
}
