//! An origin, a `nicetap` before it, and a client's way in.
use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use serde_json::Value;

use crate::support::API;
use crate::support::authority::{Authority, client_config};
use crate::support::message::Message;
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{Conversation, RawOrigin};
use crate::support::raw::RawClient;

/// What most tests stand on.
pub(crate) struct Stage {
    pub(crate) authority: Authority,
    pub(crate) origin: RawOrigin,
    pub(crate) nicetap: Nicetap,
    pub(crate) trust: Arc<ClientConfig>,
}

impl Stage {
    /// A TLS origin with this script stands for the API.
    pub(crate) fn new(
        script: impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::with(script, |options| options)
    }

    /// The same, started with more options.
    pub(crate) fn with(
        script: impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static,
        more: impl FnOnce(Options) -> Options,
    ) -> Self {
        let authority = Authority::new();
        let origin = RawOrigin::tls(&authority, &[API], script);
        Self::before(authority, origin, more)
    }

    /// `nicetap` before an origin of its own kind.
    pub(crate) fn before(
        authority: Authority,
        origin: RawOrigin,
        more: impl FnOnce(Options) -> Options,
    ) -> Self {
        let options = Options::default()
            .connect_to(API, 443, origin.addr())
            .connect_to(API, 80, origin.addr())
            .trust(&authority);
        let nicetap = Nicetap::start(more(options));
        let trust = trust(&nicetap);
        Self {
            authority,
            origin,
            nicetap,
            trust,
        }
    }

    /// A client inside a CONNECT to the API.
    pub(crate) fn client(&self) -> RawClient {
        RawClient::tunnel(self.nicetap.addr(), API, &self.trust).unwrap()
    }

    /// Sends these bytes on a connection of their own; returns the reply, and the record of its exchange.
    pub(crate) fn ask(&self, request: impl AsRef<[u8]>) -> (Message, Value) {
        let mut client = self.client();
        client.send(request).unwrap();
        let reply = client.reply("GET").unwrap();
        (reply, self.exchange_of(&client))
    }

    /// The record of the client's exchange.
    pub(crate) fn exchange_of(&self, client: &RawClient) -> Value {
        self.exchanges_of(client, 1).remove(0)
    }

    /// The records of the client's exchanges, once there are so many.
    pub(crate) fn exchanges_of(&self, client: &RawClient, count: usize) -> Vec<Value> {
        let local = client.local().to_string();
        self.nicetap
            .wait_for_all("the client's exchange records", count, |record| {
                record["event"] == "exchange" && record["client"]["addr"] == *local
            })
    }

    /// The record of this kind that the client left.
    pub(crate) fn record_of(&self, event: &str, client: &RawClient) -> Value {
        let local = client.local().to_string();
        self.nicetap
            .wait_for(&format!("a {event} record"), |record| {
                record["event"] == event && record["client"]["addr"] == *local
            })
    }
}

/// A client that trusts this run's root.
pub(crate) fn trust(nicetap: &Nicetap) -> Arc<ClientConfig> {
    client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap())
}

/// A call that only reads, with these field lines more (each with its CRLF).
pub(crate) fn check(fields: &str) -> String {
    format!(
        "GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\nHost: {API}\r\n\
         Authorization: {CREDENTIAL}\r\nContent-Type: application/json\r\n{fields}\r\n"
    )
}

/// A call that costs money.
pub(crate) fn register() -> String {
    check("").replace("action=check&domains=", "action=register&domain=")
}

/// A call with a body that is still to be sent.
pub(crate) fn post(fields: &str) -> String {
    check(fields).replacen("GET", "POST", 1)
}

/// What an own answer must be, in the client's hands and in the record.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) word: &'static str,
    pub(crate) stage: &'static str,
    pub(crate) verdict: &'static str,
    /// Words of the reason.
    pub(crate) reason: &'static str,
}

impl Told {
    /// Checks the client's side.
    #[track_caller]
    pub(crate) fn check_reply(&self, reply: &Message) {
        let text = String::from_utf8_lossy(&reply.head).into_owned();
        assert_eq!(reply.status(), self.status, "{text}");
        let status = reply.field("proxy-status").unwrap();
        let begin = format!("nicetap; error={}; details=\"", self.word);
        assert!(status.starts_with(&begin), "{status}");
        assert!(status.contains(self.reason), "{status}");
        assert_eq!(reply.field("content-type").unwrap(), "application/json");
        let body = reply.json();
        assert_eq!(body["code"], self.status, "{body}");
        assert!(body["data"].is_null(), "{body}");
        let detail = &body["nicetap"];
        assert_eq!(detail["stage"], self.stage, "{body}");
        let (reason, hint) = (text_of(&detail["reason"]), text_of(&detail["hint"]));
        assert!(reason.contains(self.reason), "{body}");
        assert!(!hint.is_empty(), "{body}");
        let msg = format!("nicetap, not NiceNIC: {reason}; {hint}");
        assert_eq!(text_of(&body["msg"]), msg, "{body}");
        assert!(!body.to_string().contains("S3cr3t"), "{body}");
    }

    /// Checks the record of the exchange.
    #[track_caller]
    pub(crate) fn check_record(&self, record: &Value) {
        assert_eq!(record["answer"]["by"], "nicetap", "{record:#}");
        assert_eq!(record["answer"]["status"], self.status, "{record:#}");
        assert_eq!(record["failure"]["stage"], self.stage, "{record:#}");
        assert_eq!(record["failure"]["reused"], false, "{record:#}");
        let reason = text_of(&record["failure"]["reason"]);
        assert!(reason.contains(self.reason), "{record:#}");
        assert_eq!(record["diagnosis"]["verdict"], self.verdict, "{record:#}");
        assert!(!record.to_string().contains("S3cr3t"), "{record:#}");
    }
}

/// A JSON string.
#[track_caller]
pub(crate) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

pub(crate) const CREDENTIAL: &str = "reseller7:S3cr3t-K9f2Lm8Qw4Zx";
