//! The way to an origin, by stages: resolve, connect, TLS. Each failure keeps its stage, its reason and its RFC 9209
//! word; each success its timings and addresses. Nothing is pooled, shared or tried twice after a byte was sent.
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::config::{ConnectTo, Family};
use crate::facts::{Authority, Scheme};
use crate::record::Stage;

use super::access::Access;
use super::leg::Leg;
use super::stream::Stream;

/// How origins are reached.
pub(super) struct Dialer {
    pub(super) connect_to: Vec<ConnectTo>,
    pub(super) source_ip: Option<IpAddr>,
    pub(super) family: Family,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) access: Access,
}

/// A fresh upstream connection.
pub(super) struct Dialed {
    pub(super) leg: Leg,
    pub(super) route: Route,
    pub(super) times: DialTimes,
}

/// The addresses of an upstream connection.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
}

/// How long the stages took.
#[derive(Clone, Copy, Default)]
pub(super) struct DialTimes {
    pub(super) resolve: Option<Duration>,
    pub(super) connect: Option<Duration>,
    pub(super) tls: Option<Duration>,
}

/// Why an exchange failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The stage.
    pub(crate) stage: Stage,
    /// The RFC 9209 section 2.3 error type.
    pub(crate) word: &'static str,
    /// Why, for a human. Holds no wire text but host names and addresses.
    pub(crate) reason: String,
    /// Whether the connection died before a byte of the reply came.
    pub(super) is_silent_death: bool,
}

impl Failure {
    pub(super) fn new(stage: Stage, word: &'static str, reason: impl Into<String>) -> Self {
        Self {
            stage,
            word,
            reason: reason.into(),
            is_silent_death: false,
        }
    }

    /// The status that answers it.
    pub(super) fn status(&self) -> u16 {
        match self.word {
            "connection_timeout" | "http_response_timeout" | "dns_timeout" => 504,
            "destination_ip_prohibited" => 403,
            _ => 502,
        }
    }
}

/// A failed dial, with what is known of the stages that went well.
pub(super) struct FailedDial {
    pub(super) failure: Failure,
    pub(super) times: DialTimes,
    pub(super) route: Option<Route>,
}

impl Dialer {
    /// Connects, with TLS for `https`.
    pub(super) async fn dial(
        &self,
        scheme: Scheme,
        authority: &Authority,
    ) -> Result<Dialed, FailedDial> {
        let mut times = DialTimes::default();
        let fail = |failure, times, route| FailedDial {
            failure,
            times,
            route,
        };
        let (tcp, route) = match self.tcp(authority, &mut times).await {
            Ok(connected) => connected,
            Err(failure) => return Err(fail(failure, times, None)),
        };
        if scheme == Scheme::Http {
            return Ok(Dialed {
                leg: Leg::new(Box::new(tcp)),
                route,
                times,
            });
        }
        let began = Instant::now();
        match self.handshake(tcp, authority).await {
            Ok(stream) => {
                times.tls = Some(began.elapsed());
                Ok(Dialed {
                    leg: Leg::new(stream),
                    route,
                    times,
                })
            }
            Err(failure) => Err(fail(failure, times, Some(route))),
        }
    }

    /// Connects without TLS, for a tunnel.
    pub(super) async fn dial_tcp(
        &self,
        authority: &Authority,
    ) -> Result<(TcpStream, Route), Failure> {
        self.tcp(authority, &mut DialTimes::default()).await
    }

    async fn tcp(
        &self,
        authority: &Authority,
        times: &mut DialTimes,
    ) -> Result<(TcpStream, Route), Failure> {
        let deadline = Instant::now() + CONNECT_LIMIT;
        let (host, port, rerouted) = self.destination(authority);
        let began = Instant::now();
        let Ok(resolved) = timeout(CONNECT_LIMIT, resolve(&host, port)).await else {
            let limit = CONNECT_LIMIT.as_secs();
            let reason = format!("the name `{host}` was not resolved within {limit} s");
            return Err(Failure::new(Stage::Resolve, "dns_timeout", reason));
        };
        let addresses = resolved.map_err(|error| unresolved(&host, &error))?;
        times.resolve = Some(began.elapsed());
        let addresses = self.usable(&host, addresses, rerouted)?;
        let began = Instant::now();
        let left = deadline.saturating_duration_since(began);
        let Ok(raced) = timeout(left, self.race(&addresses)).await else {
            let reason = format!(
                "no connection to `{host}` port {port} within {} s",
                CONNECT_LIMIT.as_secs()
            );
            return Err(Failure::new(Stage::Connect, "connection_timeout", reason));
        };
        let tcp =
            raced.map_err(|(error, address)| unconnected(authority.host(), address, &error))?;
        times.connect = Some(began.elapsed());
        let route = addresses_of(&tcp)
            .map_err(|error| unconnected(authority.host(), addresses[0], &error))?;
        Ok((tcp, route))
    }

    /// The addresses of what is dialled for this authority; empty: its name is not found.
    pub(super) async fn addresses_of(&self, authority: &Authority) -> Vec<SocketAddr> {
        let (host, port, _) = self.destination(authority);
        resolve(&host, port).await.unwrap_or_default()
    }

    /// Where to dial for this authority, and whether `--connect-to` says so.
    fn destination(&self, authority: &Authority) -> (String, u16, bool) {
        let (host, port) = (authority.host(), authority.port());
        let matching = self.connect_to.iter().find(|rule| {
            rule.host
                .as_deref()
                .is_none_or(|have| have.eq_ignore_ascii_case(host))
                && rule.port.is_none_or(|have| have == port)
        });
        match matching {
            Some(rule) => (
                rule.to_host.clone().unwrap_or_else(|| host.to_owned()),
                rule.to_port.unwrap_or(port),
                true,
            ),
            None => (host.to_owned(), port, false),
        }
    }

