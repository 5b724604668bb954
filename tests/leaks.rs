//! The leak matrix: through the built program, spellings and places of a secret × ways in which a call can go ×
//! doors through which text leaves. Each case has a secret of its own, so that no case is saved by an earlier one.
//!
//! The finder is `verify`'s, which shares no code with the redactor; halves of a secret count as leaks too.
#![expect(
    clippy::format_push_string,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::use_debug,
    reason = "a test reads its own files, says how much it did, and fails by panicking"
)]
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoders::ENCODERS;
use nicetap::verify::{Known, Search};
use serde_json::{Value, json};

use tap::{Origin, Tap, Way};

#[path = "support/encoders.rs"]
mod encoders;
#[path = "leaks/tap.rs"]
mod tap;

/// One call with a secret that no other call has.
#[derive(Clone, Debug)]
struct Case {
    name: String,
    secret: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<(&'static str, String)>,
    reason: String,
    reply_headers: Vec<(String, String)>,
    reply: (&'static str, Vec<u8>),
    /// Where in the reply's body it is cut, when it is.
    cut: usize,
}

impl Case {
    fn new(name: impl Into<String>, secret: &str) -> Self {
        let reply = br#"{"code":400,"msg":"Request parameter error","data":null}"#;
        Self {
            name: name.into(),
            secret: secret.to_owned(),
            target: "http://api.nicenic.net/v2/?category=domain&action=check&domains=a.example"
                .to_owned(),
            headers: Vec::new(),
            body: None,
            reason: "OK".to_owned(),
            reply_headers: Vec::new(),
            reply: ("application/json", reply.to_vec()),
            cut: 20,
        }
    }

    fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn query(mut self, more: &str) -> Self {
        self.target = format!("{}&{more}", self.target);
        self
    }

    fn body(mut self, content_type: &'static str, body: impl Into<String>) -> Self {
        self.body = Some((content_type, body.into()));
        self
    }

    fn reply_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.reply_headers.push((name.to_owned(), value.into()));
        self
    }

    fn reply(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.cut = body.len() / 2;
        self.reply = (content_type, body);
        self
    }

    fn request(&self, number: usize, defect: &str) -> Vec<u8> {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut head = format!(
            "{method} {} HTTP/1.1\r\nHost: api.nicenic.net\r\n{defect}X-Case: {number}\r\n",
            self.target
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let body = self.body.as_ref().map_or("", |(_, body)| body);
        if let Some((content_type, body)) = &self.body {
            head += &format!(
                "Content-Type: {content_type}\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        format!("{head}Connection: close\r\n\r\n{body}").into_bytes()
    }

    fn answer(&self) -> (Vec<u8>, &[u8]) {
        let (content_type, body) = &self.reply;
        let mut head = format!(
            "HTTP/1.1 200 {}\r\nContent-Type: {content_type}\r\n",
            self.reason
        );
        for (name, value) in &self.reply_headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!(
            "Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        (head.into_bytes(), body)
    }
}

/// Secrets that look like real ones; the same for each run.
struct Secrets(u64);

impl Secrets {
    fn next(&mut self, alphabet: &[char], length: usize) -> String {
        let mut draw = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            alphabet[usize::try_from(self.0 >> 33).unwrap() % alphabet.len()]
        };
        (0..length).map(|_| draw()).collect()
    }

    /// With characters that every encoding spells differently.
    fn odd(&mut self) -> String {
        let front = self.next(&LETTERS, 8);
        let middle = self.next(&ODD.chars().collect::<Vec<_>>(), 8);
        format!("{front}{middle}{}", self.next(&LETTERS, 8))
    }

    fn plain(&mut self) -> String {
        self.next(&LETTERS, 24)
    }
}

const ODD: &str = "/+=%&\"\\<ü😀7";
const LETTERS: [char; 48] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
    'x', 'y', 'z', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T',
    'U', 'V', 'W', 'X', 'Y', 'Z', '2', '5', '8', '9',
];

/// Every spelling of a credential, echoed by the client and by the origin.
fn spelt(secrets: &mut Secrets) -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, (spelling, encode)) in ENCODERS.into_iter().enumerate() {
        let secret = secrets.odd();
        let encoded = encode(&secret);
        if encoded.ends_with("\0skip") {
            continue;
        }
        let case = Case::new(format!("{spelling}, echoed"), &secret)
            .header("Authorization", format!("acme:{secret}"));
        let fits_a_head = encoded
            .bytes()
            .all(|byte| byte > b' ' && byte != 0x7f && byte != b'#');
        let as_json = json!({"category": "domain", "note": encoded}).to_string();
        let case = match (fits_a_head, at % 4) {
            (true, 0) => case.query(&format!("note={encoded}")),
            (true, 1) => case.header("Referer", format!("https://shop.example/{encoded}")),
            (true, 2) => case.reply_header("Server", format!("x/{encoded}")),
            _ => case.body("application/json", as_json),
        };
        let msg = json!({"code": 400, "msg": format!("bad {encoded} key")}).to_string();
        cases.push(match at % 3 {
            0 => case.reply("application/json", msg),
            1 => case.reply("text/html", format!("<p>cannot use {encoded} here</p>")),
            _ => case.reply("text/plain", format!("cannot use {encoded} here")),
        });
    }
    cases
}

/// Every place that is secret by itself.
fn placed(secrets: &mut Secrets) -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |name: &str, build: &dyn Fn(Case, &str) -> Case| {
        let secret = secrets.plain();
        all.push(build(Case::new(name, &secret), &secret));
    };
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    add("bearer", &|c, s| {
        c.header("Authorization", format!("Bearer {s}"))
    });
    add("basic", &|c, s| {
        c.header("Authorization", basic(format!("acme:{s}")))
    });
    add("unknown scheme", &|c, s| {
        c.header("Authorization", format!("Nice {s}"))
    });
    add("no colon", &|c, s| c.header("Authorization", s));
    add("blank for colon", &|c, s| {
        c.header("Authorization", format!("acme {s}"))
    });
    add("two credentials", &|c, s| {
        c.header("Authorization", "acme:one-other-secret")
            .header("Authorization", format!("acme:{s}"))
    });
    add("proxy credential", &|c, s| {
        c.header("Proxy-Authorization", basic(format!("p:{s}")))
    });
    add("misspelt field", &|c, s| {
        c.header("Authorisation", format!("acme:{s}"))
    });
    add("api key field", &|c, s| c.header("X-Api-Key", s));
    add("unknown field", &|c, s| c.header("X-Whatever", s));
    add("cookie", &|c, s| {
        c.header("Cookie", format!("a=1; PHPSESSID={s}; b=2"))
    });
    add("referer query", &|c, s| {
        c.header("Referer", format!("https://shop.example/?token={s}"))
    });
    for name in [
        "authcode",
        "password",
        "domainpwd",
        "userstr",
        "api_secret",
        "access_token",
        "key",
        "epp",
    ] {
        add(&format!("query {name}"), &|c, s| {
            c.query(&format!("{name}={s}"))
        });
    }
    add("url in a query", &|c, s| {
        c.query(&format!("back=https%3A%2F%2Fa.example%2F%3Ftoken%3D{s}"))
    });
    add("userinfo", &|mut c, s| {
        c.target = format!("http://acme:{s}@api.nicenic.net/v2/?category=domain");
        c
    });
    add("form", &|c, s| {
        c.body(
            "application/x-www-form-urlencoded",
            format!("a=1&password={s}&b=2"),
        )
    });
    add("nested form", &|c, s| {
        c.body(
            "application/x-www-form-urlencoded",
            format!("contact%5Bpassword%5D={s}"),
        )
    });
    add("json", &|c, s| {
        c.body(
            "application/json",
            json!({"a": {"b": [{"authcode": s}]}}).to_string(),
        )
    });
    add("json, as text", &|c, s| {
        c.body("text/plain", json!({"password": s}).to_string())
    });
    add("json list", &|c, s| {
        c.body("application/json", json!({"tokens": ["x", s]}).to_string())
    });
    add("json in json", &|c, s| {
        c.body(
            "application/json",
            json!({"x": json!({"password": s}).to_string()}).to_string(),
        )
    });
    add("broken json", &|c, s| {
        c.body("application/json", format!("{{'password': '{s}',"))
    });
    add("xml", &|c, s| {
        c.body("text/xml", format!("<a><password>{s}</password></a>"))
    });
    add("multipart", &|c, s| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{s}\r\n--b--\r\n"
        );
        c.body("multipart/form-data; boundary=b", body)
    });
    add("print_r", &|c, s| {
        c.body(
            "text/plain",
            format!("Array\n(\n    [password] => {s}\n)\n"),
        )
    });
    add("set-cookie", &|c, s| {
        c.reply_header("Set-Cookie", format!("sid={s}; Path=/; HttpOnly"))
    });
    add("location", &|c, s| {
        c.reply_header("Location", format!("https://a.example/?token={s}"))
    });
    add("unknown reply field", &|c, s| c.reply_header("X-Trace", s));
    add("reply json", &|c, s| {
        c.reply(
            "application/json",
            json!({"code": 0, "data": {"authcode": s}}).to_string(),
        )
    });
    add("reply xml", &|c, s| {
        c.reply("text/xml", format!("<r><epp_code>{s}</epp_code></r>"))
    });
    add("reply html", &|c, s| {
        c.reply("text/html", format!("<script>var token = '{s}';</script>"))
    });
    add("hidden input", &|c, s| {
        c.reply(
            "text/html",
            format!("<input type=\"hidden\" name=\"token\" value=\"{s}\">"),
        )
    });
    add("input, other order", &|c, s| {
        c.reply("text/html", format!("<input value='{s}' name='token' />"))
    });
    add("xml attribute", &|c, s| {
        c.reply("text/xml", format!("<param name=\"authcode\">{s}</param>"))
    });
    add("reason phrase", &|mut c, s| {
        c.reason = format!("no such {s}");
        c.header("Authorization", format!("acme:{s}"))
    });
    add("gzip", &|c, s| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed
            .write_all(json!({"data": {"password": s}}).to_string().as_bytes())
            .unwrap();
        c.reply_header("Content-Encoding", "gzip")
            .reply("application/json", packed.finish().unwrap())
    });
    add("deflate", &|c, s| {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(format!("echo of {s}").as_bytes()).unwrap();
        c.header("Authorization", format!("acme:{s}"))
            .reply_header("Content-Encoding", "deflate")
            .reply("text/plain", packed.finish().unwrap())
    });
    add("binary", &|c, s| {
        let body = [b"\0\x01\x02", s.as_bytes(), b"\0\xff"].concat();
        c.header("Authorization", format!("acme:{s}"))
            .reply("application/octet-stream", body)
    });
    add("unknown coding", &|c, s| {
        c.header("Authorization", format!("acme:{s}"))
            .reply_header("Content-Encoding", "zstd")
            .reply("text/plain", s)
    });
    add("user agent", &|c, s| {
        c.header("User-Agent", format!("whmcs/{s}"))
            .header("Authorization", format!("acme:{s}"))
    });
    add("category", &|mut c, s| {
        c.target =
            format!("http://api.nicenic.net/v2/?category={s}&action={s}&domains={s}.example");
        c.header("Authorization", format!("acme:{s}"))
    });
    all
}

