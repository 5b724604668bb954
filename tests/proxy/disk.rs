//! A disk that is really full, and one that may not be written: a small file system of the test's own.
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::stage::{Stage, check};
use crate::support::origin::{answering, success};
use crate::support::{PATIENCE, eventually, process, say};

#[test]
fn a_full_disk_ends_no_call_and_what_is_not_recorded_is_counted() {
    let Some(disk) = Disk::new() else { return };
    let stage = Stage::with(answering(success), |options| options.home(disk.home()));
    let mut client = stage.client();
    let mut call = || {
        client.send(check("")).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200);
    };
    call();
    let filler = disk.fill();
    for _ in 0..CALLS {
        call();
    }
    let says = |what: &str| {
        eventually(what, || {
            stage.nicetap.console().contains(what).then_some(())
        });
    };
    says("the log cannot be written");
    std::fs::remove_file(filler).unwrap();
    for _ in 0..10 {
        call();
    }
    says("the log is written again");
    // Reading it back fails where a line is torn.
    let stopped = stage.nicetap.stop();
    assert!(stopped.status.success(), "{}", stopped.console);
    let stop = stopped.records.last().unwrap();
    assert_eq!(stop["event"], "stop", "{stop:#}");
    assert_eq!(stop["exchanges"], CALLS + 11, "{stop:#}");
    let (requests, exchanges) = (stopped.of("request"), stopped.of("exchange"));
    let missing = 2 * (CALLS + 11) - requests.len() - exchanges.len();
    assert!(missing > CALLS, "{missing}");
    assert_eq!(stop["not_recorded"], missing, "{stop:#}");
    assert_eq!(exchanges.last().unwrap()["id"], CALLS + 11);
}

#[test]
fn a_disk_that_fails_for_a_while_ends_no_call_and_what_is_not_recorded_is_counted() {
    let home = tempfile::tempdir().unwrap();
    let Some(fails) = failing_writes(&home.path().join("home/log/nicetap.jsonl"), "20..60") else {
        return;
    };
    let fails: Vec<&str> = fails.iter().map(String::as_str).collect();
    let stage = Stage::with(answering(success), |options| {
        options.home(home).started_by(&fails)
    });
    let mut client = stage.client();
    let mut calls = 0;
    // One write may hold several lines.
    eventually("the log is written again", || {
        client.send(check("")).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200);
        calls += 1;
        let console = stage.nicetap.console();
        console.contains("the log is written again").then_some(())
    });
    let stopped = stage.nicetap.stop();
    assert!(stopped.status.success(), "{}", stopped.console);
    assert!(stopped.console.contains("Input/output error"));
    let stop = stopped.records.last().unwrap();
    assert_eq!(stop["exchanges"], calls, "{stop:#}");
    let written = stopped.of("request").len() + stopped.of("exchange").len();
    let missing = 2 * calls - written;
    assert!(missing > 40, "{missing}");
    assert_eq!(stop["not_recorded"], missing, "{stop:#}");
}

/// The words of a command under which these writes to this file fail, as those to a broken disk do. `None` where
/// programs may not be traced.
fn failing_writes(file: &Path, which: &str) -> Option<[String; 8]> {
    let mut tried = Command::new("strace");
    let tried = process::run(tried.args(["-o", "/dev/null", "true"]), b"", PATIENCE);
    if !tried.status.success() {
        say(&format!("not tried here: {}", tried.stderr));
        return None;
    }
    let failure = format!("inject=write:error=EIO:when={which}");
    // The tracer stands aside, so that what is started is nicetap itself.
    let words = [
        "strace",
        "-D",
        "-f",
        "-o/dev/null",
        "-P",
        file.to_str()?,
        "-e",
        &failure,
    ];
    Some(words.map(str::to_owned))
}

#[test]
fn a_home_on_a_disk_that_is_not_to_be_written_is_told_with_exit_code_3() {
    let Some(disk) = Disk::new() else { return };
    let home = disk.folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    disk.mount(&["-o", "remount,ro"]).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--no-ui", "--home"]);
    let ended = process::run(command.arg(&home), b"", PATIENCE);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    for word in [home.to_str().unwrap(), "Read-only file system"] {
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    }
}

/// A file system in memory, mounted in a folder of the test's until it is dropped.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// `None` where none can be mounted.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let disk = Self { folder };
        match disk.mount(&["-t", "tmpfs", "-o", "size=2m,mode=700", "nicetap-test"]) {
            Ok(()) => Some(disk),
            Err(why) => {
                say(&format!("not tried here: {why}"));
                None
            }
        }
    }

    fn mount(&self, words: &[&str]) -> Result<(), String> {
        let mut mount = Command::new("mount");
        let ended = process::run(mount.args(words).arg(self.folder.path()), b"", PATIENCE);
        ended.status.success().then_some(()).ok_or(ended.stderr)
    }

    fn home(&self) -> TempDir {
        tempfile::tempdir_in(self.folder.path()).unwrap()
    }

    /// Leaves no byte free; returns what to remove.
    fn fill(&self) -> PathBuf {
        let path = self.folder.path().join("filler");
        let mut file = new_file(&path);
        for size in [1 << 16, 1 << 10, 1] {
            let piece = vec![0; size];
            while file.write_all(&piece).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.folder.path())
            .status();
    }
}

#[expect(clippy::disallowed_methods, reason = "the stage's own file")]
fn new_file(path: &Path) -> File {
    File::create(path).unwrap()
}

const CALLS: usize = 300;
