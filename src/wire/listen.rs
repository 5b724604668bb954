//! Listening: bound at once, accepted within a limit, ended in order.
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::capture::Budget;
use crate::client;
use crate::config::Config;
use crate::facts::{Authority, Scheme};
use crate::http1::Limits;
use crate::journal::draft::Peer;
use crate::stumble;

use super::access::Access;
use super::admission::{Admission, Unwelcome, is_here};
use super::arrivals::{Arrivals, Arrived};
use super::connect::Connect;
use super::distrust::Distrust;
use super::forward::ANSWER_LIMIT;
use super::front::{Door, Front, Leave};
use super::guard::Guard;
use super::leg::Leg;
use super::origin::Dialer;
use super::tls::client_config;
use super::{Activity, Setup, Shared, health};

/// A bound proxy.
pub struct Proxy {
    listeners: Vec<TcpListener>,
    addrs: Vec<SocketAddr>,
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
}

/// Why the proxy cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address cannot be bound.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The base URL is not sound.
    #[error("the base URL's host `{0}` is not sound")]
    BaseUrl(String),
}

/// Binds all addresses, before anything else happens.
pub async fn bind(addrs: &[SocketAddr]) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::with_capacity(addrs.len());
    for addr in addrs {
        let listener = listen(*addr).map_err(|source| BindError::Bind {
            addr: *addr,
            source,
        })?;
        listeners.push(listener);
    }
    tokio::task::yield_now().await;
    Ok(listeners)
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

impl Proxy {
    /// A proxy on these listeners.
    pub fn new(
        listeners: Vec<TcpListener>,
        setup: Setup,
        connections: usize,
    ) -> Result<Self, BindError> {
        let addrs: Vec<SocketAddr> = listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect();
        let Setup {
            config,
            journal,
            levels,
            ca,
            roots,
            inside,
            login,
            users,
            mut own,
        } = setup;
        own.extend(&addrs);
        let base = base_of(&config)?;
        let scope = config
            .intercept
            .iter()
            .map(|host| (host.host.clone(), host.port))
            .collect();
        let dialer = Dialer {
            connect_to: config.connect_to.clone(),
            upstream: config.upstream_proxy.clone(),
            source_ip: config.source_ip,
            family: config.family,
            tls: client_config(roots),
            access: Access::new(own, config.allow_remote && !config.allow_private),
        };
        let shared = Arc::new(Shared {
            journal,
            ca,
            dialer,
            inside,
            budget: Budget::new(config.capture_budget),
            base,
            scope,
            plaintext: config.plaintext,
            guard: Guard::new(&config),
            annotate: config.annotate.then_some(levels),
            body_limit: config.body_limit,
            reply_timeout: config.reply_timeout,
            limits: Limits::default(),
            idle: stumble::limit(IDLE),
            head_time: HEAD_TIME,
            admission: Admission::new(&config, login, users),
            distrust: Distrust::new(config.on_distrust),
            activity: Activity::new(),
            arrivals: Arrivals::default(),
            expired: AtomicBool::new(false),
            health: health(&addrs),
            look_ups: Arc::new(Semaphore::new(LOOK_UPS)),
        });
        Ok(Self {
            listeners,
            addrs,
            shared,
            places: Arc::new(Semaphore::new(connections)),
        })
    }

    /// Where it really listens.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// The bytes that copies of bodies may take.
    pub fn budget(&self) -> Arc<Budget> {
        self.shared.budget.clone()
    }

    /// A handle for what happens while it runs.
    pub fn control(&self) -> Control {
        Control {
            shared: self.shared.clone(),
        }
    }

    /// Accepts until `stopping` turns true, then lets what was begun come to its end for at most `grace`.
    pub async fn serve(self, stopping: watch::Receiver<bool>, grace: Duration) {
        let mut accepting = JoinSet::new();
        let connections = Arc::new(tokio::sync::Mutex::new(JoinSet::new()));
        for listener in self.listeners {
            let (shared, places) = (self.shared.clone(), self.places.clone());
            let (connections, stopping) = (connections.clone(), stopping.clone());
            accepting.spawn(accept(listener, shared, places, connections, stopping));
        }
        while accepting.join_next().await.is_some() {}
        let mut connections = connections.lock().await;
        let drained = timeout(grace, async {
            while connections.join_next().await.is_some() {}
        })
        .await;
        if drained.is_err() {
            // Each aborted exchange still gets its record: its ticket is dropped.
            connections.shutdown().await;
        }
    }
}

/// What can be done with a running proxy.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

impl Control {
    /// Ends looking: connections are carried on unread from now on.
    pub fn stop_looking(&self) {
        self.shared.expired.store(true, Ordering::Relaxed);
    }

    /// Waits until a client has refused our certificate.
    pub async fn distrusted(&self) {
        self.shared.distrust.heard().await;
    }

