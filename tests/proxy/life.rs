//! How a run begins and ends, and that nothing is lost on the way.
use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use crate::stage::{CREDENTIAL, Stage, check, text_of};
use crate::support::authority::Authority;
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, eventually, process, say, sized};

/// Ends it as Ctrl-C does, within a second.
fn interrupt(nicetap: Nicetap) -> crate::support::nicetap::Stopped {
    let begun = Instant::now();
    nicetap.signal(Signal::INT);
    let stopped = nicetap.ended(PATIENCE);
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(1),
        "{took:?}: {}",
        stopped.console
    );
    assert!(stopped.status.success(), "{}", stopped.console);
    stopped
}

#[test]
fn ctrl_c_ends_it_within_a_second_with_a_summary_and_the_undo_reminder() {
    let stage = Stage::new(answering(success));
    let (addr, (reply, _)) = (stage.nicetap.addr(), stage.ask(check("")));
    assert_eq!(reply.status(), 200);
    let stopped = interrupt(stage.nicetap);
    let said = &stopped.console;
    assert!(said.contains("nicetap ended · 1 exchange"), "{said}");
    assert!(said.contains("verdicts"), "{said}");
    assert!(
        said.contains(&format!("take http://{addr} (and nicetap's CA) out")),
        "{said}"
    );
    let last = stopped.records.last().unwrap();
    assert_eq!(last["event"], "stop", "{last:#}");
    assert!(
        text_of(&last["undo"][0]).contains(&addr.to_string()),
        "{last:#}"
    );
}

#[test]
fn connections_that_wait_or_are_carried_do_not_hold_up_the_end() {
    let origin = RawOrigin::plain(|conversation| {
        let first = conversation.read_some()?;
        if first.starts_with(b"GET") {
            conversation.send(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            )?;
        } else {
            conversation.send(&first)?;
        }
        conversation.stay_silent()
    });
    let stage = Stage::before(Authority::new(), origin, |options| options);
    let connected = || {
        let mut client = RawClient::plain(stage.nicetap.addr());
        assert_eq!(client.connect(&format!("{API}:443")).unwrap().status(), 200);
        client
    };
    let idle = RawClient::plain(stage.nicetap.addr());
    let silent = connected();
    let mut tunnel = connected();
    tunnel.send(b"\0binary").unwrap();
    assert_eq!(tunnel.read_some().unwrap(), b"\0binary");
    let mut websocket = connected();
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    websocket.send(check(upgrade)).unwrap();
    assert_eq!(websocket.head().unwrap().status(), 101);

    let stopped = interrupt(stage.nicetap);
    let tunnels = stopped.of("tunnel");
    assert_eq!(tunnels.len(), 1, "{:#?}", stopped.records);
    assert_eq!(tunnels[0]["end"], "shutdown");
    assert_eq!(tunnels[0]["bytes"]["up"], 7);
    assert_eq!(tunnels[0]["bytes"]["down"], 7);
    assert_eq!(stopped.of("exchange").len(), 1);
    assert_eq!(stopped.of("stop")[0]["not_recorded"], 0);
    drop((idle, silent));
}

#[test]
fn it_ends_by_itself_when_its_time_is_over() {
    let nicetap = Nicetap::start(
        Options::default()
            .argument("--for")
            .argument("1s")
            .argument("--then")
            .argument("exit"),
    );
    let begun = Instant::now();
    let stopped = nicetap.ended(PATIENCE);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(stopped.status.success());
    assert_eq!(stopped.of("stop").len(), 1);
}

#[test]
fn a_tunnel_that_stands_is_no_idleness() {
    let origin = RawOrigin::plain(|conversation| {
        let said = conversation.read_some()?;
        conversation.send(said)?;
        conversation.stay_silent()
    });
    let stage = Stage::before(Authority::new(), origin, |options| {
        let options = options.argument("--idle-exit").argument("1s");
        options.argument("--then").argument("exit")
    });
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.connect(&format!("{API}:443")).unwrap();
    client.send(b"\0").unwrap();
    assert_eq!(client.read_some().unwrap(), b"\0");
    client.limit_reads(Duration::from_secs(3));
    assert_eq!(
        client.read_some().unwrap_err().kind(),
        io::ErrorKind::WouldBlock
    );
    client.end();
    let stopped = stage.nicetap.ended(PATIENCE);
    assert!(stopped.status.success());
    assert_eq!(stopped.of("tunnel")[0]["end"], "client");
}

