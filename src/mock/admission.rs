//! Who may call: the credential and the caller's address.
use std::fmt;
use std::net::IpAddr;

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
