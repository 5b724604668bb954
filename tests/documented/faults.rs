//! Each cause of NiceNIC's article, and each documented code, staged with a real curl: its finding is there, its cause
//! stands first, and the fix says what to do.
use serde_json::Value;

use crate::support::API;
use crate::support::authority::Authority;
use crate::support::client::{Call, Client, Way};
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, reply};
use crate::support::write;
use crate::{flagged, is_exchange};

/// A mistake, and what must be said of it: a line of `faults.tsv`.
struct Fault {
    line: &'static str,
    code: &'static str,
    first: &'static str,
    fix: &'static str,
    call: Call,
}

#[test]
fn each_documented_mistake_is_named_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credential");
    write(&file, RIGHT);
    let options = Options::default().argument("--mock");
    let options = options.argument("--credential-file");
    let nicetap = Nicetap::start(options.argument(file.to_str().unwrap()));
    let lines = include_str!("faults.tsv").lines();
    let faults: Vec<_> = lines
        .filter(|line| !line.starts_with('#'))
        .map(Fault::read)
        .collect();
    assert_eq!(faults.len(), 46);
    let calls: Vec<_> = faults.iter().map(|fault| fault.call.clone()).collect();
    let records = records_of(&nicetap, &calls);
    let missed = faults
        .iter()
        .zip(&records)
        .filter_map(|(fault, record)| fault.missed(record));
    let missed: Vec<_> = missed.collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    // What WHMCS sends has a cause of its own besides.
    let last = causes(records.last().unwrap());
    assert!(last.iter().any(|cause| cause["cause"] == "8"), "{last:#?}");
}

impl Fault {
    fn read(line: &'static str) -> Self {
        let mut columns = line.split('\t');
        let [code, first, fix, login] = [(); 4].map(|()| columns.next().unwrap());
        let fields = columns.next().unwrap_or("Content-Type: application/json");
        let mut call = Call::get(columns.next().unwrap_or(CHECK));
        call.headers.clear();
        if login != "-" {
            call = call.header("Authorization", &login.replace("\\u{feff}", "\u{feff}"));
        }
        for field in fields.split("; ").filter(|fields| *fields != "-") {
            let (name, value) = field.split_once(": ").unwrap();
            call = call.header(name, value);
        }
        if let Some(body) = columns.next() {
            call.method = "POST";
            call.body = Some(body.into());
        }
        Self {
            line,
            code,
            first,
            fix,
            call,
        }
    }

    /// What was not said of it as it should be.
    fn missed(&self, record: &Value) -> Option<String> {
        let Self {
            line,
            code,
            first,
            fix,
            ..
        } = self;
        let causes = causes(record);
        if causes.first().is_none_or(|cause| cause["cause"] != *first) {
            return Some(format!("{line}: not first, but {causes:#?}"));
        }
        let mut told = &causes[0]["fix"];
        if *code != "-" {
            let mut findings = record["findings"].as_array().unwrap().iter();
            let Some(found) = findings.find(|finding| finding["code"] == *code) else {
                return Some(format!("{line}: not found, but {}", record["findings"]));
            };
            told = &found["fix"];
        }
        let is_told = told.as_str().unwrap().contains(fix);
        (!is_told).then(|| format!("{line}: the fix is {told}"))
    }
}

/// What the mock never says, and whether the outbound address is known and not in the list. The texts are guesses: what
/// counts is the kind of words.
const SAID: [(&str, bool, &str, &str); 6] = [
    // Causes 3 and 4: the address.
    (
        "403 IP address is not in the whitelist",
        true,
        "3",
        "enter 203.0.113.9 at NiceNIC",
    ),
    (
        "400 Request parameter error",
        true,
        "4",
        "enter 203.0.113.9 at NiceNIC",
    ),
    (
        "403 IP address is not in the whitelist",
        false,
        "3",
        "IP whitelist",
    ),
    // Cause 5.
    (
        "403 Permission denied: not a reseller",
        false,
        "5",
        "Reseller, API Settings",
    ),
    ("402 Insufficient balance", true, "balance", "balance"),
    ("429 Too many requests", false, "rate", "less often"),
];

#[test]
fn each_documented_refusal_is_traced_to_its_cause() {
    let authority = Authority::new();
    let api = RawOrigin::tls(
        &authority,
        &[API],
        answering(|request| {
            let said = request.field("x-say").unwrap();
            let (code, msg) = said.split_once(' ').unwrap();
            let body = format!("{{\"code\":{code},\"msg\":\"{msg}\",\"data\":null}}");
            reply(
                "200 OK",
                "Content-Type: application/json\r\n",
                body.as_bytes(),
            )
        }),
    );
    let echo = RawOrigin::plain(answering(|_| reply("200 OK", "", b"203.0.113.9")));
    let before = || {
        Options::default()
            .connect_to(API, 443, api.addr())
            .trust(&authority)
    };
    let blind = Nicetap::start(before());
    let options = before().argument("-4").argument("--whitelist");
    let url = format!("http://{}/", echo.addr());
    let options = options
        .argument("198.51.100.4")
        .env("NICETAP_EGRESS_PROBE", &url);
    let seeing = Nicetap::start(options);
    seeing.wait_for("the outbound address", |record| record["event"] == "egress");
    for (sees, nicetap) in [(false, &blind), (true, &seeing)] {
        let said: Vec<_> = SAID.iter().filter(|row| row.1 == sees).collect();
        let calls: Vec<_> = said
            .iter()
            .map(|row| sound(CHECK).header("X-Say", row.0))
            .collect();
        for ((said, _, first, fix), record) in said.iter().zip(records_of(nicetap, &calls)) {
            let found = &causes(&record)[0];
            assert_eq!(found["cause"], *first, "{said}: {record:#}");
            assert!(
                found["fix"].as_str().unwrap().contains(fix),
                "{said}: {found:#}"
            );
        }
    }
}

