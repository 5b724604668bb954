//! `nicetap lint`: requests out of files, judged by the built program.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nicetap::lint::{Format, Linter, Report, Source, render};
use nicetap::redact::{FingerprintKey, Redactor};
use nicetap::rule::levels::Levels;
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            write(&folder.path().join(name), text);
        }
        Self(folder)
    }

    fn run(&self, words: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nicetap"))
            .arg("lint")
            .args(words)
            .current_dir(self.0.path())
            .env_clear()
            .env("NICETAP_HOME", self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that refuses its options reads nothing.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[&["--format", "json"], words].concat(), "");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn write(path: &Path, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "a test writes its own file")]
    std::fs::write(path, text).unwrap();
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// `code@line:column` of each finding.
fn places(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| {
            let code = finding["code"].as_str().unwrap();
            format!("{code}@{}:{}", finding["line"], finding["column"])
        })
        .collect()
}

const HTTP: &str = "\
### right
GET https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com
Authorization: alice:not-a-real-secret
Content-Type: application/json

### wrong
# the client's auth option
GET https://api.nicenic.net/v2/?category=domain&action=chek&domains=example.com
Content-Type: application/json
Authorization: Basic YWxpY2U6aHVudGVyMi1odW50ZXIy

### a body
POST https://api.nicenic.net/v2/?category=domain&action=check
Authorization: alice:not-a-real-secret
Content-Type: application/json

{\"domains\":
  'example.com'}

### a blank line too early
GET https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com

Authorization: alice:hunter2-hunter2

### a space before the colon
GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
Host: api.nicenic.net
Authorization : alice:hunter2-hunter2
";

const CURL: &str = "\
# what the documentation shows, without the quotes
curl -sS https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com \\
  -H 'Authorization: alice:not-a-real-secret' -H 'Content-Type: application/json'
curl -u alice:hunter2-hunter2 \\
  -H 'Content-Type: application/json' \\
  'https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com'
curl -H \"Authorization: $NICENIC\" -H 'Content-Type: application/json' \\
  \"https://api.nicenic.net/v2/?category=domain&action=$ACTION&domains=example.com\"
";

const HAR: &str = r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [
  {"request": {"method": "GET", "url": "https://tracker.example/?a=b", "headers": []}},
  {"request": {"method": "GET", "url": "https://api.nicenic.net/v2/?category=domain&action=check&domains=a.com",
    "headers": [{"name": "content-type", "value": "application/json"},
                {"name": "authorization", "value": "Bearer hunter2-hunter2-hunter2"}]}}
]}}
"#;

const BODY: &str = "\
POST https://bob:hunter2-url@api.nicenic.net/v2/?category=domain&action=transfer&authcode=hunter2-epp
Content-Type: application/json
Cookie: s=hunter2-cookie