    /// Looks into everybody's connections again: those who refused our certificate may trust it now.
    pub fn forget_distrust(&self) {
        self.shared.distrust.forget();
    }

    /// What has reached the proxy so far.
    pub fn arrived(&self) -> Arrived {
        self.shared.arrivals.so_far()
    }

    /// The addresses that would be dialled for this host on port 443; empty: its name is not found.
    pub async fn addresses_of(&self, host: &str) -> Vec<SocketAddr> {
        let Some(authority) = Authority::parse(host.as_bytes(), Some(443)) else {
            return Vec::new();
        };
        self.shared.dialer.addresses_of(&authority).await
    }

    /// How long nobody has used the proxy.
    pub fn idle(&self) -> Duration {
        self.shared.activity.idle()
    }
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    connections: Arc<tokio::sync::Mutex<JoinSet<()>>>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => return,
            next = next => next,
        };
        let Ok((tcp, addr)) = accepted else {
            // Out of file descriptors, most likely: no busy loop until some are free again.
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (shared, stopping) = (shared.clone(), stopping.clone());
        let mut connections = connections.lock().await;
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            serve_connection(shared, tcp, addr, stopping).await;
            drop(place);
        });
    }
}

async fn serve_connection(
    shared: Arc<Shared>,
    tcp: TcpStream,
    addr: SocketAddr,
    stopping: watch::Receiver<bool>,
) {
    let _ = tcp.set_nodelay(true);
    let ours = tcp.local_addr().ok();
    let addr = SocketAddr::new(addr.ip().to_canonical(), addr.port());
    let peer = Arc::new(Peer {
        addr,
        is_here: is_here(ours, addr.ip()),
        sender: OnceLock::new(),
        found: Notify::new(),
    });
    if let Some(ours) = ours.filter(|_| peer.is_here) {
        match client::recognise(ours, addr) {
            Some(sender) => shared.arrivals.sender(&peer, sender),
            None => drop(tokio::spawn(find_sender(
                shared.look_ups.clone(),
                Arc::downgrade(&shared),
                Arc::downgrade(&peer),
                ours,
            ))),
        }
    }
    shared.arrivals.connection(&peer);
    let leg = Leg::new(Box::new(tcp));
    if shared.admission.is_stranger(&peer) {
        return turn_away(&shared, peer, leg).await;
    }
    let front = Front::new(
        shared.clone(),
        peer.clone(),
        leg,
        Door::Port,
        stopping.clone(),
    );
    // Each boxed, so that a tunnel, which may stand for hours, does not keep room for what came before it.
    if let Leave::Connect(leg, head) = Box::pin(front.serve()).await {
        let connect = Connect {
            shared,
            peer,
            stopping,
        };
        if let Some(inside) = Box::pin(connect.serve(leg, head)).await {
            // A CONNECT inside a CONNECT is refused there.
            Box::pin(inside.serve()).await;
        }
    }
}

/// Answers somebody of whom nothing is read.
async fn turn_away(shared: &Shared, peer: Arc<Peer>, mut leg: Leg) {
    let why = Unwelcome::Stranger;
    let place = shared.journal.place().await;
    place.connection(why.draft(peer));
    let answer = why.page().render(true, false);
    let _ = timeout(ANSWER_LIMIT, leg.writer.send(&answer)).await;
    leg.close().await;
}

/// Looks up who is at the other end. A look-up reads much of `/proc`: few run at a time, and none for a client that
/// has gone meanwhile, so that a storm of connections costs no more than it must.
async fn find_sender(
    look_ups: Arc<Semaphore>,
    shared: Weak<Shared>,
    peer: Weak<Peer>,
    ours: SocketAddr,
) {
    let Ok(_turn) = look_ups.acquire_owned().await else {
        return;
    };
    let look_up = move || {
        let Some(peer) = peer.upgrade() else { return };
        let sender = client::identify(ours, peer.addr);
        if let Some(shared) = shared.upgrade() {
            shared.arrivals.sender(&peer, sender);
        }
        peer.found.notify_waiters();
        peer.found.notify_one();
    };
    let _ = tokio::task::spawn_blocking(look_up).await;
}

fn base_of(config: &Config) -> Result<(Scheme, Authority), BindError> {
    let base = &config.base_url;
    let scheme = if base.https {
        Scheme::Https
    } else {
        Scheme::Http
    };
    let host = if base.host.contains(':') {
        format!("[{}]", base.host)
    } else {
        base.host.clone()
    };
    let authority = Authority::parse(host.as_bytes(), Some(base.port));
    authority
        .map(|authority| (scheme, authority))
        .ok_or_else(|| BindError::BaseUrl(base.host.clone()))
}

const BACKLOG: u32 = 1024;
const IDLE: Duration = Duration::from_mins(2);
const HEAD_TIME: Duration = Duration::from_secs(10);
const LOOK_UPS: usize = 4;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
