//! The inspector: a page and an API on loopback, for those who would rather look than read a log.
//!
//! It shows sealed records and nothing else, so that it can show nothing that the log could not. It cannot send a
//! request, repeat one, or change traffic: what can be changed is what it shows. It never makes the proxy wait.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jiff::tz::TimeZone;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::capture::Budget;
use crate::journal::Gauge;
use crate::sink::history::History;
use crate::sink::tally::Tally;

pub use api::ROUTES;
pub use token::Lock;

mod api;
mod case;
mod detail;
mod events;
mod guard;
mod list;
mod metrics;
mod node;
mod page;
mod parts;
mod rule_page;
mod session;
mod summary;
mod token;

/// What the inspector shows, and what it says of the proxy.
pub struct Inspector {
    /// The records.
    pub history: History,
    /// The counts of the run.
    pub tally: Tally,
    /// The journal's counts.
    pub gauge: Gauge,
    /// The bytes that copies of bodies may take: what is left, and how many in all.
    pub budget: (Arc<Budget>, usize),
    /// Where the proxy listens.
    pub proxy: Vec<SocketAddr>,
    /// The public copy of the CA's root.
    pub root: PathBuf,
    /// Where requests without a proxy setting go.
    pub base_url: String,
    /// Whether the mock answers.
    pub mock: bool,
    /// Who may read, who may change.
    pub lock: Lock,
    /// The zone of the times shown.
    pub zone: TimeZone,
}

impl Inspector {
    /// Serves the listener's connections until `stopping` turns true; those that are open then are cut.
    pub async fn serve(self, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
        let routes = router(Arc::new(self));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => accepted,
            };
            match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, routes.clone()))),
                // Out of descriptors, most likely: trying again at once would only burn time.
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    /// The URL to print, with the token in its fragment, which no browser sends.
    pub fn url(address: SocketAddr, lock: &Lock) -> String {
        format!("http://{address}/#token={}", lock.token())
    }
}

fn router(inspector: Arc<Inspector>) -> Router {
    Router::new()
        .merge(api::routes(inspector.clone()))
        .merge(page::routes())
        .fallback(page::not_found)
        .layer(axum::middleware::from_fn_with_state(
            inspector.clone(),
            guard::check,
        ))
        .with_state(inspector)
}

async fn converse(stream: TcpStream, routes: Router) {
    stream.set_nodelay(true).ok();
    // A reader that takes nothing is cut; the script then resumes where it was.
    rustix::net::sockopt::set_tcp_user_timeout(&stream, SLOWEST_READER).ok();
    let service = TowerToHyperService::new(routes);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that ends badly has ended all the same.
    connection.await.ok();
}

const MOST_CONNECTIONS: usize = 64;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const HEAD_TIME: Duration = Duration::from_secs(10);
const HEAD_SIZE: usize = 32 * 1024;
/// Milliseconds without a byte taken.
const SLOWEST_READER: u32 = 30_000;
