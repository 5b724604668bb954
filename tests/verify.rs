//! `nicetap verify-log` finds a secret in every encoding, and nothing where there is none.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test writes its own files"
)]
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use encoders::ENCODERS;
use nicetap::verify::{Known, Search};

#[path = "support/encoders.rs"]
mod encoders;

const SECRETS: [&str; 4] = [
    "kT9/fQ2z+Lw7!",
    r#"q/+=%&"\<ü😀Zk"#,
    "two words+one%",
    "Zq8wE5rT2yU9iO4pA7sD1fG6hJ3kL0zX8cV5bN2mQ9wR4eT7yI1",
];

fn search(secret: &str) -> Search {
    let known = Known {
        label: "it".to_owned(),
        value: secret.as_bytes().to_vec().into(),
    };
    Search::new(&[known]).unwrap()
}

#[test]
fn a_planted_secret_is_found_in_every_encoding_and_position() {
    let mut cases = 0;
    for secret in SECRETS {
        let search = search(secret);
        for (encoding, encode) in ENCODERS {
            let encoded = encode(secret);
            if encoded.ends_with("\0skip") {
                continue;
            }
            let as_json = serde_json::to_string(&encoded).unwrap();
            for planted in [
                encoded.clone(),
                format!("GET /?a={encoded}&b=1 HTTP/1.1"),
                format!("{{\"v\":1,\"text\":{as_json},\"x\":\"y\"}}"),
                format!("<p title=\"{encoded}\">no such key</p>"),
            ] {
                cases += 1;
                let text = format!("first line\n{planted}\nlast line\n");
                let report = search.lines(text.as_bytes()).unwrap();
                assert!(
                    !report.sightings.is_empty(),
                    "{encoding} of {secret}: {planted}"
                );
            }
        }
    }
    println!("{cases} planted leaks in {} encodings", ENCODERS.len());
}

#[test]
fn what_nicetap_writes_of_a_secret_is_no_leak() {
    for secret in SECRETS {
        let text = "{\"credential\":{\"username\":\"acme\",\"fingerprint\":\"‹secret:api_secret#k3f9q2·24›\"}}\n";
        let report = search(secret).lines(text.repeat(50).as_bytes()).unwrap();
        assert_eq!((report.lines, report.sightings.len()), (50, 0), "{secret}");
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    fn run(&self, line: &str, stdin: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nicetap"))
            .args(line.split(' '))
            .current_dir(self.0.path())
            .env_clear()
            .env("NICETAP_HOME", self.0.path().join("home"))
            .env("THE_SECRET", SECRETS[0])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        child.wait_with_output().unwrap()
    }
}

fn told(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).unwrap()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_hit_is_told_with_file_line_and_encoding_and_exits_6() {
    let folder = Folder::new();
    folder.write("a.log", b"one\ntwo kT9%2FfQ2z%2BLw7! three\n");
    folder.write("b.log.gz", &gzip("x\ny\nz a1Q5L2ZRMnorTHc3IQ==\n"));
    folder.write("keys", b"# not one\n\nacme:kT9/fQ2z+Lw7!\n");
    for (line, label) in [
        (
            "verify-log --secret-env THE_SECRET a.log b.log.gz",
            "$THE_SECRET",
        ),
        (
            "verify-log --secret-file keys a.log b.log.gz",
            "keys line 3",
        ),
        (
            "verify-log --secret-file - a.log b.log.gz",
            "standard input line 1",
        ),
    ] {
        let output = folder.run(line, "acme:kT9/fQ2z+Lw7!\n");
        let text = told(&output);
        assert_eq!(output.status.code(), Some(6), "{line}: {text}");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let folder = format!("{}/", folder.0.path().canonicalize().unwrap().display());
        let want = format!("a.log:2: {label}, percent\nb.log.gz:3: {label}, base64\n");
        assert_eq!(stdout.replace(&folder, ""), want, "{line}");
        assert!(
            text.contains("a secret stands in 2 places (5 lines in 2 files)"),
            "{text}"
        );
        assert!(!text.contains(SECRETS[0]), "{text}");
    }
}

#[test]
fn it_exits_6_on_a_planted_leak_in_each_encoding() {
    let folder = Folder::new();
    for (encoding, encode) in ENCODERS {
        let encoded = encode(SECRETS[0]);
        if encoded.ends_with("\0skip") {
            continue;
        }
        folder.write("a.log", format!("one\ntwo {encoded} three\n").as_bytes());
        let output = folder.run("verify-log --secret-env THE_SECRET a.log", "");
        assert_eq!(
            output.status.code(),
            Some(6),
            "{encoding}: {}",
            told(&output)
        );
    }
}

#[test]
fn without_a_hit_it_exits_0_and_says_what_it_searched() {
    let folder = Folder::new();
    folder.write("a.log", b"one\ntwo\n");
    let output = folder.run("verify-log --secret-env THE_SECRET a.log", "");
    assert_eq!(told(&output), "no secret found: 2 lines in 1 file\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_own_log_and_its_rotated_files_are_the_default() {
    let folder = Folder::new();
    let log = folder.0.path().join("home/log");
    fs::create_dir_all(&log).unwrap();
    let write =
        |name: &str, content: &[u8]| fs::write(Path::new(&log).join(name), content).unwrap();
    write("nicetap.jsonl", b"{}\n");
    write("nicetap.jsonl.1", b"{}\n{}\n");
    write("nicetap.jsonl.2.gz", &gzip("{}\n"));
    let output = folder.run("verify-log --secret-env THE_SECRET", "");
    assert_eq!(told(&output), "no secret found: 4 lines in 3 files\n");
}

#[test]
fn what_cannot_be_searched_is_told_and_no_secret_repeated() {
    let folder = Folder::new();
    folder.write("a.log", b"x\n");
    for (line, stdin, exit, want) in [
        ("verify-log a.log", "", 2, "no secret is given to look for"),
        (
            "verify-log --secret-env NOT_THERE a.log",
            "",
            2,
            "--secret-env NOT_THERE: the variable is not set",
        ),
        (
            "verify-log --secret-env kT9/fQ2z+Lw7! a.log",
            "",
            2,
            "expected the name of an environment variable, never a secret itself",
        ),
        (
            "verify-log --secret-file - a.log",
            "",
            2,
            "there is no secret in it",
        ),
        (
            "verify-log --secret-file - a.log",
            "abc12\n",
            2,
            "standard input line 1 is shorter than 6 characters",
        ),
        (
            "verify-log --secret-env THE_SECRET b.log",
            "",
            3,
            "b.log cannot be read",
        ),
        (
            "verify-log --secret-file keys a.log",
            "",
            3,
            "keys cannot be read",
        ),
        (
            "verify-log --secret kT9/fQ2z+Lw7! a.log",
            "",
            2,
            "on the command line is refused",
        ),
    ] {
        let output = folder.run(line, stdin);
        let text = told(&output);
        assert!(text.contains(want), "{line}: {text}");
        assert_eq!(output.status.code(), Some(exit), "{line}: {text}");
        assert!(!text.contains(SECRETS[0]), "{text}");
    }
}
