//! Faults of the place: its folders, its terminal, its signals. The traffic goes on, and what was admitted is recorded,
//! or counted as not recorded. (Disks are in `disk.rs`, the clock in `clock.rs`, damaged CA files in `ca.rs`.)
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::Signal;
use serde_json::Value;

use crate::hostile::each_admitted_request_has_its_record;
use crate::stage::{Stage, check};
use crate::support::authority::Authority;
use crate::support::nginx::pattern;
use crate::support::origin::{RawOrigin, answering, reply, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, eventually, process, say, sized};

#[test]
fn a_log_folder_that_is_removed_is_made_again() {
    let stage = Stage::new(answering(success));
    let mut client = stage.client();
    let mut call = || {
        client.send(check("")).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200);
    };
    call();
    std::fs::remove_dir_all(stage.nicetap.home().join("log")).unwrap();
    // It looks once a second.
    eventually("a record in the new log", || {
        call();
        let records = stage.nicetap.records();
        records
            .iter()
            .any(|record| record["event"] == "exchange")
            .then_some(())
    });
    call();
    let stopped = stage.nicetap.stop();
    assert!(stopped.status.success(), "{}", stopped.console);
    let stop = stopped.records.last().unwrap();
    assert_eq!(stop["event"], "stop", "{stop:#}");
    assert_eq!(stop["exchanges"], stage.origin.requests().len(), "{stop:#}");
    assert_eq!(stop["not_recorded"], 0, "{stop:#}");
}

#[test]
fn a_terminal_that_has_gone_costs_no_call_and_no_line() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let folder = tempfile::tempdir().unwrap();
    let (home, roots) = (folder.path().join("home"), folder.path().join("roots.pem"));
    authority.write(&roots);
    let mut child = Command::new(env!("CARGO_BIN_EXE_nicetap"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--no-ui",
            "--egress-probe",
            "off",
        ])
        .args(["--connect-to", &format!("{API}:443:{}", origin.addr())])
        .args(["--upstream-ca", roots.to_str().unwrap()])
        .args(["--home", home.to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads, and nobody ever will.
    drop((child.stdout.take(), child.stderr.take()));
    let log = home.join("log/nicetap.jsonl");
    let records = || -> Vec<Value> {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let lines = text
            .lines()
            .map_while(|line| serde_json::from_str(line).ok());
        lines.collect()
    };
    let start = eventually("it listens", || records().into_iter().next());
    let addr: SocketAddr = start["listen"][0].as_str().unwrap().parse().unwrap();
    let root = std::fs::read_to_string(home.join("public/root.pem")).unwrap();
    let trust = crate::support::authority::client_config(&root);
    let mut client = RawClient::tunnel(addr, API, &trust).unwrap();
    for _ in 0..20 {
        client.send(check("")).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200);
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let status = process::wait(&mut child, PATIENCE).unwrap();
    assert!(status.success(), "{status}");
    each_admitted_request_has_its_record(&records());
}

#[test]
fn a_home_that_cannot_be_made_is_told_with_exit_code_3() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
    // Not even root makes a folder there.
    command.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--no-ui",
        "--home",
        "/proc/nicetap",
    ]);
    let ended = process::run(&mut command, b"", PATIENCE);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("/proc/nicetap"), "{}", ended.stderr);
}

/// A real client is stopped in the middle of a large reply: the others are served, and it gets its rest later.
#[test]
fn a_stopped_client_holds_up_nobody() {
    const SIZE: usize = 12 << 20;
    let body = pattern(SIZE);
    let stage = Stage::new(answering(move |request| {
        if request.first_line().contains("large") {
            return reply("200 OK", "", &body);
        }
        success(request)
    }));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reply");
    let mut curl = Command::new("curl")
        .args([
            "--silent",
            "--proxy",
            &format!("http://{}", stage.nicetap.addr()),
        ])
        .args(["--cacert", stage.nicetap.root_pem().to_str().unwrap()])
        .args(["--limit-rate", "8M", "--output", file.to_str().unwrap()])
        .arg(format!("https://{API}/v2/?large"))
        .spawn()
        .unwrap();
    let size = || std::fs::metadata(&file).map_or(0, |file| file.len());
    eventually("the reply has begun", || (size() > 0).then_some(()));
    let pid = rustix::process::Pid::from_child(&curl);
    rustix::process::kill_process(pid, Signal::STOP).unwrap();
    for _ in 0..20 {
        let (reply, _) = stage.ask(check(""));
        assert_eq!(reply.status(), 200);
    }
    assert!(size() < SIZE as u64);
    let memory = stage.nicetap.peak_memory();
    assert!(memory < 64 * 1024, "{memory} KiB");
    rustix::process::kill_process(pid, Signal::CONT).unwrap();
    let status = process::wait(&mut curl, PATIENCE).unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(size(), SIZE as u64);
}