#[test]
fn after_its_time_connections_are_carried_unread() {
    let stage = Stage::with(answering(success), |options| {
        options.argument("--for").argument("300ms")
    });
    // One that is looked into when the time ends.
    let mut early = stage.client();
    eventually("the end of the time", || {
        stage
            .nicetap
            .console()
            .contains("connections are passed through unread from now on")
            .then_some(())
    });
    early.send(check("")).unwrap();
    assert_eq!(early.reply("GET").unwrap().status(), 200);

    let origins = crate::support::authority::client_config(&stage.authority.pem());
    let mut late = RawClient::tunnel(stage.nicetap.addr(), API, &origins).unwrap();
    late.send(check("")).unwrap();
    assert_eq!(late.reply("GET").unwrap().status(), 200);

    let mut based = RawClient::plain(stage.nicetap.addr());
    based.send(check("")).unwrap();
    assert_eq!(based.reply("GET").unwrap().status(), 200);
    based
        .send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    assert_eq!(based.reply("GET").unwrap().status(), 503);

    let stopped = stage.nicetap.stop();
    let tunnels = stopped.of("tunnel");
    assert_eq!(tunnels.len(), 3, "{:#?}", stopped.records);
    for tunnel in tunnels {
        assert_eq!(tunnel["why"], "expired", "{tunnel:#}");
        assert!(!tunnel.to_string().contains("S3cr3t"), "{tunnel:#}");
    }
    assert_eq!(
        stopped.of("request").len() + stopped.of("exchange").len(),
        0
    );
}

#[test]
fn a_second_start_in_the_same_home_is_refused() {
    let nicetap = Nicetap::start(Options::default());
    let mut second = Command::new(env!("CARGO_BIN_EXE_nicetap"));
    second.args(["serve", "--listen", "127.0.0.1:0", "--no-ui", "--home"]);
    second.arg(nicetap.home());
    let ended = process::run(&mut second, b"", PATIENCE);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("log cannot be used"),
        "{}",
        ended.stderr
    );
    // The same port is refused, too.
    let other = tempfile::tempdir().unwrap();
    let mut third = Command::new(env!("CARGO_BIN_EXE_nicetap"));
    third.args([
        "serve",
        "--no-ui",
        "--listen",
        &nicetap.addr().to_string(),
        "--home",
    ]);
    third.arg(other.path().join("home"));
    let ended = process::run(&mut third, b"", PATIENCE);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot listen"), "{}", ended.stderr);
    assert_eq!(nicetap.stop().of("start").len(), 1);
}

/// Calls without end on one connection; says which were answered.
fn load(mut client: RawClient, next: &AtomicUsize, answered: &Mutex<Vec<usize>>) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let named = check("").replace("example.com", &format!("n{number}.example"));
        let reply = client.send(named).and_then(|()| client.reply("GET"));
        let Ok(reply) = reply else { return };
        if reply.whole {
            answered.lock().unwrap().push(number);
        }
    }
}

#[test]
fn a_kill_under_load_loses_no_line_of_an_answered_request() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let options = || {
        Options::default()
            .connect_to(API, 443, origin.addr())
            .trust(&authority)
    };
    let (next, answered) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let mut home = tempfile::tempdir().unwrap();
    let rounds = sized(10, 200);
    for round in 1..=rounds {
        let nicetap = Nicetap::start(options().home(home));
        let trust = crate::stage::trust(&nicetap);
        let before = answered.lock().unwrap().len();
        home = std::thread::scope(|scope| {
            for _ in 0..4 {
                let client = RawClient::tunnel(nicetap.addr(), API, &trust).unwrap();
                let (next, answered) = (&next, &answered);
                scope.spawn(move || load(client, next, answered));
            }
            // Another moment each time.
            eventually("some load", || {
                (answered.lock().unwrap().len() > before + 13 * (1 + round % 10)).then_some(())
            });
            nicetap.kill().home
        });
    }
    // A start mends a torn last line, and says so.
    let stopped = Nicetap::start(options().home(home)).stop();
    let named: std::collections::HashSet<String> = stopped
        .of("request")
        .iter()
        .map(|record| text_of(&record["call"]["domains"][0]).to_owned())
        .collect();
    let answered = answered.into_inner().unwrap();
    say(&format!(
        "{rounds} kills, {} answered calls",
        answered.len()
    ));
    assert!(answered.len() > 13 * rounds);
    for number in answered {
        assert!(
            named.contains(&format!("n{number}.example")),
            "call {number}"
        );
    }
    assert_eq!(stopped.of("start").len(), rounds + 1);
    assert_eq!(stopped.of("stop").len(), 1);
    assert_eq!(stopped.records.last().unwrap()["event"], "stop");
}

/// Holds replies back until it is opened.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opens: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opens.notify_all();
    }

    fn pass(&self) {
        let is_open = self.is_open.lock().unwrap();
        let _ = self
            .opens
            .wait_timeout_while(is_open, PATIENCE, |open| !*open);
    }
}