/// Sends all cases on one way; says what leaked, and how many pairs of a case and a door were looked at.
fn run(way: Way) -> (Vec<String>, usize) {
    let mut secrets = Secrets(0x9e37_79b9 + way as u64 * 7919);
    let cases: Vec<Case> = spelt(&mut secrets)
        .into_iter()
        .chain(placed(&mut secrets))
        .collect();
    assert!(cases.len() >= 60, "{}", cases.len());
    let cases = Arc::new(cases);
    let tap = Tap::start(Origin::start(cases.clone(), way).addr, way);
    let defect = if way == Way::RefusedHead {
        "Bad Name: x\r\n"
    } else {
        ""
    };
    let (mut answers, mut notes, mut passed) = (Vec::new(), Vec::new(), 0);
    for (number, case) in cases.iter().enumerate() {
        let (head, _) = case.answer();
        let got = tap.send(
            &case.request(number, defect),
            way,
            head.len() / 2 + case.cut,
        );
        // What the origin answered belongs to the client; our own answers are a door, and so are our own fields.
        passed += usize::from(got.starts_with(b"HTTP/1.1 200 "));
        let head = got.split(|byte| *byte == b'\n');
        notes.extend(
            head.filter(|line| line.starts_with(b"Nicetap-Findings:"))
                .flatten(),
        );
        if got
            .windows(14)
            .any(|part| part.eq_ignore_ascii_case(b"proxy-status: "))
        {
            answers.extend(got);
            answers.push(b'\n');
        }
    }
    if way == Way::Panic {
        assert_eq!(passed, cases.len(), "traffic goes on");
    }
    let mut doors = tap.end(way);
    let is_answered = matches!(way, Way::RefusedHead | Way::UpstreamDown);
    assert_eq!(
        !answers.is_empty(),
        is_answered || !answers.is_empty(),
        "{way:?}"
    );
    doors.insert("own answers".to_owned(), answers);
    doors.insert("annotations".to_owned(), notes);
    check_log(&doors["home nicetap.jsonl"], cases.len(), way);
    let mut leaks = Vec::new();
    // Keys and certificates are no text of the wire; what is empty proves nothing.
    doors.retain(|door, content| {
        let is_key = [".pem", ".key", ".json"]
            .iter()
            .any(|end| door.ends_with(end));
        !is_key && !content.is_empty()
    });
    println!(
        "{way:?}: {}",
        doors.keys().cloned().collect::<Vec<_>>().join(" · ")
    );
    thread::scope(|scope| {
        let searches: Vec<_> = doors
            .iter()
            .map(|(door, content)| (door, scope.spawn(|| leaks_in(&cases, content))))
            .collect();
        for (door, search) in searches {
            let found = search.join().unwrap().into_iter();
            leaks.extend(found.map(|leak| format!("{way:?}, {door}: {leak}")));
        }
    });
    let is_in_reply_only = |case: &&Case| {
        let request = String::from_utf8_lossy(&case.request(0, "")).into_owned();
        leaks_in(std::slice::from_ref(*case), request.as_bytes()).is_empty()
    };
    let unsent = match way {
        Way::RefusedHead | Way::UpstreamDown => cases.iter().filter(is_in_reply_only).count(),
        Way::Good | Way::CutBody | Way::KillNine | Way::Panic => 0,
    };
    (leaks, (cases.len() - unsent) * doors.len())
}