/// Cause 1, where the user has told nicetap what the secrets are.
#[test]
fn the_login_password_in_place_of_the_api_password_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::default().argument("--mock");
    for (option, name, content) in [
        ("--credential-file", "right", RIGHT),
        ("--know", "login", "my-login-password"),
        ("--know", "api", "S3cr3t-K9f2Lm8Qw4Zx"),
        ("--know", "sandbox", "Sandb0x-77-secret"),
    ] {
        let file = folder.path().join(name);
        write(&file, content);
        let file = file.to_str().unwrap();
        let label = if option == "--know" {
            format!("{name}={file}")
        } else {
            file.to_owned()
        };
        options = options.argument(option).argument(&label);
    }
    let nicetap = Nicetap::start(options);
    let faults = [
        (
            "alice7:my-login-password",
            "1",
            "the secret is the login password",
        ),
        ("alice7:S3cr3t-K9f2Lm8Qw4ZX", "1", "in another case"),
        (
            "alice7:Sandb0x-77-secret",
            "environment",
            "the sandbox's secret was sent to production",
        ),
        // The secret is right, so that it is not the first to look at.
        (
            "alice:S3cr3t-K9f2Lm8Qw4Zx",
            "3",
            "the outbound IP is not known",
        ),
        (RIGHT, "", ""),
        (
            "alice:S3cr3t-K9f2Lm8Qw4Zx",
            "2",
            "worked with the user name alice7",
        ),
    ];
    let calls = faults.map(|(login, ..)| sent_by(login));
    for ((login, first, evidence), record) in faults.iter().zip(records_of(&nicetap, &calls)) {
        let found = causes(&record);
        if first.is_empty() {
            assert!(found.is_empty() && flagged(&record, &["error", "warn"]).is_empty());
            continue;
        }
        assert_eq!(found[0]["cause"], *first, "{login}: {record:#}");
        assert!(
            found[0]["evidence_for"].to_string().contains(evidence),
            "{login}: {record:#}"
        );
    }
}

/// Replies that no documentation shows, and the codes that it does.
#[test]
fn what_a_reply_says_is_told_whatever_its_form() {
    let nicetap = Nicetap::start(Options::default().argument("--mock"));
    let odd = |switch: &str| sound(CHECK).header("Mock-Answer", switch);
    let calls = [
        odd("invalid-json"),
        odd("html"),
        odd("cut"),
        odd("status=503"),
        odd("status=302"),
        odd("pending"),
        sound("/v2/?category=domain&action=check&domains=no..dot,example.com"),
        sound("/v2/?category=domain&action=domain_list"),
    ];
    let told = records_of(&nicetap, &calls).into_iter().map(|record| {
        let first = causes(&record)
            .first()
            .map(|cause| cause["cause"].as_str().unwrap().to_owned());
        let verdict = record["diagnosis"]["verdict"].as_str().unwrap().to_owned();
        let worst = record["findings"][0]["code"]
            .as_str()
            .unwrap_or("-")
            .to_owned();
        format!("{verdict} {worst} {}", first.unwrap_or_default())
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "failed N404 server",
            "failed N405 between",
            "failed N406 broken",
            "failed N413 server",
            "failed N408 6",
            "pending N403 ",
            "ok N416 ",
            "ok - ",
        ]
    );
}

/// All of one curl, so that they are recorded in their order.
fn records_of(nicetap: &Nicetap, calls: &[Call]) -> Vec<Value> {
    let root = nicetap.root_pem();
    Client::Curl.make(Way::Connect(nicetap.addr(), &root), calls);
    let records = nicetap.wait_for_all("the calls' records", calls.len(), is_exchange);
    assert_eq!(records.len(), calls.len());
    records
}

fn sound(path: &str) -> Call {
    let mut call = Call::get(path).header("Content-Type", "application/json");
    RIGHT.clone_into(&mut call.headers[0].1);
    call
}

fn sent_by(login: &str) -> Call {
    let mut call = sound(CHECK);
    login.clone_into(&mut call.headers[0].1);
    call
}

fn causes(record: &Value) -> Vec<Value> {
    record["diagnosis"]["causes"].as_array().unwrap().clone()
}

const RIGHT: &str = "alice7:S3cr3t-K9f2Lm8Qw4Zx";
const CHECK: &str = "/v2/?category=domain&action=check&domains=example.com";
