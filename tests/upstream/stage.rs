//! A nicetap that goes out through another proxy.
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use serde_json::Value;

use crate::support::authority::{Authority, client_config};
use crate::support::home::Home;
use crate::support::message::Message;
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, process};

/// A TLS origin that stands for the API, and a nicetap that reaches it through a proxy.
pub(crate) struct Stage {
    pub(crate) origin: RawOrigin,
    pub(crate) nicetap: Nicetap,
    trust: Arc<ClientConfig>,
}

impl Stage {
    pub(crate) fn before(url: &str) -> Self {
        Self::trusting(&Authority::new(), url)
    }

    /// Whose proxy may be vouched for by this authority too.
    pub(crate) fn trusting(authority: &Authority, url: &str) -> Self {
        Self::with(authority, |options| {
            options.env("NICETAP_UPSTREAM_PROXY", url)
        })
    }

    pub(crate) fn with(authority: &Authority, more: impl FnOnce(Options) -> Options) -> Self {
        let origin = RawOrigin::tls(authority, &[API], answering(success));
        let options = Options::default()
            .connect_to(API, 443, origin.addr())
            .trust(authority);
        Self::started(origin, more(options))
    }

    /// Whose proxy is asked for the API by its name.
    pub(crate) fn straight(url: &str) -> Self {
        let origin = RawOrigin::plain(answering(success));
        Self::started(
            origin,
            Options::default().env("NICETAP_UPSTREAM_PROXY", url),
        )
    }

    /// The same, with this address.
    pub(crate) fn on(listen: SocketAddr, url: &str) -> Self {
        let origin = RawOrigin::plain(answering(success));
        let options = Options::default().env("NICETAP_UPSTREAM_PROXY", url);
        Self::started(
            origin,
            options.argument("--listen").argument(&listen.to_string()),
        )
    }

    fn started(origin: RawOrigin, options: Options) -> Self {
        let nicetap = Nicetap::start(options);
        let trust = client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap());
        Self {
            origin,
            nicetap,
            trust,
        }
    }

    pub(crate) fn client(&self) -> RawClient {
        RawClient::tunnel(self.nicetap.addr(), API, &self.trust).unwrap()
    }

    pub(crate) fn ask(&self) -> (Message, Value) {
        let mut client = self.client();
        client.send(request(READ)).unwrap();
        let reply = client.reply("GET").unwrap();
        (reply, self.exchange(&client))
    }

    pub(crate) fn exchange(&self, client: &RawClient) -> Value {
        let local = client.local().to_string();
        self.nicetap.wait_for("the exchange", |record| {
            record["event"] == "exchange" && record["client"]["addr"] == *local
        })
    }

    pub(crate) fn check_route(&self, record: &Value, proxy: SocketAddr) {
        let egress = &record["egress"];
        assert_eq!(egress["chosen_by"], "upstream-proxy", "{record:#}");
        assert_eq!(egress["peer"], proxy.to_string(), "{record:#}");
        assert!(record["timing"]["tls_ms"].is_number(), "{record:#}");
        assert_eq!(self.origin.connections(), 1);
    }

    /// A call that does not come through, and what is told of it.
    pub(crate) fn check_failure(&self, status: u16, word: &str, told: &str) -> Value {
        let (reply, record) = self.ask();
        assert_eq!(reply.status(), status, "{told}: {}", reply.first_line());
        let mark = reply.field("proxy-status").unwrap();
        assert!(mark.contains(&format!("error={word}")), "{told}: {mark}");
        let body = reply.json();
        assert_eq!(body["nicetap"]["stage"], "connect", "{body:#}");
        let reason = body["nicetap"]["reason"].as_str().unwrap();
        assert!(
            reason.contains("the upstream proxy ") && reason.contains(told),
            "{reason}"
        );
        let hint = body["nicetap"]["hint"].as_str().unwrap();
        assert!(hint.contains("nothing reached NiceNIC"), "{hint}");
        assert_eq!(record["failure"]["stage"], "connect", "{record:#}");
        assert_eq!(record["failure"]["reason"], *reason, "{record:#}");
        assert_eq!(record["diagnosis"]["verdict"], "unreachable", "{record:#}");
        record
    }
}

/// A proxy that reads until these bytes, answers with those, and ends.
pub(crate) fn scripted(answer: &'static [u8], until: &'static [u8]) -> RawOrigin {
    RawOrigin::plain(move |conversation| {
        let mut seen = Vec::new();
        while !seen.ends_with(until) {
            let more = conversation.read_some()?;
            if more.is_empty() {
                return Ok(());
            }
            seen.extend(more);
        }
        conversation.send(answer)
    })
}

pub(crate) fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {API}\r\nAuthorization: alice:not-a-real-secret\r\nContent-Type: application/json\r\n\r\n"
    )
}

/// Starts `serve` with one variable, and waits for it to give up.
pub(crate) fn serve(arguments: &[&str], name: &str, value: &str) -> process::Ended {
    let home = Home::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
    command
        .args(["serve", "--no-ui", "--home"])
        .arg(home.path())
        .args(arguments)
        .env(name, value);
    process::run(&mut command, b"", Duration::from_secs(20))
}

pub(crate) const PASSWORD: &str = "wand3ring-Albatross.77";
pub(crate) const READ: &str = "/v2/?category=domain&action=check&domains=example.com";