    fn usable(
        &self,
        host: &str,
        addresses: Vec<SocketAddr>,
        rerouted: bool,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let wants_v4 = match (self.source_ip, self.family) {
            (Some(ip), _) => Some(ip.is_ipv4()),
            (None, Family::V4) => Some(true),
            (None, Family::V6) => Some(false),
            (None, Family::Any) => None,
        };
        let of_family: Vec<_> = addresses
            .into_iter()
            .filter(|address| wants_v4.is_none_or(|v4| address.is_ipv4() == v4))
            .collect();
        if of_family.is_empty() {
            let family = if wants_v4 == Some(true) {
                "IPv4"
            } else {
                "IPv6"
            };
            let reason = format!("`{host}` has no {family} address");
            return Err(Failure::new(Stage::Resolve, "dns_error", reason));
        }
        let mut all = of_family.iter().copied();
        let loops_to = all.find(|address| self.access.is_own(address));
        // The resolved address is checked, and that very address is dialled.
        let allowed: Vec<_> = of_family
            .into_iter()
            .filter(|address| self.access.allows(address, rerouted))
            .collect();
        if allowed.is_empty() {
            if let Some(own) = loops_to {
                let reason = format!("`{host}` leads back to nicetap itself ({own})");
                return Err(Failure::new(Stage::Connect, "proxy_loop_detected", reason));
            }
            let reason = format!("`{host}` leads to an address that is never dialled for a client");
            return Err(Failure::new(
                Stage::Connect,
                "destination_ip_prohibited",
                reason,
            ));
        }
        Ok(allowed)
    }

    /// Tries the addresses in their order, the next one 250 ms after the last or as soon as one fails (RFC 8305).
    async fn race(&self, addresses: &[SocketAddr]) -> Result<TcpStream, (io::Error, SocketAddr)> {
        let mut attempts = JoinSet::new();
        let mut waiting = addresses.iter();
        let mut last = None;
        loop {
            let next = waiting.next();
            if let Some(address) = next {
                let (address, source) = (*address, self.source_ip);
                attempts.spawn(async move {
                    connect(address, source)
                        .await
                        .map_err(|error| (error, address))
                });
            }
            let more = waiting.len() > 0;
            tokio::select! {
                Some(outcome) = attempts.join_next() => match outcome {
                    Ok(Ok(tcp)) => return Ok(tcp),
                    Ok(Err(error)) => last = Some(error),
                    Err(_) => {}
                },
                () = sleep(ATTEMPT_DELAY), if more => {}
                else => {}
            }
            if attempts.is_empty() && !more {
                let nowhere = || (io::ErrorKind::AddrNotAvailable.into(), addresses[0]);
                return Err(last.unwrap_or_else(nowhere));
            }
        }
    }

    async fn handshake(
        &self,
        tcp: TcpStream,
        authority: &Authority,
    ) -> Result<Box<dyn Stream>, Failure> {
        let host = authority.host();
        let Ok(name) = ServerName::try_from(host.to_owned()) else {
            let reason = format!("`{host}` is no name that a certificate can hold");
            return Err(Failure::new(Stage::Tls, "tls_protocol_error", reason));
        };
        let connector = TlsConnector::from(self.tls.clone());
        match timeout(TLS_LIMIT, connector.connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(super::tls::upstream_failure(host, &error)),
            Err(_) => {
                let reason = format!(
                    "`{host}` did not finish the TLS handshake within {} s",
                    TLS_LIMIT.as_secs()
                );
                Err(Failure::new(Stage::Tls, "connection_timeout", reason))
            }
        }
    }
}

async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let mut addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    // getaddrinfo may name an address once for each socket type.
    let mut seen = std::collections::HashSet::new();
    addresses.retain(|address| seen.insert(*address));
    Ok(addresses)
}

async fn connect(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let tcp = socket.connect(address).await?;
    // Without it every new connection waits 40 ms for a delayed acknowledgement.
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

fn addresses_of(tcp: &TcpStream) -> io::Result<Route> {
    Ok(Route {
        local: tcp.local_addr()?,
        peer: tcp.peer_addr()?,
    })
}

fn unresolved(host: &str, error: &io::Error) -> Failure {
    let reason = format!("the name `{host}` was not found: {error}");
    Failure::new(Stage::Resolve, "dns_error", reason)
}

fn unconnected(host: &str, address: SocketAddr, error: &io::Error) -> Failure {
    use io::ErrorKind;
    let (word, what) = match error.kind() {
        ErrorKind::ConnectionRefused => ("connection_refused", "refused the connection".to_owned()),
        ErrorKind::ConnectionReset => ("connection_terminated", "reset the connection".to_owned()),
        ErrorKind::TimedOut => ("connection_timeout", "did not answer".to_owned()),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => (
            "destination_ip_unroutable",
            "cannot be reached from here: no route".to_owned(),
        ),
        ErrorKind::AddrNotAvailable => (
            "proxy_configuration_error",
            "cannot be reached: --source-ip is no address of this machine".to_owned(),
        ),
        _ => (
            "destination_unavailable",
            format!("cannot be reached: {error}"),
        ),
    };
    Failure::new(
        Stage::Connect,
        word,
        format!("`{host}` at {address} {what}"),
    )
}

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const TLS_LIMIT: Duration = Duration::from_secs(10);
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