{\"password\": \"hunter2-password\", \"token\": 'hunter2-token',}
";

#[test]
fn an_http_file_is_judged_line_by_line() {
    let folder = Folder::with(&[("calls.http", HTTP)]);
    let report = folder.json(&["calls.http"]);
    let places = places(&report);
    assert_eq!(report["requests"], 5);
    for want in [
        "N102@10:1",
        "N302@8:1",
        "N305@18:3",
        "N703@21:1",
        "N705@28:1",
    ] {
        assert!(
            places.iter().any(|place| place == want),
            "{want}: {places:?}"
        );
    }
    let of_the_right_one = places
        .iter()
        .filter(|place| place.contains("@2:") || place.contains("@3:") || place.contains("@4:"));
    assert_eq!(of_the_right_one.count(), 0, "{places:?}");
}

#[test]
fn a_curl_command_is_judged_as_a_shell_reads_it() {
    let folder = Folder::with(&[("try.sh", CURL)]);
    let report = folder.json(&["try.sh"]);
    let places = places(&report);
    assert_eq!(report["requests"], 3, "{report:#}");
    // The shell took `&` for the end of the command, and with it the headers.
    assert!(
        places.iter().any(|place| place == "N301@2:10"),
        "{places:?}"
    );
    assert!(
        places.iter().any(|place| place == "N101@2:10"),
        "{places:?}"
    );
    assert!(places.iter().any(|place| place == "N102@6:4"), "{places:?}");
    assert!(
        places
            .iter()
            .all(|place| !place.contains("@7:") && !place.contains("@8:")),
        "what only the shell knows is not judged: {places:?}"
    );
}

#[test]
fn an_archive_is_judged_for_the_hosts_that_are_looked_into() {
    let folder = Folder::with(&[("a.har", HAR)]);
    let report = folder.json(&["a.har"]);
    assert_eq!(report["requests"], 1);
    assert_eq!(places(&report), ["N102@3:3"]);
}

#[test]
fn no_secret_of_a_file_is_ever_shown() {
    let folder = Folder::with(&[
        ("calls.http", HTTP),
        ("try.sh", CURL),
        ("a.har", HAR),
        ("body.http", BODY),
        ("bad.sh", "curl --user=bob:hunter2 -H 'unclosed hunter2"),
        ("bad.har", "{\"log\": \"hunter2\"}"),
    ]);
    for format in ["text", "json", "sarif"] {
        let files = [
            "calls.http",
            "try.sh",
            "a.har",
            "body.http",
            "bad.sh",
            "bad.har",
        ];
        let words = [&["--format", format][..], &files].concat();
        let output = folder.run(&words, "");
        let told = stdout(&output) + &stderr(&output);
        for secret in ["hunter2", "YWxpY2U6aHVudGVy"] {
            assert!(!told.contains(secret), "{format}: {told}");
        }
        assert!(told.contains("N102"), "{told}");
    }
}

#[test]
fn the_exit_code_says_what_became_of_it() {
    let folder = Folder::with(&[("calls.http", HTTP), ("none.http", "# nothing\n")]);
    let code = |words: &[&str]| folder.run(words, HTTP).status.code().unwrap();
    assert_eq!(code(&["calls.http"]), 0);
    assert_eq!(code(&["-"]), 0);
    assert_eq!(code(&["--deny", "N1", "calls.http"]), 5);
    assert_eq!(code(&["--deny", "N1", "--allow", "N102", "calls.http"]), 0);
    assert_eq!(code(&["--deny", "N102", "--allow", "N1", "calls.http"]), 0);
    assert_eq!(
        code(&["--allow", "N1", "--deny", "scheme-word", "calls.http"]),
        5
    );
    assert_eq!(code(&["--deny", "N8", "calls.http"]), 2);
    assert_eq!(code(&["none.http"]), 1);
    assert_eq!(code(&["missing.http"]), 1);
    assert_eq!(code(&[]), 2);
    let told = stderr(&folder.run(&["--deny", "scheme-wrod", "calls.http"], ""));
    assert!(told.contains("did you mean `scheme-word`?"), "{told}");
    let told = stderr(&folder.run(&["none.http"], ""));
    assert!(told.contains("none.http:1:1: no request"), "{told}");
}

#[test]
fn levels_come_from_the_file_too_and_what_is_typed_beats_them() {
    let folder = Folder::with(&[
        ("calls.http", HTTP),
        ("nicetap.toml", "deny = [\"N1\"]\nallow = [\"N302\"]\n"),
    ]);
    let output = folder.run(&["calls.http"], "");
    assert_eq!(output.status.code(), Some(5));
    let told = stdout(&output);
    assert!(told.contains("1 hidden by --allow"), "{told}");
    assert!(!told.contains("N302"), "{told}");
    assert!(
        stderr(&output).contains("denied finding"),
        "{}",
        stderr(&output)
    );
    let output = folder.run(&["--warn", "N1,N302", "calls.http"], "");
    assert_eq!(output.status.code(), Some(0));
    let told = stdout(&output);
    assert!(
        told.contains("warn N102") && told.contains("warn N302"),
        "{told}"
    );
}

#[test]
fn text_is_one_block_a_finding_with_the_place_first() {
    let folder = Folder::with(&[("calls.http", HTTP)]);
    let told = stdout(&folder.run(&["calls.http"], ""));
    let block: Vec<&str> = told
        .lines()
        .skip_while(|line| !line.contains("N102"))
        .take(6)
        .collect();
    assert!(
        block[0].starts_with("calls.http:10:1: error N102 "),
        "{told}"
    );
    assert!(block[1].starts_with("    in   GET https://api.nicenic.net/v2/?category=domain"));
    assert_eq!(block[2], "    at   header Authorization");
    assert!(block[3].starts_with("    saw  ") && block[5].starts_with("    fix  "));
    assert!(
        told.lines().last().unwrap().starts_with("5 requests: "),
        "{told}"
    );
}

#[test]
fn sarif_keeps_the_rules_of_its_schema() {
    let folder = Folder::with(&[("my calls.http", HTTP), ("none.http", "#\n")]);
    let output = folder.run(&["--format", "sarif", "my calls.http", "none.http"], "");
    assert_eq!(output.status.code(), Some(1));
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema: Value = serde_json::from_str(SARIF).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20calls.http");
    }
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
}

