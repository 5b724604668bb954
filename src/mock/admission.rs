//! Who may call: the credential and the caller's address.
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use thiserror::Error;
use zeroize::Zeroizing;

use super::Options;
use super::refusal::Refusal;

/// A user name and its API secret. Shows neither its secret nor the secret's length.
#[derive(Clone)]
pub struct Credential {
    pair: Zeroizing<String>,
    colon: usize,
}

impl Credential {
    /// Reads the text of a credential file: one line, `username:api_secret`.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        let line = text.trim_end_matches(['\r', '\n']);
        let colon = bare_pair(line).ok_or(CredentialError)?;
        Ok(Self {
            pair: Zeroizing::new(line.to_owned()),
            colon,
        })
    }

    /// The user name.
    pub fn username(&self) -> &str {
        &self.pair[..self.colon]
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("username", &self.username())
            .finish_non_exhaustive()
    }
}

/// The text is no credential. It does not say what was read, since that can hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not one line username:api_secret without spaces")]
pub struct CredentialError;

/// An address, or all addresses with the same leading bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether the address is in it. An IPv4 address inside IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differ = u32::from(ours) ^ u32::from(theirs);
                differ.leading_zeros() >= self.bits.into()
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differ = u128::from(ours) ^ u128::from(theirs);
                differ.leading_zeros() >= self.bits.into()
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    /// Reads `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`.
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => all,
            Some(bits) => bits.parse().map_err(|_| NetworkError)?,
        };
        if bits > all {
            return Err(NetworkError);
        }
        Ok(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        match (self.address, self.bits) {
            (IpAddr::V4(_), 32) | (IpAddr::V6(_), 128) => Ok(()),
            (_, bits) => write!(f, "/{bits}"),
        }
    }
}

/// The text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an address or a network such as 192.0.2.0/24")]
pub struct NetworkError;

pub(super) fn admit_caller(options: &Options, caller: IpAddr) -> Result<(), Refusal> {
    let list = &options.whitelist;
    if list.is_empty() || list.iter().any(|network| network.contains(caller)) {
        return Ok(());
    }
    Err(Refusal::Caller(
        "the caller's address is not in the mock's whitelist",
    ))
}

pub(super) fn admit_login(options: &Options, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let Some(field) = fields.next() else {
        return Err(Refusal::Login("the request has no Authorization header"));
    };
    if fields.next().is_some() {
        return Err(Refusal::Login("the request has two Authorization headers"));
    }
    let pair = field.to_str().unwrap_or_default();
    let Some(colon) = bare_pair(pair) else {
        return Err(Refusal::Login(
            "the Authorization header is not a bare username:api_secret",
        ));
    };
    let accepted = match &options.credential {
        Some(credential) => *credential.pair == pair,
        None => &pair[colon + 1..] != WRONG,
    };
    if accepted {
        return Ok(());
    }
    Err(Refusal::Login("the username or the secret is a wrong one"))
}

/// Where the colon of a `username:api_secret` is. White space is in neither part, so that a scheme word in front, as
/// in `Basic …` and `Bearer …`, never passes for a part of the username.
fn bare_pair(text: &str) -> Option<usize> {
    let colon = text.find(':')?;
    let filled = colon > 0 && colon + 1 < text.len();
    let bare = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    (filled && bare).then_some(colon)
}

/// The one secret that is refused while no credential is set.
const WRONG: &str = "wrong";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses() {
        for (network, address, want) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ] {
            let read: Network = network.parse().unwrap();
            assert_eq!(
                read.contains(address.parse().unwrap()),
                want,
                "{network} {address}"
            );
            assert_eq!(read.to_string(), network);
        }
        for odd in [
            "",
            "x",
            "1.2.3.4/33",
            "1.2.3.4/",
            "::/129",
            "1.2.3.4/-1",
            "1.2.3.4/8/8",
        ] {
            assert_eq!(odd.parse::<Network>(), Err(NetworkError), "{odd}");
        }
    }

    #[test]
    fn a_credential_shows_its_username_only() {
        let credential = Credential::parse("demo:hunter:2\r\n").unwrap();
        assert_eq!(credential.username(), "demo");
        assert!(!format!("{credential:?}").contains("hunter"));
        for odd in [
            "",
            "demo",
            "demo:",
            ":hunter2",
            "Basic demo:x",
            "a:b\nc:d",
            " a:b",
        ] {
            assert!(Credential::parse(odd).is_err(), "{odd}");
        }
    }
}
