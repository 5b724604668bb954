//! A clock that jumps, forwards and backwards: the real libfaketime moves it while nicetap serves. Records and
//! certificates follow it; limits, durations and the end of the run do not.
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::hostile::each_admitted_request_has_its_record;
use crate::stage::{CREDENTIAL, Stage, Told, check, text_of};
use crate::support::authority::{Authority, client_config};
use crate::support::nicetap::Options;
use crate::support::origin::{Conversation, RawOrigin, answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, process};

#[test]
fn a_jump_shows_in_the_times_of_the_record_and_nowhere_else() {
    let clock = Clock::right();
    let stage = clock.stage(answering(success), &[]);
    for (jump, seconds) in [
        ("+0", 0),
        ("+3h", 3 * HOUR),
        ("-3h", -3 * HOUR),
        // Later than the end of the leaf that was made before.
        ("+10d", 10 * DAY),
        ("+0", 0),
    ] {
        clock.jump(jump);
        // A client on the same machine: what it is shown must be valid by the same clock.
        let (status, record) = clock.curl(&stage);
        assert_eq!(status, "200", "{jump}");
        let off = seconds_off(&record) - seconds;
        assert!((-60..60).contains(&off), "{jump}: {off} s in {record:#}");
        let total = record["timing"]["total_ms"].as_f64().unwrap();
        assert!((0.0..60_000.0).contains(&total), "{jump}: {record:#}");
    }
    let stopped = stage.nicetap.stop();
    each_admitted_request_has_its_record(&stopped.records);
    let of_calls = stopped.of("exchange");
    assert_eq!(of_calls.len(), 5);
    assert!(
        of_calls
            .iter()
            .map(|record| record["id"].as_u64())
            .is_sorted(),
        "ids follow the order of the calls, not the clock"
    );
}

#[test]
fn limits_and_the_end_of_the_run_do_not_follow_the_clock() {
    let (answer, answers) = channel::<()>();
    let answers = Mutex::new(answers);
    let script = move |conversation: &mut Conversation| {
        while let Some(request) = conversation.request()? {
            if request.first_line().contains("slow") {
                let _ = answers.lock().unwrap().recv_timeout(PATIENCE);
            }
            conversation.send(success(&request))?;
        }
        Ok(())
    };
    let clock = Clock::right();
    let stage = clock.stage(script, &["--for", "1h", "--then", "exit"]);
    let mut slow = stage.client();
    slow.send(check("").replace("example.com", "slow.example"))
        .unwrap();
    stage.origin.wait_for_requests(1);
    // Each jump is farther than every limit; calls in between show that it has been seen.
    for jump in ["+2h", "-2h", "+0"] {
        clock.jump(jump);
        assert_eq!(clock.curl(&stage).0, "200", "{jump}");
    }
    answer.send(()).unwrap();
    assert_eq!(slow.reply("GET").unwrap().status(), 200);
    each_admitted_request_has_its_record(&stage.nicetap.stop().records);
}

#[test]
fn a_run_ends_in_its_time_though_the_clock_went_back() {
    let clock = Clock::right();
    let begun = Instant::now();
    let stage = clock.stage(answering(success), &["--for", "2s", "--then", "exit"]);
    clock.jump("-1d");
    let stopped = stage.nicetap.ended(PATIENCE);
    assert!(stopped.status.success(), "{}", stopped.console);
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

#[test]
fn where_the_clock_leaves_the_ca_behind_calls_pass_unread_and_come_back() {
    let clock = Clock::right();
    let stage = clock.stage(answering(success), &[]);
    let origins = client_config(&stage.authority.pem());
    for (count, jump) in ["+40d", "-2y"].into_iter().enumerate() {
        clock.jump(jump);
        let mut client = RawClient::tunnel(stage.nicetap.addr(), API, &origins).unwrap();
        client.send(check("")).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200, "{jump}");
        drop(client);
        let tunnels = stage
            .nicetap
            .wait_for_all("the tunnel", count + 1, |record| {
                record["event"] == "tunnel"
            });
        assert_eq!(tunnels[count]["why"], "expired", "{:#}", tunnels[count]);
    }
    clock.jump("+0");
    assert_eq!(clock.curl(&stage).0, "200");
    let stopped = stage.nicetap.stop();
    assert_eq!(stopped.of("exchange").len(), 1);
    assert!(
        stopped.console.contains("nicetap doctor"),
        "{}",
        stopped.console
    );
}

