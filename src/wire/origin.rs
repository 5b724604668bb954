//! The way to an origin, by stages: resolve, connect, TLS. Each failure keeps its stage, its reason and its RFC 9209
//! word; each success its timings and addresses. Nothing is pooled, shared or tried twice after a byte was sent.
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::config::{ConnectTo, Family, ProxyScheme, Upstream, UpstreamProxy};
use crate::facts::{Authority, Scheme};
use crate::journal::draft::ClientEnd;
use crate::record::Stage;
use crate::stumble;

use super::access::{Access, Verdict};
use super::cork::Cork;
use super::leg::Leg;
use super::look_up::LookUp;
use super::stream::Stream;
use super::upstream::{self, Hop};

/// How origins are reached.
pub(super) struct Dialer {
    pub(super) connect_to: Vec<ConnectTo>,
    pub(super) upstream: Upstream,
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
    /// The proxy that takes the requests themselves, if one does.
    pub(super) hop: Option<Hop>,
}

/// The addresses of an upstream connection.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
    /// Whether `peer` is another proxy.
    pub(super) through_proxy: bool,
}

/// How long the stages took.
#[derive(Clone, Copy, Default)]
pub(super) struct DialTimes {
    pub(super) resolve: Option<Duration>,
    pub(super) connect: Option<Duration>,
    pub(super) tls: Option<Duration>,
}

/// What is known of a connection before it stands.
#[derive(Default)]
struct Known {
    times: DialTimes,
    route: Option<Route>,
}

/// Where to dial.
struct Place {
    /// What was asked for.
    name: String,
    host: String,
    port: u16,
    /// Whether the user's own settings name it.
    rerouted: bool,
    look_up: LookUp,
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
    /// What to do, where it differs from what the stage suggests.
    pub(super) hint: Option<&'static str>,
    /// Whether the connection died before a byte of the reply came.
    pub(super) is_silent_death: bool,
    /// What the client did, where it was the client.
    pub(super) client: Option<ClientEnd>,
}

impl Failure {
    pub(super) fn new(stage: Stage, word: &'static str, reason: impl Into<String>) -> Self {
        Self {
            stage,
            word,
            reason: reason.into(),
            hint: None,
            is_silent_death: false,
            client: None,
        }
    }

