//! Names to addresses, by the system's resolver: it holds a thread for as long as it likes, whoever still waits.
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// For whom a name is looked up.
#[derive(Clone, Copy)]
pub(super) enum LookUp {
    /// A call that is read.
    Call,
    /// A tunnel, or what else is carried unread: any host at all.
    Carried,
}

impl LookUp {
    /// The addresses of a host.
    pub(super) async fn of(self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let turns = match self {
            Self::Call => &FOR_CALLS,
            Self::Carried => &FOR_CARRIED,
        };
        let turn = turns.acquire().await.map_err(io::Error::other)?;
        let host = host.to_owned();
        let looking = spawn_blocking(move || {
            // Kept until the resolver is done, though nobody may wait any more.
            let _turn = turn;
            let found = (host.as_str(), port).to_socket_addrs()?;
            // getaddrinfo may name an address once for each socket type.
            let mut seen = HashSet::new();
            Ok(found.filter(|address| seen.insert(*address)).collect())
        });
        looking.await.map_err(io::Error::other)?
    }
}

/// How many look-ups may be under way, so that a slow resolver does not take all threads that may block (tokio has
/// 512), and so that hosts which are not read cannot keep calls waiting.
const MOST: usize = 192;
static FOR_CALLS: Semaphore = Semaphore::const_new(MOST);
static FOR_CARRIED: Semaphore = Semaphore::const_new(MOST);