/// Under load, and while it ends under load: what was admitted is recorded, each once.
#[test]
fn an_end_under_load_leaves_each_admitted_request_its_record() {
    let stage = Stage::new(answering(success));
    let answered = AtomicUsize::new(0);
    let (answered, stage) = (&answered, stage);
    let proxy = stage.nicetap.addr();
    let (trust, nicetap) = (stage.trust.clone(), stage.nicetap);
    let stopped = std::thread::scope(|scope| {
        for number in 0..16 {
            let trust = trust.clone();
            scope.spawn(move || {
                // Half of them make each call on a connection of its own.
                let fresh = number % 2 == 0;
                'connections: while let Ok(mut client) = RawClient::tunnel(proxy, API, &trust) {
                    loop {
                        let sent = client.send(check(""));
                        match sent.and_then(|()| client.reply("GET")) {
                            Ok(reply) if reply.whole => answered.fetch_add(1, Ordering::Relaxed),
                            _ => continue 'connections,
                        };
                        if fresh {
                            continue 'connections;
                        }
                    }
                }
            });
        }
        eventually("some load", || {
            (answered.load(Ordering::Relaxed) > 400).then_some(())
        });
        nicetap.stop()
    });
    each_admitted_request_has_its_record(&stopped.records);
    let by_origin = stopped.of("exchange");
    let by_origin = by_origin
        .iter()
        .filter(|record| record["answer"]["by"] == "origin");
    assert!(by_origin.count() >= answered.load(Ordering::Relaxed));
}

/// As `logrotate` does: the log is renamed, then SIGHUP is sent.
#[test]
fn a_log_that_is_moved_away_under_load_again_and_again_loses_no_line() {
    let stage = Stage::new(answering(success));
    let log = stage.nicetap.home().join("log/nicetap.jsonl");
    let moves = sized(20, 100);
    let is_over = AtomicBool::new(false);
    let mut gathered = String::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = stage.client();
                while !is_over.load(Ordering::Relaxed) {
                    client.send(check("")).unwrap();
                    assert_eq!(client.reply("GET").unwrap().status(), 200);
                }
            });
        }
        let moved = log.with_extension("moved");
        for _ in 0..moves {
            let told = || std::fs::read_to_string(&log).is_ok_and(|text| text.contains("exchange"));
            eventually("a log", || told().then_some(()));
            std::fs::rename(&log, &moved).unwrap();
            stage.nicetap.signal(Signal::HUP);
            eventually("a new log", || told().then_some(()));
            // Nothing is added to the old one any more.
            gathered += &std::fs::read_to_string(&moved).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    // Without a further line, too.
    let last = log.with_extension("last");
    std::fs::rename(&log, &last).unwrap();
    stage.nicetap.signal(Signal::HUP);
    eventually("a new log", || log.exists().then_some(()));
    gathered += &std::fs::read_to_string(&last).unwrap();
    let stopped = stage.nicetap.stop();
    let earlier = gathered
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let records: Vec<Value> = earlier.chain(stopped.records).collect();
    each_admitted_request_has_its_record(&records);
    say(&format!("{moves} moves, {} lines", records.len()));
}

#[test]
fn a_ca_that_is_damaged_or_open_to_others_is_told_with_exit_code_3() {
    let stopped = Stage::new(answering(success)).nicetap.stop();
    let home = stopped.home.path().join("home");
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-ui", "--home"]);
        let ended = process::run(command.arg(&home), b"", PATIENCE);
        assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
        ended.stderr
    };
    let key = home.join("ca/intermediate.key");
    let mode = |mode| std::fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    let told = start();
    assert!(
        told.contains(&format!("run `chmod 600 {}`", key.display())),
        "{told}"
    );
    mode(0o600);
    crate::support::write(&home.join("ca/intermediate.pem"), "half a certif");
    let told = start();
    assert!(told.contains("intermediate.pem` is damaged"), "{told}");
    assert!(told.contains("nicetap ca rotate"), "{told}");
}
