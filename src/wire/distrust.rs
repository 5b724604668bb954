//! Who has refused our certificate: the next connections of that client to that host pass unread for a while.
//!
//! A client is a program, not an address. On loopback all share one, and a single script that breaks its handshakes
//! off must not blind nicetap for everybody; and the next connection of the same program comes from another process
//! more often than not (`curl` again, another worker of the pool).
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::config::OnDistrust;
use crate::journal::draft::Peer;

/// Who has refused our certificate, for which host, and until when that counts.
pub(super) struct Distrust {
    what: OnDistrust,
    until: Mutex<HashMap<(IpAddr, String), HashMap<Program, Instant>>>,
    /// Rings when a client has refused our certificate.
    bell: Notify,
}

/// A program at an address, as far as this machine tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Program {
    uid: Option<u32>,
    name: Option<Box<str>>,
}

impl Distrust {
    pub(super) fn new(what: OnDistrust) -> Self {
        Self {
            what,
            until: Mutex::default(),
            bell: Notify::new(),
        }
    }

    /// Remembers that this client does not trust our certificate for this host.
    pub(super) async fn note(&self, client: &Peer, host: &str) {
        if self.what == OnDistrust::Fail {
            self.bell.notify_one();
            return;
        }
        let program = Program::of(client).await;
        let now = Instant::now();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, programs| {
            programs.retain(|_, until| *until > now);
            !programs.is_empty()
        });
        let known: usize = until.values().map(HashMap::len).sum();
        if known < MOST_KNOWN {
            let programs = until.entry((client.addr.ip(), host.to_owned()));
            programs.or_default().insert(program, now + TIME);
        }
        drop(until);
        // Only now: whoever answers by forgetting must find what is to be forgotten.
        self.bell.notify_one();
    }

    /// Waits until a client has refused our certificate.
    pub(super) async fn heard(&self) {
        self.bell.notified().await;
    }

    /// Looks into everybody's connections again.
    pub(super) fn forget(&self) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.clear();
    }

    /// Whether this client refused our certificate for this host a moment ago.
    pub(super) async fn counts_for(&self, client: &Peer, host: &str) -> bool {
        let key = (client.addr.ip(), host.to_owned());
        let has_any = {
            let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
            until.contains_key(&key)
        };
        // Who it is, is waited for only where it matters.
        if !has_any {
            return false;
        }
        let program = Program::of(client).await;
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        until.get(&key).is_some_and(|programs| {
            let mut programs = programs.iter();
            programs.any(|(other, until)| *until > now && other.may_be(&program))
        })
    }
}

impl Program {
    async fn of(client: &Peer) -> Self {
        if client.is_here && client.sender.get().is_none() {
            let _ = timeout(PATIENCE, client.found.notified()).await;
        }
        let sender = client.sender.get();
        Self {
            uid: sender.and_then(|sender| sender.uid),
            name: sender.and_then(|sender| sender.process.clone()),
        }
    }

    /// Whether the two can be one. A client that leaves at once may be gone before it is found out who it was: what is
    /// not known tells nobody apart, so that its next connection is not broken again.
    fn may_be(&self, other: &Self) -> bool {
        fn agree<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.zip(other).is_none_or(|(one, other)| one == other)
        }
        agree(self.uid.as_ref(), other.uid.as_ref())
            && agree(self.name.as_ref(), other.name.as_ref())
    }
}

const TIME: Duration = Duration::from_mins(1);
const MOST_KNOWN: usize = 1024;
/// A look-up takes milliseconds, and waits its turn when many connections come at once.
const PATIENCE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_a_program_tells_it_from_nobody() {
        let program = |uid: Option<u32>, name: Option<&str>| Program {
            uid,
            name: name.map(Box::from),
        };
        let curl = program(Some(33), Some("curl"));
        for (other, may_be) in [
            (program(Some(33), Some("curl")), true),
            (program(None, None), true),
            (program(Some(33), None), true),
            (program(Some(0), Some("curl")), false),
            (program(Some(0), None), false),
            (program(Some(33), Some("php")), false),
        ] {
            assert_eq!(curl.may_be(&other), may_be, "{other:?}");
            assert_eq!(other.may_be(&curl), may_be, "{other:?}");
        }
    }
}
