//! Records as they stand in a log, for tests: each text can be replaced, each optional left out.
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use nicetap::clock::Time;
use nicetap::record::{
    AddressFamily, Addresses, Answer, AnswerBy, Body, Call, Cause, Client, ClientKind,
    ComparedWith, Confidence, Connection, ConnectionStage, Credential, Diagnosis, Egress,
    EgressNews, Envelope, Environment, Event, Exchange, Failure, Finding, Logged, Notice, Public,
    RawText, Record, Redaction, RedactionMode, Request, RequestHead, Response, Risk, Severity,
    Stage, Start, Stop, Timing, Tunnel, TunnelBytes, TunnelEgress, TunnelWhy, VERSION, Verdict,
    Via, Whitelist, Who, Word,
};

/// Makes the parts of records.
#[derive(Clone, Copy, Default)]
pub(crate) struct Maker {
    /// Stands in place of every text.
    pub(crate) text: Option<&'static str>,
    /// Whether all optional parts are left out.
    pub(crate) is_bare: bool,
}

/// 12:01:07.412 on the day of all samples, UTC.
pub(crate) const NOON: i64 = 1_795_521_667_412;

pub(crate) fn time(later: i64) -> Time {
    Time::from_millis(NOON + later)
}

pub(crate) fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

impl Maker {
    pub(crate) fn text(&self, text: &str) -> Logged {
        Logged(self.text.unwrap_or(text).to_owned())
    }

    pub(crate) fn word(&self, word: &'static str) -> Word {
        Cow::Borrowed(self.text.unwrap_or(word))
    }

    pub(crate) fn opt<T>(&self, value: T) -> Option<T> {
        (!self.is_bare).then_some(value)
    }

    pub(crate) fn list<T, const N: usize>(&self, values: [T; N]) -> Vec<T> {
        if self.is_bare {
            Vec::new()
        } else {
            values.into()
        }
    }

    /// One record of each kind, in the order of a run.
    pub(crate) fn all(&self) -> Vec<Record<Logged>> {
        vec![
            Record::Start(Box::new(self.start())),
            Record::Request(Box::new(self.notice())),
            Record::Exchange(Box::new(self.exchange())),
            Record::Tunnel(Box::new(self.tunnel())),
            Record::Connection(Box::new(self.connection())),
            Record::Stop(Box::new(self.stop())),
            Record::Egress(Box::new(self.egress_news())),
        ]
    }

    pub(crate) fn start(&self) -> Start<Logged> {
        Start {
            v: VERSION,
            event: Event::Start,
            time: time(-10_000),
            version: self.word("0.1.0"),
            listen: vec![addr("127.0.0.1:8899")],
            ui: self.opt(addr("[::1]:8900")),
            home: self.text("/var/lib/nicetap"),
            log: self.opt(self.text("/var/lib/nicetap/log/nicetap.jsonl")),
            ca: self.opt(self.text("/etc/nicetap/root.pem")),
            intercept: self.list([self.text("nicenic.net"), self.text("nicenic.com")]),
            whitelist: self.list([self.text("198.51.100.0/24")]),
            guard: self.word("warn"),
            expect: self.opt(self.word("sandbox")),
            ends: self.opt(time(28_800_000)),
            redaction: RedactionMode {
                pii: self.word("shape"),
                fingerprints: self.word("install"),
                username: self.word("show"),
            },
        }
    }

    pub(crate) fn notice(&self) -> Notice<Logged> {
        Notice {
            v: VERSION,
            event: Event::Request,
            time: time(0),
            id: 7,
            client: self.client().into(),
            request: RequestHead {
                method: self.text("GET"),
                url: self.text(URL),
                http: self.word("HTTP/1.1"),
                headers: self.list([self.header()]).into(),
            },
            call: self.call().into(),
            findings: self.list([self.scheme_word()]),
        }
    }