    /// The client's own doing.
    pub(super) fn of_client(end: ClientEnd, reason: &'static str) -> Self {
        Self {
            client: Some(end),
            ..Self::new(Stage::Client, "http_request_error", reason)
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
        let mut known = Known::default();
        let dialed = self.by_stage(scheme, authority, &mut known).await;
        let Known { times, route } = known;
        let fail = |failure| FailedDial {
            failure,
            times,
            route,
        };
        let (stream, hop) = dialed.map_err(fail)?;
        let Some(route) = route else {
            let failure = Failure::new(Stage::Connect, "proxy_internal_error", "no route");
            return Err(fail(failure));
        };
        Ok(Dialed {
            leg: Leg::new(stream),
            route,
            times,
            hop,
        })
    }

    /// Connects without TLS, for a tunnel.
    pub(super) async fn dial_tcp(
        &self,
        authority: &Authority,
    ) -> Result<(Box<dyn Stream>, Route), Failure> {
        let mut known = Known::default();
        let place = self.place(authority, LookUp::Carried);
        let stream = match self.upstream.proxy_for(true, authority.host()) {
            Some(proxy) => self.tunnel(proxy, &place, &mut known).await?,
            None => self.direct(&place, &mut known).await?,
        };
        let route = known.route;
        route
            .map(|route| (stream, route))
            .ok_or_else(|| Failure::new(Stage::Connect, "proxy_internal_error", "no route"))
    }

    async fn by_stage(
        &self,
        scheme: Scheme,
        authority: &Authority,
        known: &mut Known,
    ) -> Result<(Box<dyn Stream>, Option<Hop>), Failure> {
        let is_https = scheme == Scheme::Https;
        // What goes in clear is mostly for hosts that are not read.
        let look_up = if is_https {
            LookUp::Call
        } else {
            LookUp::Carried
        };
        let place = self.place(authority, look_up);
        let stream = match self.upstream.proxy_for(is_https, authority.host()) {
            None => self.direct(&place, known).await?,
            // A request that goes elsewhere than its URL says needs a tunnel, as with curl.
            Some(proxy) if scheme == Scheme::Http && takes_requests(proxy) && !place.rerouted => {
                self.literal_is_allowed(&place)?;
                return Ok((self.proxy(proxy, known).await?, Some(Hop::of(proxy))));
            }
            Some(proxy) => self.tunnel(proxy, &place, known).await?,
        };
        if !is_https {
            return Ok((stream, None));
        }
        let began = Instant::now();
        let stream = self.handshake(stream, authority.host()).await?;
        known.times.tls = Some(began.elapsed());
        Ok((stream, None))
    }

    async fn direct(&self, place: &Place, known: &mut Known) -> Result<Box<dyn Stream>, Failure> {
        let (tcp, route) = self.tcp(place, &mut known.times).await?;
        known.route = Some(route);
        Ok(Box::new(tcp))
    }

    /// A connection that another proxy makes to this place. How long the proxy takes is part of the connect time.
    async fn tunnel(
        &self,
        proxy: &UpstreamProxy,
        place: &Place,
        known: &mut Known,
    ) -> Result<Box<dyn Stream>, Failure> {
        self.literal_is_allowed(place)?;
        let stream = self.proxy(proxy, known).await?;
        let began = Instant::now();
        let DialTimes {
            resolve, connect, ..
        } = known.times;
        let spent = resolve.unwrap_or_default() + connect.unwrap_or_default();
        let asking = upstream::tunnel(stream, proxy, &place.host, place.port);
        let Ok(tunnel) = timeout(CONNECT_LIMIT.saturating_sub(spent), asking).await else {
            let limit = CONNECT_LIMIT.as_secs();
            let what = format!("gave no answer within {limit} s");
            return Err(upstream::at_proxy(proxy, "connection_timeout", &what));
        };
        if let Some(connect) = &mut known.times.connect {
            *connect += began.elapsed();
        }
        tunnel
    }

    /// A connection to the proxy itself.
    async fn proxy(
        &self,
        proxy: &UpstreamProxy,
        known: &mut Known,
    ) -> Result<Box<dyn Stream>, Failure> {
        let not_reached = |failure: Failure| Failure {
            stage: Stage::Connect,
            ..upstream::at_proxy(
                proxy,
                failure.word,
                &format!("cannot be used: {}", failure.reason),
            )
        };
        let place = Place {
            name: proxy.host.clone(),
            host: proxy.host.clone(),
            port: proxy.port,
            rerouted: true,
            look_up: LookUp::Call,
        };
        let (tcp, route) = self
            .tcp(&place, &mut known.times)
            .await
            .map_err(not_reached)?;
        known.route = Some(Route {
            through_proxy: true,
            ..route
        });
        if proxy.scheme != ProxyScheme::Https {
            return Ok(Box::new(tcp));
        }
        self.handshake(Box::new(tcp), &proxy.host)
            .await
            .map_err(not_reached)
    }

    async fn tcp(
        &self,
        place: &Place,
        times: &mut DialTimes,
    ) -> Result<(TcpStream, Route), Failure> {
        let deadline = Instant::now() + CONNECT_LIMIT;
        let Place {
            name,
            host,
            port,
            rerouted,
            look_up,
        } = place;
        let began = Instant::now();
        let Ok(resolved) = timeout(CONNECT_LIMIT, look_up.of(host, *port)).await else {
            let limit = CONNECT_LIMIT.as_secs();
            let reason = format!("the name `{host}` was not resolved within {limit} s");
            return Err(Failure::new(Stage::Resolve, "dns_timeout", reason));
        };
        let addresses = resolved.map_err(|error| unresolved(host, &error))?;
        times.resolve = Some(began.elapsed());
        let addresses = self.usable(host, addresses, *rerouted)?;
        let began = Instant::now();
        let left = deadline.saturating_duration_since(began);
        let Ok(raced) = timeout(left, self.race(&addresses)).await else {
            let limit = CONNECT_LIMIT.as_secs();
            let reason = format!("no connection to `{host}` port {port} within {limit} s");
            return Err(Failure::new(Stage::Connect, "connection_timeout", reason));
        };
        let tcp = raced.map_err(|(error, address)| unconnected(name, address, &error))?;
        times.connect = Some(began.elapsed());
        let route = addresses_of(&tcp).map_err(|error| unconnected(name, addresses[0], &error))?;
        Ok((tcp, route))
    }

    /// What the proxy would connect to for a client, where it can be told here: a name's addresses are its own affair.
    fn literal_is_allowed(&self, place: &Place) -> Result<(), Failure> {
        let ip = match place.host.as_str() {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            host => host.parse().ok(),
        };
        let Some(ip) = ip else { return Ok(()) };
        let address = SocketAddr::new(ip, place.port);
        self.allowed(&place.host, vec![address], place.rerouted)
            .map(|_| ())
    }

    /// The addresses of what is dialled for this authority; empty: its name is not found.
    pub(super) async fn addresses_of(&self, authority: &Authority) -> Vec<SocketAddr> {
        let place = self.place(authority, LookUp::Call);
        let found = place.look_up.of(&place.host, place.port).await;
        found.unwrap_or_default()
    }

    /// Where to dial for this authority.
    fn place(&self, authority: &Authority, look_up: LookUp) -> Place {
        let (host, port) = (authority.host(), authority.port());
        let matching = self.connect_to.iter().find(|rule| {
            rule.host
                .as_deref()
                .is_none_or(|have| have.eq_ignore_ascii_case(host))
                && rule.port.is_none_or(|have| have == port)
        });
        match matching {
            Some(rule) => Place {
                name: host.to_owned(),
                host: rule.to_host.clone().unwrap_or_else(|| host.to_owned()),
                port: rule.to_port.unwrap_or(port),
                rerouted: true,
                look_up,
            },
            None => Place {
                name: host.to_owned(),
                host: host.to_owned(),
                port,
                rerouted: false,
                look_up,
            },
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
        self.allowed(host, of_family, rerouted)
    }

    /// The addresses that may be dialled. Resolved addresses are checked, and those very addresses are dialled.
    fn allowed(
        &self,
        host: &str,
        addresses: Vec<SocketAddr>,
        rerouted: bool,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let judged = |address: &SocketAddr| self.access.judge(address, rerouted);
        let (allowed, refused): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .partition(|address| judged(address) == Verdict::Allowed);
        if !allowed.is_empty() {
            return Ok(allowed);
        }
        let is = |verdict| refused.iter().find(|address| judged(address) == verdict);
        if let Some(own) = is(Verdict::Own) {
            let reason = format!("`{host}` leads back to nicetap itself ({own})");
            return Err(Failure::new(Stage::Connect, "proxy_loop_detected", reason));
        }
        let word = "destination_ip_prohibited";
        if let Some(private) = is(Verdict::Private) {
            let ip = private.ip();
            let reason = format!("`{host}` leads into a private network ({ip})");
            return Err(Failure {
                hint: Some(
                    "under --allow-remote nicetap dials such addresses for a client with --allow-private only",
                ),
                ..Failure::new(Stage::Connect, word, reason)
            });
        }
        let reason = format!("`{host}` leads to an address that is never dialled for a client");
        Err(Failure::new(Stage::Connect, word, reason))
    }

    /// Tries the addresses in their order, the next one 250 ms after the last or as soon as one fails (RFC 8305).
    async fn race(&self, addresses: &[SocketAddr]) -> Result<TcpStream, (io::Error, SocketAddr)> {
        if let [only] = addresses {
            let connected = connect(*only, self.source_ip).await;
            return connected.map_err(|error| (error, *only));
        }
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
        stream: Box<dyn Stream>,
        host: &str,
    ) -> Result<Box<dyn Stream>, Failure> {
        let Ok(name) = ServerName::try_from(host.to_owned()) else {
            let reason = format!("`{host}` is no name that a certificate can hold");
            return Err(Failure::new(Stage::Tls, "tls_protocol_error", reason));
        };
        let connector = TlsConnector::from(self.tls.clone());
        let handshake = connector.connect(name, Cork::new(stream)).into_fallible();
        match timeout(TLS_LIMIT, handshake).await {
            Ok(Ok(mut stream)) => {
                stream.get_mut().0.pull();
                Ok(Box::new(stream))
            }
            Ok(Err((error, cork))) => {
                cork.pour_out();
                Err(super::tls::upstream_failure(host, &error))
            }
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

/// Whether the proxy takes requests of plain http themselves.
const fn takes_requests(proxy: &UpstreamProxy) -> bool {
    matches!(proxy.scheme, ProxyScheme::Http | ProxyScheme::Https)
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
    // Without it every new connection waits 40 ms for a delayed acknowledgement.
    socket.set_nodelay(true)?;
    let tcp = socket.connect(address).await?;
    let _ = watch(&tcp);
    Ok(tcp)
}

/// Asks a silent server whether it is still there, as curl does: a tunnel to one that has vanished would stand for ever.
fn watch(tcp: &TcpStream) -> rustix::io::Result<()> {
    sockopt::set_socket_keepalive(tcp, true)?;
    sockopt::set_tcp_keepidle(tcp, stumble::limit(SILENCE))?;
    sockopt::set_tcp_keepintvl(tcp, stumble::limit(SILENCE))?;
    sockopt::set_tcp_keepcnt(tcp, 3)
}

fn addresses_of(tcp: &TcpStream) -> io::Result<Route> {
    Ok(Route {
        local: tcp.local_addr()?,
        peer: tcp.peer_addr()?,
        through_proxy: false,
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
const SILENCE: Duration = Duration::from_mins(1);
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
