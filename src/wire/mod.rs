//! The wire: from a client's first byte to the origin and back. Drives everything below it; nobody below knows it.
//!
//! What it must not do: mend a request, send one twice, hold a body, break off what was begun, dial what is not meant
//! to be dialled, or show anything that came from outside (records go through the journal).
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::ca::Ca;
use crate::capture::Budget;
use crate::config::{Config, Plaintext, ProxyLogin};
use crate::facts::{Authority, Scheme, Target};
use crate::http1::Limits;
use crate::journal::Journal;
use crate::rule::levels::Levels;

mod access;
mod admission;
mod arrivals;
mod buffer;
mod chain;
mod connect;
mod cork;
mod distrust;
mod exchange;
mod forward;
mod front;
mod guard;
mod headers;
mod leg;
mod listen;
mod look_up;
mod looked;
mod origin;
mod page;
mod receiving;
mod relay;
mod sending;
mod sessions;
mod stream;
mod tls;
mod upstream;
mod verifier;
mod way_out;

use distrust::Distrust;

pub use arrivals::Arrived;
pub use listen::{BindError, Control, Proxy, bind};
pub use stream::Stream;
pub use way_out::WayOut;

/// An origin inside this process, such as the mock: no port, no TLS.
pub trait Inside: Send + Sync {
    /// A fresh connection to it, on behalf of this client.
    fn connect(&self, client: IpAddr) -> Box<dyn Stream>;
}

/// What the wire works with.
pub struct Setup {
    /// The settings.
    pub config: Config,
    /// The journal.
    pub journal: Journal,
    /// How findings are treated.
    pub levels: Levels,
    /// The local CA.
    pub ca: Arc<Ca>,
    /// Whom to trust upstream.
    pub roots: rustls::RootCertStore,
    /// The origin inside this process that answers for intercepted hosts.
    pub inside: Option<Box<dyn Inside>>,
    /// What clients log in with; `None`: they need not.
    pub login: Option<ProxyLogin>,
    /// The users of this machine that are served, by their numbers; empty: all.
    pub users: Vec<u32>,
    /// Our other listeners, such as the inspector's: never dialled for a client either.
    pub own: Vec<SocketAddr>,
}

/// What all connections share.
struct Shared {
    journal: Journal,
    ca: Arc<Ca>,
    dialer: origin::Dialer,
    inside: Option<Box<dyn Inside>>,
    budget: Arc<Budget>,
    base: (Scheme, Authority),
    scope: Vec<(String, Option<u16>)>,
    plaintext: Plaintext,
    guard: Arc<guard::Guard>,
    /// Whether replies tell the client the findings, and which.
    annotate: Option<Levels>,
    body_limit: usize,
    reply_timeout: Duration,
    limits: Limits,
    idle: Duration,
    head_time: Duration,
    admission: admission::Admission,
    distrust: Distrust,
    activity: Activity,
    arrivals: arrivals::Arrivals,
    expired: AtomicBool,
    health: String,
    /// Turns for looking up who sent something.
    look_ups: Arc<Semaphore>,
}

impl Shared {
    fn is_in_scope(&self, authority: &Authority) -> bool {
        !authority.is_ip()
            && self.scope.iter().any(|(name, port)| {
                authority.is_within(name)
                    && port.map_or(matches!(authority.port(), 80 | 443), |port| {
                        port == authority.port()
                    })
            })
    }

    /// The origin inside this process that answers for this target.
    fn inside_for(&self, target: &Target) -> Option<&dyn Inside> {
        self.inside.as_deref().filter(|_| target.in_scope)
    }

    /// Whether the time for looking is over.
    fn has_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }

    /// One of our own pages: status, type, body.
    fn own_page(&self, target: &[u8]) -> (u16, &'static str, Vec<u8>) {
        match target {
            b"/ca.pem" => (200, "application/x-pem-file", self.ca.root_pem().into()),
            b"/healthz" => (200, "application/json", self.health.clone().into_bytes()),
            b"/readyz" if self.has_expired() => {
                (503, "text/plain", b"not looking any more\n".to_vec())
            }
            b"/readyz" => (200, "text/plain", b"ready\n".to_vec()),
            _ => (200, "text/plain; charset=utf-8", HELP.into()),
        }
    }
}

/// When somebody last used the proxy.
struct Activity {
    began: Instant,
    last: AtomicU64,
    /// Tunnels and exchanges that are under way.
    busy: AtomicUsize,
}

/// Something that is under way.
struct Busy<'a>(&'a Activity);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.touch();
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Activity {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            last: AtomicU64::new(0),
            busy: AtomicUsize::new(0),
        }
    }

    /// Says that something is under way, until what it returns is dropped.
    fn begin(&self) -> Busy<'_> {
        self.touch();
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    fn touch(&self) {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.fetch_max(elapsed, Ordering::Relaxed);
    }

    fn idle(&self) -> Duration {
        if self.busy.load(Ordering::Relaxed) > 0 {
            return Duration::ZERO;
        }
        self.began
            .elapsed()
            .saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}

/// Where the proxy listens, for `/healthz`.
fn health(addrs: &[SocketAddr]) -> String {
    let listen: Vec<String> = addrs.iter().map(ToString::to_string).collect();
    serde_json::json!({ "nicetap": env!("CARGO_PKG_VERSION"), "listen": listen }).to_string()
}

const HELP: &str = "\
This is nicetap, a local debugging proxy for the NiceNIC Reseller API v2.

As a proxy:   http_proxy and https_proxy = http://this address
              trust the certificate of /ca.pem in the client that is looked into
As base URL:  http://this address/v2/ instead of https://api.nicenic.net/v2/

Its log says what each request holds and what is wrong with it, with every secret masked.
";