/// Fifty calls that wait at the origin when the run is told to end.
fn fifty_slow_calls(
    end: impl FnOnce(&Nicetap, &Gate),
) -> (crate::support::nicetap::Stopped, usize) {
    let gate = Arc::new(Gate::default());
    let held = gate.clone();
    let stage = Stage::new(move |conversation| {
        while let Some(request) = conversation.request()? {
            held.pass();
            conversation.send(success(&request))?;
        }
        Ok(())
    });
    let Stage {
        origin,
        nicetap,
        trust,
        ..
    } = stage;
    let answered = AtomicUsize::new(0);
    let stopped = std::thread::scope(|scope| {
        for _ in 0..50 {
            let mut client = RawClient::tunnel(nicetap.addr(), API, &trust).unwrap();
            let answered = &answered;
            scope.spawn(move || {
                client.send(check("")).unwrap();
                if client.reply("GET").is_ok_and(|reply| reply.status() == 200) {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        origin.wait_for_requests(50);
        end(&nicetap, &gate);
        let stopped = nicetap.ended(PATIENCE);
        gate.open();
        stopped
    });
    let ids = |event: &str| {
        let mut ids: Vec<u64> = stopped
            .of(event)
            .iter()
            .map(|record| record["id"].as_u64().unwrap())
            .collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids("request").len(), 50);
    assert_eq!(ids("request"), ids("exchange"), "admitted = recorded");
    let stop = stopped.records.last().unwrap();
    assert_eq!(stop["event"], "stop", "{stop:#}");
    assert_eq!(stop["exchanges"], 50, "{stop:#}");
    assert_eq!(stop["not_recorded"], 0, "{stop:#}");
    (stopped, answered.into_inner())
}

#[test]
fn calls_under_way_come_to_their_end_when_it_stops() {
    let (_, answered) = fifty_slow_calls(|nicetap, gate| {
        nicetap.signal(Signal::INT);
        eventually("it waits", || {
            nicetap
                .console()
                .contains("waiting for calls")
                .then_some(())
        });
        gate.open();
    });
    assert_eq!(answered, 50);
}

#[test]
fn a_second_ctrl_c_cuts_calls_off_and_records_them() {
    let (stopped, answered) = fifty_slow_calls(|nicetap, _| {
        nicetap.signal(Signal::INT);
        eventually("it waits", || {
            nicetap
                .console()
                .contains("waiting for calls")
                .then_some(())
        });
        nicetap.signal(Signal::INT);
    });
    assert_eq!(answered, 0);
    for record in stopped.of("exchange") {
        assert_eq!(record["failure"]["stage"], "client", "{record:#}");
        assert_eq!(record["diagnosis"]["verdict"], "aborted", "{record:#}");
        let reason = text_of(&record["failure"]["reason"]);
        assert!(reason.contains("nicetap stopped before"), "{record:#}");
    }
}

#[test]
fn a_log_at_its_size_limit_does_not_end_the_traffic() {
    let stage = Stage::new(answering(success));
    let pid = Pid::from_raw(i32::try_from(stage.nicetap.pid()).unwrap());
    let limit = |current| {
        let limit = Rlimit {
            current,
            maximum: None,
        };
        prlimit(pid, Resource::Fsize, limit).unwrap();
    };
    let mut client = stage.client();
    let mut call = || {
        client.send(check("")).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200);
    };
    limit(Some(2000));
    for _ in 0..20 {
        call();
    }
    eventually("it says so", || {
        stage
            .nicetap
            .console()
            .contains("the log cannot be written")
            .then_some(())
    });
    limit(None);
    call();
    let stopped = stage.nicetap.stop();
    assert!(stopped.status.success(), "{}", stopped.console);
    let stop = stopped.records.last().unwrap();
    assert_eq!(stop["exchanges"], 21, "{stop:#}");
    let missing = 42 - stopped.of("request").len() - stopped.of("exchange").len();
    assert!(missing > 0);
    assert_eq!(stop["not_recorded"], missing, "{stop:#}");
    assert!(stopped.console.contains("the log is written again"));
}

#[test]
fn nothing_secret_is_left_after_all_kinds_of_calls() {
    let is_first = AtomicBool::new(true);
    let stage = Stage::new(move |conversation| -> io::Result<()> {
        while let Some(request) = conversation.request()? {
            if is_first.swap(false, Ordering::Relaxed) {
                conversation.reset();
                return Ok(());
            }
            conversation.send(success(&request))?;
        }
        Ok(())
    });
    for fields in ["", "X-Note: bad\n", "Host: another.example\r\n"] {
        let mut client = stage.client();
        client.send(check(fields)).unwrap();
        client.reply("GET").unwrap();
    }
    let secret = CREDENTIAL.split_once(':').unwrap().1;
    let stopped = stage.nicetap.stop();
    assert!(!stopped.console.contains(secret), "{}", stopped.console);
    let log = stopped.home.path().join("home/log/nicetap.jsonl");
    assert!(!std::fs::read_to_string(log).unwrap().contains(secret));
}