#[test]
fn a_server_is_judged_by_the_clock_and_the_answer_names_it() {
    let clock = Clock::right();
    let authority = Authority::new();
    let config = authority.identity_until(&[API], 2200).server_config();
    let origin = RawOrigin::with_tls(config, answering(success));
    let stage = Stage::before(authority, origin, |options| clock.moves(options));
    let ask = || {
        let mut client = RawClient::plain(stage.nicetap.addr());
        client.send(check("")).unwrap();
        client.reply("GET").unwrap()
    };
    assert_eq!(ask().status(), 200);
    clock.jump("+200y");
    let reply = ask();
    Told {
        status: 502,
        word: "tls_certificate_error",
        stage: "tls",
        verdict: "unreachable",
        reason: "expired on 2200-01-01T00:00:00.000Z (this machine's clock says 2",
    }
    .check_reply(&reply);
    clock.jump("+0");
    assert_eq!(ask().status(), 200);
    assert_eq!(stage.origin.requests().len(), 2);
    each_admitted_request_has_its_record(&stage.nicetap.stop().records);
}

/// The clock of one nicetap and its clients, moved by libfaketime.
struct Clock {
    folder: TempDir,
}

impl Clock {
    fn right() -> Self {
        let clock = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        clock.jump("+0");
        clock
    }

    /// Sets how far it is off. The file is replaced, so that nobody reads half of it.
    fn jump(&self, off: &str) {
        let new = self.folder.path().join("new");
        crate::support::write(&new, off);
        std::fs::rename(new, self.file()).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    fn variables(&self) -> [(&'static str, String); 6] {
        [
            ("LD_PRELOAD", library().display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            // As on a machine whose clock is set: what counts from its start goes on.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
        ]
    }

    fn moves(&self, options: Options) -> Options {
        self.variables()
            .iter()
            .fold(options, |options, (name, value)| options.env(name, value))
    }

    fn stage(
        &self,
        script: impl Fn(&mut Conversation) -> std::io::Result<()> + Send + Sync + 'static,
        arguments: &[&str],
    ) -> Stage {
        Stage::with(script, |options| {
            arguments
                .iter()
                .fold(self.moves(options), |options, it| options.argument(it))
        })
    }

    /// The status that curl, by the same clock, gets, and the record of its call.
    fn curl(&self, stage: &Stage) -> (String, Value) {
        let is_exchange = |record: &Value| record["event"] == "exchange";
        let before = stage.nicetap.records();
        let before = before.iter().filter(|record| is_exchange(record)).count();
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--output", "/dev/null"])
            .args(["--write-out", "%{http_code}"])
            .args(["--header", &format!("Authorization: {CREDENTIAL}")])
            .args(["--proxy", &format!("http://{}", stage.nicetap.addr())])
            .arg("--cacert")
            .arg(stage.nicetap.root_pem())
            .arg(format!("https://{API}/v2/?category=domain&action=check"))
            .envs(self.variables());
        let ended = process::run(&mut command, b"", PATIENCE);
        assert!(ended.status.success(), "{}", ended.stderr);
        let mut records = stage
            .nicetap
            .wait_for_all("the record", before + 1, is_exchange);
        let status = String::from_utf8_lossy(&ended.stdout).into_owned();
        (status, records.remove(before))
    }
}

/// How far the record's time is from the true one.
fn seconds_off(record: &Value) -> i64 {
    let time: Timestamp = text_of(&record["time"]).parse().unwrap();
    let now = Timestamp::try_from(SystemTime::now()).unwrap();
    time.as_second() - now.as_second()
}

fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap();
    folders
        .map(|folder| folder.unwrap().path().join("faketime/libfaketimeMT.so.1"))
        .find(|file| file.exists())
        .unwrap_or_else(|| panic!("no libfaketime; tests/run installs it"))
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
