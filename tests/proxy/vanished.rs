//! A server that vanishes after it has accepted: no end, no reset, no answer to any packet. It is nft that drops them,
//! in a network that the test has for itself.
use std::process::Command;

use crate::hostile::each_admitted_request_has_its_record;
use crate::stage::{Stage, Told, check, text_of};
use crate::support::authority::Authority;
use crate::support::origin::{Conversation, RawOrigin, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, process, say};

#[test]
fn a_server_that_vanishes_is_given_up_at_every_stage() {
    alone(
        "vanished::a_server_that_vanishes_is_given_up_at_every_stage",
        || {
            let authority = Authority::new();
            let origin = RawOrigin::tls(&authority, &[API], script);
            let addr = origin.addr();
            let stage = Stage::before(authority, origin, |options| {
                let options = options.argument("--reply-timeout").argument("1s");
                let options = options.connect_to("shop.example", 443, addr);
                // Minutes are seconds.
                options.env("NICETAP_HURRY", "60")
            });
            let ask = |client: &mut RawClient, what: &str| {
                client.send(check("").replace("example.com", what)).unwrap();
            };
            let (mut kept, mut half, mut silent) = (stage.client(), stage.client(), stage.client());
            ask(&mut kept, "good.example");
            assert_eq!(kept.reply("GET").unwrap().status(), 200);
            ask(&mut half, "half.example");
            assert_eq!(half.head().unwrap().status(), 200);
            ask(&mut silent, "silent.example");
            let mut tunnel = RawClient::plain(stage.nicetap.addr());
            assert_eq!(tunnel.connect("shop.example:443").unwrap().status(), 200);
            stage.origin.wait_for_requests(3);

            let wall = Wall::before(addr.port());
            ask(&mut kept, "good.example");
            for (client, reused) in [(&mut silent, false), (&mut kept, true)] {
                let told = Told {
                    status: 504,
                    word: "http_response_timeout",
                    stage: "receive",
                    verdict: "failed",
                    reason: "no reply within 1 s",
                };
                told.check_reply(&client.reply("GET").unwrap());
                let count = 1 + usize::from(reused);
                let record = stage.exchanges_of(client, count).pop().unwrap();
                assert_eq!(record["failure"]["reused"], reused, "{record:#}");
            }
            assert_ne!(half.read_some().ok(), Some(b"half ".to_vec()));
            let record = stage.exchange_of(&half);
            assert_eq!(record["failure"]["stage"], "receive", "{record:#}");
            let reason = text_of(&record["failure"]["reason"]);
            assert!(reason.contains("120 s"), "{record:#}");
            // Nothing is sent through it, and yet it is noticed.
            let record = stage.record_of("tunnel", &tunnel);
            assert_eq!(record["end"], "error", "{record:#}");

            drop(wall);
            let (reply, _) = stage.ask(check(""));
            assert_eq!(reply.status(), 200);
            drop((kept, half, silent, tunnel));
            each_admitted_request_has_its_record(&stage.nicetap.stop().records);
        },
    );
}

fn script(conversation: &mut Conversation) -> std::io::Result<()> {
    while let Some(request) = conversation.request()? {
        if request.first_line().contains("half") {
            conversation.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ")?;
        } else if !request.first_line().contains("silent") {
            conversation.send(success(&request))?;
        }
    }
    Ok(())
}

/// Drops what goes to or comes from a port.
struct Wall;

impl Wall {
    fn before(port: u16) -> Self {
        nft("add table inet wall");
        nft("add chain inet wall out { type filter hook output priority 0 ; }");
        nft(&format!("add rule inet wall out tcp dport {port} drop"));
        nft(&format!("add rule inet wall out tcp sport {port} drop"));
        Self
    }
}

impl Drop for Wall {
    fn drop(&mut self) {
        nft("delete table inet wall");
    }
}

fn nft(words: &str) {
    process::run(Command::new("nft").arg(words), b"", PATIENCE).success(words);
}

/// Plays a test of this name in a network of its own; not where that cannot be had.
fn alone(name: &str, play: impl FnOnce()) {
    if std::env::var_os(IS_ALONE).is_some() {
        return play();
    }
    let in_network = |command: &mut Command| {
        let script = "ip link set lo up && nft add table inet trial && exec \"$0\" \"$@\"";
        command.args(["--net", "sh", "-c", script]);
    };
    let mut trial = Command::new("unshare");
    in_network(&mut trial);
    let trial = process::run(trial.arg("true"), b"", PATIENCE);
    if !trial.status.success() {
        return say(&format!("not tried here: {}", trial.stderr));
    }
    let mut again = Command::new("unshare");
    in_network(&mut again);
    again
        .arg(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(IS_ALONE, "1");
    let stdout = process::run(&mut again, b"", 3 * PATIENCE).success(name);
    let stdout = String::from_utf8_lossy(&stdout);
    assert!(stdout.contains("1 passed"), "{stdout}");
}

const IS_ALONE: &str = "NICETAP_TEST_IS_ALONE";