    pub(crate) fn exchange(&self) -> Exchange<Logged> {
        Exchange {
            v: VERSION,
            event: Event::Exchange,
            time: time(243),
            id: 7,
            client: self.client().into(),
            request: Request {
                method: self.text("GET"),
                url: self.text(URL),
                http: self.word("HTTP/1.1"),
                headers: self.list([self.header()]).into(),
                body: self.opt(Body {
                    size: 70_000,
                    captured: 65_536,
                    truncated: true,
                    content_type: None,
                    text: None,
                    shape: Some(self.text("gzip")),
                }),
                head_bytes: 214,
            },
            call: self.call().into(),
            findings: self.list([self.scheme_word()]),
            egress: self.egress(),
            response: self.opt(self.response()),
            answer: Answer {
                by: AnswerBy::Origin,
                status: self.opt(200),
            },
            failure: None,
            diagnosis: self.diagnosis(),
            timing: Timing {
                dns_ms: self.opt(1.25),
                connect_ms: self.opt(12.5),
                tls_ms: self.opt(31.0),
                wait_ms: self.opt(190.125),
                receive_ms: self.opt(0.5),
                total_ms: 243.0,
            },
            fidelity: self.list([self.word("removed Proxy-Connection")]),
            redaction: Redaction {
                masked: u64::from(!self.is_bare),
                rules: self.list([self.word("authorization")]),
            },
        }
    }

    pub(crate) fn tunnel(&self) -> Tunnel<Logged> {
        Tunnel {
            v: VERSION,
            event: Event::Tunnel,
            time: time(2_000),
            id: 9,
            client: self.client(),
            host: self.text("example.com"),
            port: 443,
            why: TunnelWhy::Scope,
            egress: TunnelEgress {
                local: self.opt(addr("10.0.0.5:40123")),
                peer: self.opt(addr("192.0.2.80:443")),
                family: self.opt(AddressFamily::V4),
            },
            bytes: TunnelBytes {
                up: 1_210,
                down: 5_300_000,
            },
            duration_ms: 12_340.5,
            end: "client".into(),
            failure: None,
            findings: self.list([self.look_alike()]),
        }
    }

    pub(crate) fn connection(&self) -> Connection<Logged> {
        Connection {
            v: VERSION,
            event: Event::Connection,
            time: time(3_000),
            id: 10,
            client: Client {
                via: None,
                ..self.client()
            },
            host: self.opt(self.text("api.nicenic.net")),
            stage: ConnectionStage::Head,
            reason: self.text("a line of the head ends with a bare line feed"),
            raw: self.opt(RawText {
                text: self.text("GET / HTTP/1.1\\x0aHost: api.nicenic.net"),
                bytes: 37,
                truncated: false,
            }),
            answered: self.opt(400),
            findings: self.list([self.bare_line_feed()]),
        }
    }

    pub(crate) fn egress_news(&self) -> EgressNews<Logged> {
        EgressNews {
            v: VERSION,
            event: Event::Egress,
            time: time(4_000),
            public: self.egress().public,
            changed_from: self.opt(Addresses {
                v4: Some("203.0.113.8".parse().unwrap()),
                v6: None,
            }),
            why: self.word("refusal"),
            unanswered: self
                .list([self.text("echo-c.example over IPv6: answered with status 503")]),
        }
    }

    pub(crate) fn stop(&self) -> Stop {
        let findings = [("N102", 3), ("N301", 1)].map(|(code, count)| (self.word(code), count));
        Stop {
            v: VERSION,
            event: Event::Stop,
            time: time(60_000),
            exchanges: 12,
            tunnels: 3,
            connections: 1,
            findings: BTreeMap::from_iter(self.list(findings)),
            hidden: BTreeMap::from_iter(self.list([(self.word("N302"), 4)])),
            verdicts: BTreeMap::from_iter(self.list([
                (Verdict::Ok, 9),
                (Verdict::Refused, 2),
                (Verdict::Held, 1),
            ])),
            not_recorded: u64::from(!self.is_bare),
            late_lines: u64::from(!self.is_bare) * 2,
            undo: self.list([self.word("nicetap setup php-fpm --undo")]),
        }
    }

    pub(crate) fn client(&self) -> Client<Logged> {
        Client {
            addr: addr("127.0.0.1:51234"),
            user_agent: self.opt(self.text("WHMCS/8.10")),
            via: self.opt(Via::Connect),
            uid: self.opt(33),
            user: self.opt(self.text("www-data")),
            pid: self.opt(812),
            process: self.opt(self.text("php-fpm pool www")),
            kind: self.opt(ClientKind::Fpm),
        }
    }

    pub(crate) fn call(&self) -> Call<Logged> {
        Call {
            environment: Environment::Production,
            category: self.opt(self.text("domain")),
            action: self.opt(self.text("check")),
            risk: Risk::Read,
            domains: self.list([self.text("example.com"), self.text("example.net")]),
            credential: self.opt(Credential {
                username: self.text("demo"),
                fingerprint: self.text("‹secret:api_secret#k3f9q2·24›"),
                is: self.opt(self.word("login")),
                differs: self.opt(self.word("one more space at the end")),
            }),
        }
    }

