//! What has reached the proxy so far, step by step: for whoever waits for the first call to the API.
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::client::{ClientKind, Sender};
use crate::journal::draft::Peer;

/// Counts of what has come.
#[derive(Default)]
pub(super) struct Arrivals {
    connections: AtomicU64,
    elsewhere: AtomicU64,
    distrusting: AtomicU64,
    calls: AtomicU64,
    by_cron: AtomicBool,
    last: Mutex<Option<Arc<Peer>>>,
}

/// What has come so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Connections that were accepted.
    pub connections: u64,
    /// Requests and tunnels to hosts that are not looked into.
    pub elsewhere: u64,
    /// TLS handshakes that a client broke off because it does not trust our certificate.
    pub distrusting: u64,
    /// Requests to the API that were read.
    pub calls: u64,
    /// Whether a cron job has connected.
    pub by_cron: bool,
    /// Who connected last, before the first call came.
    pub last: Option<Sender>,
}

impl Arrivals {
    /// Somebody has connected.
    pub(super) fn connection(&self, peer: &Arc<Peer>) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        // Once a call has come nobody asks any more, and no connection is to wait for a lock.
        if self.calls.load(Ordering::Relaxed) == 0 {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(peer.clone());
        }
    }

    /// It is known who has connected.
    pub(super) fn sender(&self, peer: &Peer, sender: Sender) {
        if sender.kind == Some(ClientKind::Cron) {
            self.by_cron.store(true, Ordering::Relaxed);
        }
        let _ = peer.sender.set(sender);
    }

    /// Something went to a host that is not looked into.
    pub(super) fn elsewhere(&self) {
        self.elsewhere.fetch_add(1, Ordering::Relaxed);
    }

    /// A client does not trust our certificate.
    pub(super) fn distrusting(&self) {
        self.distrusting.fetch_add(1, Ordering::Relaxed);
    }

    /// A request to the API was read.
    pub(super) fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// What has come so far.
    pub(super) fn so_far(&self) -> Arrived {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        Arrived {
            connections: load(&self.connections),
            elsewhere: load(&self.elsewhere),
            distrusting: load(&self.distrusting),
            calls: load(&self.calls),
            by_cron: self.by_cron.load(Ordering::Relaxed),
            last: last.as_ref().and_then(|peer| peer.sender.get().cloned()),
        }
    }
}
