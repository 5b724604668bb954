//! The settings of a run: file < environment < flags, resolved into one [`Config`] without gaps.
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// All settings of `serve`, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The home directory.
    pub home: PathBuf,
    /// Where the proxy listens.
    pub listen: Vec<SocketAddr>,
    /// Hosts that are looked into; a name covers its subdomains.
    pub intercept: Vec<HostPort>,
    /// Where to dial instead.
    pub connect_to: Vec<ConnectTo>,
    /// Where origin-form requests go.
    pub base_url: BaseUrl,
    /// An extra root to trust upstream, PEM.
    pub upstream_ca: Option<PathBuf>,
    /// The local address of upstream connections.
    pub source_ip: Option<IpAddr>,
    /// The address family of upstream connections.
    pub family: Family,
    /// What happens to `http://` requests with a credential.
    pub plaintext: Plaintext,
    /// What happens after a client has refused our certificate.
    pub on_distrust: OnDistrust,
    /// How long requests are looked into; `None`: without end.
    pub duration: Option<Duration>,
    /// How long without a connection until looking ends.
    pub idle_exit: Option<Duration>,
    /// What happens when looking has ended.
    pub then: Then,
    /// The JSONL log; `None` with `--no-log`.
    pub log: Option<PathBuf>,
    /// Bytes after which the log is rotated.
    pub log_max_size: u64,
    /// Rotated logs that are kept.
    pub log_keep: u32,
    /// The group that may read the log.
    pub log_group: Option<String>,
    /// Whether the console prints the JSONL records.
    pub json: bool,
    /// Bytes kept of a body.
    pub body_limit: usize,
    /// Bytes of bodies in flight.
    pub capture_budget: usize,
    /// Whether intercepted hosts are answered by the built-in mock.
    pub mock: bool,
    /// How long a reply's first byte may take.
    pub reply_timeout: Duration,
}

/// A host, with all ports of HTTP or with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The host, lower case.
    pub host: String,
    /// The port; `None`: 80 and 443.
    pub port: Option<u16>,
}

/// `HOST:PORT:HOST2:PORT2`, as curl reads it: an empty HOST or PORT means any, an empty HOST2 or PORT2 the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    /// The host asked for.
    pub host: Option<String>,
    /// The port asked for.
    pub port: Option<u16>,
    /// The host to dial.
    pub to_host: Option<String>,
    /// The port to dial.
    pub to_port: Option<u16>,
}

/// Where origin-form requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Whether over TLS.
    pub https: bool,
    /// The host, lower case.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The address family of upstream connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// As getaddrinfo orders them.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// What happens to `http://` requests with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// They pass, and are flagged.
    Allow,
    /// They get 403.
    Refuse,
}

/// What happens after a client has refused our certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDistrust {
    /// Its next connections to that host pass unread for 60 s.
    Tunnel,
    /// They fail too.
    Fail,
}

/// What happens when looking has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Connections are carried on unread while a setting still points here.
    Carry,
    /// nicetap ends.
    Exit,
}