    pub(crate) fn egress(&self) -> Egress<Logged> {
        Egress {
            local: self.opt(addr("10.0.0.5:40122")),
            peer: self.opt(addr("203.0.113.1:443")),
            family: self.opt(AddressFamily::V4),
            chosen_by: self.word("nicetap"),
            public: self.opt(Public {
                v4: self.opt("203.0.113.9".parse().unwrap()),
                v6: self.opt("2001:db8::9".parse().unwrap()),
                at: time(-9_000),
                seen_by: vec![self.text("echo-a.example"), self.text("echo-b.example")],
                others: Vec::new(),
            }),
            whitelisted: self.opt(false),
            whitelist: Whitelist {
                inside: self.list([self.text("198.51.100.7")]),
                outside: self.list([self.text("203.0.113.9")]),
            },
        }
    }

    pub(crate) fn response(&self) -> Response<Logged> {
        Response {
            status: 200,
            http: self.word("HTTP/1.1"),
            headers: self.list([(self.text("Server"), self.text("nginx"))]),
            body: self.opt(Body {
                size: 52,
                captured: 52,
                truncated: false,
                content_type: Some(self.text("application/json; charset=utf-8")),
                text: Some(self.text("{\"code\":400,\"msg\":\"Request parameter error\"}")),
                shape: None,
            }),
            envelope: self.opt(Envelope {
                code: 400,
                msg: self.text("Request parameter error"),
            }),
            informational: self.list([100]),
        }
    }

    pub(crate) fn diagnosis(&self) -> Diagnosis<Logged> {
        Diagnosis {
            verdict: Verdict::Rejected,
            causes: self.list([
                self.cause("2", "the Authorization header is wrong", Confidence::Likely),
                self.cause("4", "the outbound IP differs", Confidence::May),
            ]),
            compared_with: None,
        }
    }

    pub(crate) fn compared_with(&self) -> ComparedWith<Logged> {
        ComparedWith {
            id: 3,
            differences: vec![self.text("another secret"), self.text("another action")],
        }
    }

    pub(crate) fn failure(&self, stage: Stage) -> Failure<Logged> {
        Failure {
            stage,
            reason: self.text("connection refused by 203.0.113.1:443"),
            reused: false,
        }
    }

    pub(crate) fn scheme_word(&self) -> Finding<Logged> {
        Finding {
            code: self.word("N102"),
            name: self.word("scheme-word"),
            severity: Severity::Error,
            confidence: Confidence::Is,
            at: self.text("header Authorization"),
            seen: self.text("Basic ‹secret:authorization#k3f9q2·24›"),
            want: self.text("username:api_secret, nothing in front"),
            fix: self.text("set the header yourself instead of using the client's auth option"),
            cause: self.opt(self.word("2")),
        }
    }

    pub(crate) fn look_alike(&self) -> Finding<Logged> {
        Finding {
            code: self.word("N201"),
            name: self.word("unknown-host"),
            severity: Severity::Warn,
            confidence: Confidence::Likely,
            at: self.text("host"),
            seen: self.text("example.com"),
            want: self.text("api.nicenic.net or sandbox-api.nicenic.net"),
            fix: self.text("use the host of the documentation"),
            cause: None,
        }
    }

    pub(crate) fn bare_line_feed(&self) -> Finding<Logged> {
        Finding {
            code: self.word("N701"),
            name: self.word("bare-line-feed"),
            severity: Severity::Error,
            confidence: Confidence::Is,
            at: self.text("head line 1"),
            seen: self.text("a line feed without a carriage return"),
            want: self.text("both"),
            fix: self.text("let an HTTP library write the head"),
            cause: None,
        }
    }

    fn cause(&self, cause: &'static str, title: &'static str, sure: Confidence) -> Cause<Logged> {
        Cause {
            cause: self.word(cause),
            title: self.word(title),
            who: Who::You,
            likelihood: sure,
            evidence_for: vec![self.text("N102 in this request")],
            evidence_against: vec![self.text("the same secret worked in #3")],
            fix: self.text("send username:api_secret and nothing else"),
        }
    }

    fn header(&self) -> (Logged, Logged) {
        let value = self.text("Basic ‹secret:authorization#k3f9q2·24›");
        (self.text("Authorization"), value)
    }
}

const URL: &str = "https://api.nicenic.net/v2/?category=domain&action=check&domains=example.com";