fn leaks_in(cases: &[Case], content: &[u8]) -> Vec<String> {
    let known: Vec<Known> = cases
        .iter()
        .map(|case| Known {
            label: case.name.clone(),
            value: case.secret.as_bytes().to_vec().into(),
        })
        .collect();
    let search = Search::new(&known).unwrap();
    let report = search.lines(content).unwrap();
    let lines: Vec<&[u8]> = content.split(|byte| *byte == b'\n').collect();
    let mut leaks: Vec<String> = report
        .sightings
        .iter()
        .map(|seen| {
            let line = usize::try_from(seen.line).unwrap() - 1;
            let text = String::from_utf8_lossy(lines.get(line).copied().unwrap_or_default());
            format!("{}, {}: {text}", cases[seen.secret].name, seen.encoding)
        })
        .collect();
    // A part of a secret is a leak too.
    let text = String::from_utf8_lossy(content);
    for case in cases {
        let chars: Vec<char> = case.secret.chars().collect();
        for half in chars.chunks(chars.len() / 2) {
            let half: String = half.iter().collect();
            if half.chars().count() >= 8 && text.contains(&half) {
                leaks.push(format!("{}, a half: {half}", case.name));
            }
        }
    }
    leaks
}

/// Every line fits the schema, and every case has its lines.
fn check_log(log: &[u8], cases: usize, way: Way) {
    let schema = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/nicetap-log.schema.json"
    ))
    .unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut events: BTreeMap<String, usize> = BTreeMap::new();
    for line in String::from_utf8(log.to_vec()).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        if let Err(error) = validator.validate(&record) {
            panic!("{error}: {line}");
        }
        *events
            .entry(record["event"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    let count = |event: &str| events.get(event).copied().unwrap_or(0);
    let seen = match way {
        Way::RefusedHead => count("connection"),
        Way::KillNine => count("request") + count("connection"),
        _ => count("exchange") + count("connection"),
    };
    assert_eq!(seen, cases, "{way:?}: {events:?}");
}

fn check(way: Way) {
    let (leaks, size) = run(way);
    println!("{way:?}: {size} cells (cases whose secret was sent × doors that were searched)");
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[test]
fn nothing_leaks_when_all_goes_well() {
    check(Way::Good);
}

#[test]
fn nothing_leaks_when_the_head_is_refused() {
    check(Way::RefusedHead);
}

#[test]
fn nothing_leaks_when_the_origin_is_down() {
    check(Way::UpstreamDown);
}

#[test]
fn nothing_leaks_when_the_reply_is_cut_in_its_middle() {
    check(Way::CutBody);
}

#[test]
fn nothing_leaks_when_nicetap_is_killed() {
    check(Way::KillNine);
}

/// A debug build panics where it is told to (`NICETAP_STUMBLE`), with the wire's text in its message.
#[test]
#[cfg(debug_assertions)]
fn nothing_leaks_when_nicetap_panics_and_every_call_is_recorded_and_answered() {
    check(Way::Panic);
}

/// Secrets that could break a log, or hide behind another: the log stays sound, and shows none of them.
#[test]
fn odd_secrets_leave_the_log_sound() {
    let long: String = Secrets(77).next(&LETTERS, 200);
    let canaries = [
        r#"q/+=%&"\<ü😀Zk"#,
        "aB3$xZ",
        &long,
        "PrefixOfAnother-1",
        "PrefixOfAnother-1-and-more",
        "acmecorp",
        "exchange",
        "123456",
        "api_secret",
        "null",
        "\"},{\"",
    ];
    let cases: Vec<Case> = canaries
        .iter()
        .map(|secret| {
            let echo =
                json!({"code": 400, "msg": format!("bad <{secret}>"), "data": null}).to_string();
            let username = if *secret == "acmecorp" {
                secret
            } else {
                "acme"
            };
            Case::new(format!("canary {secret}"), secret)
                .header("Authorization", format!("{username}:{secret}"))
                .reply("application/json", echo)
        })
        .collect();
    let cases = Arc::new(cases);
    let tap = Tap::start(Origin::start(cases.clone(), Way::Good).addr, Way::Good);
    for (number, case) in cases.iter().enumerate() {
        tap.send(&case.request(number, ""), Way::Good, 0);
    }
    let doors = tap.end(Way::Good);
    check_log(&doors["home nicetap.jsonl"], cases.len(), Way::Good);
    let log = String::from_utf8(doors["home nicetap.jsonl"].clone()).unwrap();
    let exchanges: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|record: &Value| record["event"] == "exchange")
        .collect();
    for case in cases.iter() {
        let of_case = exchanges.iter().find(|record| {
            let number = cases
                .iter()
                .position(|have| have.name == case.name)
                .unwrap();
            record["id"].as_u64() == Some(number as u64 + 1)
        });
        let record = of_case.unwrap();
        let mark = record["call"]["credential"]["fingerprint"]
            .as_str()
            .unwrap();
        assert!(
            mark.starts_with("‹secret:api_secret#"),
            "{}: {mark}",
            case.name
        );
        let headers = record["request"]["headers"].as_array().unwrap();
        let sent = headers
            .iter()
            .find(|field| field[0] == "Authorization")
            .unwrap();
        let name = record["call"]["credential"]["username"].as_str().unwrap();
        assert_eq!(sent[1], format!("{name}:{mark}"), "{}", case.name);
        assert_eq!(record["response"]["envelope"]["code"], 400);
    }
    // Words that the log itself uses, and the user name, cannot be hidden; all others are nowhere.
    let words = [
        "acmecorp",
        "exchange",
        "123456",
        "api_secret",
        "null",
        "\"},{\"",
    ];
    let hidden: Vec<Case> = cases
        .iter()
        .filter(|case| !words.contains(&case.secret.as_str()))
        .cloned()
        .collect();
    for (door, content) in &doors {
        let leaks = leaks_in(&hidden, content);
        assert!(leaks.is_empty(), "{door}: {}", leaks.join("\n"));
    }
}
