//! The DNS names that a CA may speak for. Nothing here knows certificates.
use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::DnsName;

use super::CaError;

/// Names in lower case, sorted; each covers its subdomains, none is covered by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// The names that a CA is wanted for.
    ///
    /// A single label is refused, but for `localhost`: `com` would let the CA speak for all of `.com`.
    pub(super) fn wanted(names: &[String]) -> Result<Self, CaError> {
        let mut wanted = Vec::with_capacity(names.len());
        for name in names {
            let host = host(name)?;
            if !host.contains('.') && host != "localhost" {
                return Err(CaError::Name {
                    name: host,
                    why: "it has no dot, and the CA would speak for a whole top-level domain",
                });
            }
            wanted.push(host);
        }
        if wanted.is_empty() {
            return Err(CaError::NoNames);
        }
        Ok(Self::reduced(&wanted))
    }

    /// Names that were read from a certificate.
    pub(super) fn reduced(names: &[String]) -> Self {
        let mut kept: Vec<_> = names
            .iter()
            .filter(|name| {
                !names
                    .iter()
                    .any(|other| other != *name && lies_in(name, other))
            })
            .cloned()
            .collect();
        kept.sort_unstable();
        kept.dedup();
        Self(kept)
    }

    /// Whether a host, as [`host`] returns it, is one of the names or lies below one.
    pub(super) fn cover(&self, host: &str) -> bool {
        self.0.iter().any(|name| lies_in(host, name))
    }

    /// Whether all of the other names are covered.
    pub(super) fn cover_all(&self, others: &Self) -> bool {
        others.0.iter().all(|other| self.cover(other))
    }

    pub(super) fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// A host in the form that certificates use: lower case, no trailing dot, no address.
pub(super) fn host(text: &str) -> Result<String, CaError> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return Err(CaError::Name {
            name,
            why: "it is an address, and the CA never speaks for addresses",
        });
    }
    if DnsName::try_from(name.as_str()).is_err() {
        return Err(CaError::Name {
            name,
            why: "it is not a DNS name",
        });
    }
    Ok(name)
}

fn lies_in(host: &str, name: &str) -> bool {
    host.strip_suffix(name)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Result<Names, CaError> {
        Names::wanted(&list.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_name_covers_itself_and_its_subdomains_only() {
        let ours = names(&["NiceNIC.net.", "nicenic.com"]).unwrap();
        for inside in ["nicenic.net", "api.nicenic.net", "a.b.nicenic.com"] {
            assert!(ours.cover(inside), "{inside}");
        }
        for outside in [
            "evilnicenic.net",
            "nicenic.net.evil.example",
            "net",
            "nicenic.org",
            "",
        ] {
            assert!(!ours.cover(outside), "{outside}");
        }
    }

    #[test]
    fn names_are_reduced_to_the_widest() {
        let ours = names(&["api.nicenic.net", "nicenic.net", "nicenic.net", "a.example"]).unwrap();
        assert_eq!(ours.as_slice(), ["a.example", "nicenic.net"]);
        assert!(ours.cover_all(&names(&["sandbox-api.nicenic.net"]).unwrap()));
        assert!(!ours.cover_all(&names(&["nicenic.net", "b.example"]).unwrap()));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in [
            "",
            ".",
            "com",
            "127.0.0.1",
            "[::1]",
            "::1",
            "2130706433",
            "*.nicenic.net",
            "a b.example",
            ".nicenic.net",
            "nicenic..net",
            "nicenic.net:443",
            "127.1",
            "ni\u{444}enic.net",
        ] {
            assert!(names(&[bad]).is_err(), "{bad}");
        }
        assert!(names(&[]).is_err());
        assert!(names(&["localhost"]).is_ok());
    }
}