#[test]
fn the_good_examples_of_the_rules_own_tests_are_good_here_too() {
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules/good.http");
    let good = std::fs::read_to_string(good).unwrap();
    // Replies, and what those tests write with escapes, are no `.http` file.
    let cases = good
        .split("### ")
        .filter(|case| !case.contains("# raw:") && !case.contains("# reply:"));
    let good = cases.collect::<Vec<_>>().join("### ");
    let folder = Folder::with(&[("good.http", &good)]);
    let report = folder.json(&["good.http"]);
    let wrong: Vec<_> = places(&report);
    assert!(report["requests"].as_u64().unwrap() > 50);
    assert!(wrong.is_empty(), "{wrong:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_makes_it_panic_and_every_place_is_in_the_file(
        text in prop_oneof![
            "(GET |POST |curl |https?://a.nicenic.net|/v2/\\?category=|[\n\r :]|Host: a|Authorization|###|\\{\\{x\\}\\}|@x=1|[ -~é]){0,25}",
            "curl( -[A-Za-z#]{1,3}| --[a-z-]{3,8}| --(data|json|header|user|form|url)|[ '\"\\\\$`\n&;@=]|[a-zé:/?]{1,5}){0,20}",
            "\\{\"log\":\\{\"entries\":\\[(\\{\"request\":\\{\"method\":\"(GET|P\\\\n)\",\"url\":\"[ -!#-\\[\\]-~]{0,20}\",\"headers\":\\[\\]\\}\\},?){0,3}\\]\\}\\}",
        ],
    ) {
        let key = FingerprintKey::from_bytes([7; 32]);
        let mut linter = Linter::new(Redactor::new(&key), Levels::default(), Vec::new(), true);
        let mut report = Report::default();
        linter.look(&Source { name: "x", bytes: text.as_bytes() }, &mut report);
        let lines = text.split('\n').count();
        let found = report.found.iter().map(|found| found.spot);
        let unread = report.unread.iter().map(|unread| unread.spot);
        for spot in found.chain(unread) {
            prop_assert!((1..=lines).contains(&spot.line) && spot.column > 0, "{spot:?} in {text:?}");
        }
        for format in [Format::Text, Format::Json, Format::Sarif] {
            render(&report, format);
        }
    }
}

/// The rules of SARIF 2.1.0 for what is used of it: what is required, what is an enumeration, what counts from one.
const SARIF: &str = r##"{
  "type": "object",
  "required": ["version", "runs"],
  "properties": {
    "$schema": {"type": "string", "format": "uri"},
    "version": {"const": "2.1.0"},
    "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}}
  },
  "additionalProperties": false,
  "$defs": {
    "message": {"type": "object", "required": ["text"],
      "properties": {"text": {"type": "string", "minLength": 1}}, "additionalProperties": false},
    "level": {"enum": ["none", "note", "warning", "error"]},
    "location": {"type": "object", "properties": {
      "physicalLocation": {"type": "object", "required": ["artifactLocation"], "properties": {
        "artifactLocation": {"type": "object", "required": ["uri"],
          "properties": {"uri": {"type": "string", "pattern": "^[^ ]+$"}}, "additionalProperties": false},
        "region": {"type": "object", "required": ["startLine"], "properties": {
          "startLine": {"type": "integer", "minimum": 1},
          "startColumn": {"type": "integer", "minimum": 1}}, "additionalProperties": false}
      }, "additionalProperties": false}}, "additionalProperties": false},
    "rule": {"type": "object", "required": ["id"], "properties": {
      "id": {"type": "string"}, "name": {"type": "string"},
      "shortDescription": {"$ref": "#/$defs/message"},
      "help": {"type": "object", "required": ["text"],
        "properties": {"text": {"type": "string"}, "markdown": {"type": "string"}}, "additionalProperties": false},
      "defaultConfiguration": {"type": "object",
        "properties": {"level": {"$ref": "#/$defs/level"}}, "additionalProperties": false},
      "properties": {"type": "object",
        "properties": {"tags": {"type": "array", "uniqueItems": true, "items": {"type": "string"}}}}
    }, "additionalProperties": false},
    "result": {"type": "object", "required": ["message"], "properties": {
      "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0},
      "level": {"$ref": "#/$defs/level"},
      "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
      "message": {"$ref": "#/$defs/message"},
      "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}}
    }, "additionalProperties": false},
    "run": {"type": "object", "required": ["tool"], "properties": {
      "tool": {"type": "object", "required": ["driver"], "properties": {
        "driver": {"type": "object", "required": ["name"], "properties": {
          "name": {"type": "string"}, "version": {"type": "string"},
          "semanticVersion": {"type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+"},
          "rules": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/$defs/rule"}}
        }, "additionalProperties": false}}, "additionalProperties": false},
      "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
      "invocations": {"type": "array", "items": {"type": "object", "required": ["executionSuccessful"], "properties": {
        "executionSuccessful": {"type": "boolean"},
        "toolExecutionNotifications": {"type": "array", "items": {"type": "object", "required": ["message"], "properties": {
          "message": {"$ref": "#/$defs/message"}, "level": {"$ref": "#/$defs/level"},
          "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}}}, "additionalProperties": false}}
      }, "additionalProperties": false}},
      "results": {"type": "array", "items": {"$ref": "#/$defs/result"}}
    }, "additionalProperties": false}
  }
}"##;
