//! Who may use the proxy, and for what: this machine, as far as `--only-user` and `--proxy-auth` let it; others with
//! `--allow-remote` only, as far as `--allow-from` and `--proxy-auth` let them.
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::config::{Config, Network, ProxyLogin};
use crate::http1::RequestHead;
use crate::journal::draft::{ConnectionDraft, Peer};
use crate::record::ConnectionStage;

use super::page::Page;

/// Who may use the proxy.
pub(super) struct Admission {
    from: Vec<Network>,
    login: Option<Login>,
    users: Vec<u32>,
}

/// What clients log in with: `Basic` and `user:password` (RFC 7617).
struct Login(Zeroizing<[u8; 32]>);

impl Login {
    /// Whether this value of `Proxy-Authorization` carries it. Takes as long for any guess.
    fn fits(&self, field: &[u8]) -> bool {
        let Some((scheme, token)) = field.split_at_checked(b"basic".len()) else {
            return false;
        };
        let pair = BASE64_STANDARD.decode(token.trim_ascii_start());
        let pair = pair.map(Zeroizing::new);
        let pair = pair.unwrap_or_default();
        let is_equal = verify_slices_are_equal(&*digest(&pair), &*self.0).is_ok();
        scheme.eq_ignore_ascii_case(b"basic") && is_equal
    }
}

/// Of equal length for any password, so that a comparison does not tell how long it is.
fn digest(pair: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(Sha256::digest(pair).into())
}

/// What a request on the proxy port asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// One of our own pages.
    OwnPage,
    /// The API, by base-URL mode.
    BaseUrl,
    /// To be carried to where it says.
    Proxy,
}

/// Why a client is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwelcome {
    /// It comes from where nobody is let in.
    Stranger,
    /// It is let in as far as it logs in, which base-URL mode cannot carry.
    NoBaseUrl,
    /// Another user of this machine.
    OtherUser,
    /// It has not logged in.
    NoLogin,
    /// It has logged in with something else.
    WrongLogin,
}

impl Unwelcome {
    /// What the log has of it: nothing that it sent.
    pub(super) fn draft(self, peer: Arc<Peer>) -> ConnectionDraft {
        ConnectionDraft {
            peer,
            host: None,
            stage: self.stage(),
            reason: self.reason(),
            raw: None,
            answered: Some(self.page().status),
            findings: Vec::new(),
        }
    }

    /// What it is told.
    pub(super) fn page(self) -> Page {
        match self {
            Self::Stranger => Page::denied(
                "this address is not one that nicetap serves",
                "if it is yours, add it to --allow-from",
            ),
            Self::NoBaseUrl => Page::denied(
                "base-URL mode and own pages are for this machine and for --allow-from only",
                "use it as a proxy, with the login; or add the address to --allow-from",
            ),
            Self::OtherUser => Page::denied(
                "nicetap serves the users of --only-user only",
                "call without it, or add the user to --only-user",
            ),
            Self::NoLogin => Page::login(
                "this proxy wants a login",
                "set user and password of the proxy in the client: http://USER:PASSWORD@HOST:PORT",
            ),
            Self::WrongLogin => Page::login(
                "user or password of the proxy is wrong",
                "nicetap showed them when it started, or they are where --proxy-auth takes them from",
            ),
        }
    }

    const fn stage(self) -> ConnectionStage {
        match self {
            Self::Stranger | Self::NoBaseUrl | Self::OtherUser => ConnectionStage::Head,
            Self::NoLogin | Self::WrongLogin => ConnectionStage::ProxyAuth,
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::Stranger => "the client's address is not in --allow-from",
            Self::NoBaseUrl => {
                "base-URL mode from another machine that is not in --allow-from: it cannot carry the login"
            }
            Self::OtherUser => "the client's user is not one of --only-user",
            Self::NoLogin => "the client sent no login of the proxy (--proxy-auth)",
            Self::WrongLogin => "the client's login of the proxy is not that of --proxy-auth",
        }
    }
}

impl Admission {
    pub(super) fn new(config: &Config, login: Option<ProxyLogin>, users: Vec<u32>) -> Self {
        Self {
            from: config.allow_from.clone(),
            login: login.map(|login| Login(digest(login.pair().as_bytes()))),
            users,
        }
    }

    /// Whether nothing of what it sends need be read.
    pub(super) fn is_stranger(&self, peer: &Peer) -> bool {
        !(peer.is_here || self.from.is_empty() || self.lists(peer))
    }

    /// Whether this request is one that the client may send.
    pub(super) async fn judge(
        &self,
        peer: &Peer,
        head: &RequestHead,
        wants: Wants,
    ) -> Result<(), Unwelcome> {
        let is_for_all = wants == Wants::OwnPage;
        if !peer.is_here {
            if wants != Wants::Proxy && !self.lists(peer) {
                return Err(Unwelcome::NoBaseUrl);
            }
        } else if !self.users.is_empty() && !is_for_all && !self.is_users(peer).await {
            return Err(Unwelcome::OtherUser);
        }
        match &self.login {
            Some(login) if wants == Wants::Proxy => has_login(login, head),
            _ => Ok(()),
        }
    }

    fn lists(&self, peer: &Peer) -> bool {
        let ip = peer.addr.ip();
        self.from.iter().any(|network| network.contains(ip))
    }

    /// Whose it is, is waited for: who cannot be told is not let in.
    async fn is_users(&self, peer: &Peer) -> bool {
        if peer.sender.get().is_none() {
            let _ = timeout(PATIENCE, peer.found.notified()).await;
        }
        let uid = peer.sender.get().and_then(|sender| sender.uid);
        uid.is_some_and(|uid| self.users.contains(&uid))
    }
}

fn has_login(login: &Login, head: &RequestHead) -> Result<(), Unwelcome> {
    let mut given = head.fields().all("proxy-authorization");
    match (given.next(), given.next()) {
        (None, _) => Err(Unwelcome::NoLogin),
        (Some(one), None) if login.fits(one) => Ok(()),
        _ => Err(Unwelcome::WrongLogin),
    }
}

/// Whether a client is on this machine: over loopback, or at the very address that it has called.
pub(super) fn is_here(ours: Option<SocketAddr>, peer: IpAddr) -> bool {
    peer.is_loopback() || ours.is_some_and(|ours| ours.ip().to_canonical() == peer)
}

const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_the_whole_pair_in_basic() {
        let login = Login(digest(b"bob:hunter2"));
        for (field, fits) in [
            ("Basic Ym9iOmh1bnRlcjI=", true),
            ("basic   Ym9iOmh1bnRlcjI=", true),
            ("Basic Ym9iOmh1bnRlcg==", false),
            ("Basic Ym9iOmh1bnRlcjIx", false),
            ("Bearer Ym9iOmh1bnRlcjI=", false),
            ("Basic bob:hunter2", false),
            ("Basic", false),
            ("", false),
        ] {
            assert_eq!(login.fits(field.as_bytes()), fits, "{field}");
        }
    }
}
