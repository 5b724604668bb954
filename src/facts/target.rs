//! Where a request is meant to go.
use std::fmt;

use crate::catalogue::Catalogue;

/// How the request reached the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// Inside a CONNECT tunnel.
    Connect,
    /// `GET http://…` on the proxy port.
    Absolute,
    /// `GET https://…` in clear on the proxy port.
    AbsoluteHttps,
    /// `GET /…` on the proxy port: base-URL mode.
    Gateway,
}

/// The scheme towards the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Cleartext.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// 80 or 443.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A host and a port. The host is lower case, without a trailing dot; an IPv6 literal stands without brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Authority {
    host: Box<str>,
    port: u16,
}

impl Authority {
    /// Reads `host`, `host:port` or `[v6]:port`; `None` if it is neither, or names no host that could exist.
    pub fn parse(text: &[u8], default_port: Option<u16>) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (
                    host,
                    if rest.is_empty() {
                        None
                    } else {
                        Some(rest.strip_prefix(':')?)
                    },
                )
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = match port {
            None => default_port?,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
            Some(_) => return None,
        };
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let is_v6 = text.starts_with('[');
        let sound = !host.is_empty() && host.len() <= 253 && port != 0;
        let labels_sound = is_v6
            || host.split('.').all(|label| {
                (1..=63).contains(&label.len())
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            });
        (sound && labels_sound).then(|| Self {
            host: host.into(),
            port,
        })
    }

    /// The host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is an IP address literal.
    pub fn is_ip(&self) -> bool {
        self.host.parse::<std::net::IpAddr>().is_ok()
    }

    /// Whether the host is this name or a subdomain of it.
    pub fn is_within(&self, name: &str) -> bool {
        self.host
            .strip_suffix(name)
            .is_some_and(|front| front.is_empty() || front.ends_with('.'))
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Which of NiceNIC's systems a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// `api.nicenic.net`.
    Production,
    /// `sandbox-api.nicenic.net`.
    Sandbox,
    /// Any other host.
    Other,
}

/// How a host that is not the API's resembles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookalike {
    /// `api.www.*`: mirrors of the documentation write their own name over the API's. Nothing may go there.
    Mirror,
    /// `api.nicenic`: the top-level domain is missing.
    NoTld,
    /// `api.nicenic.com`: the top-level domain is another one.
    OtherTld,
    /// `api.nicenic.net.example.org`: the API's name stands in front of somebody else's.
    Prefix,
    /// One or two letters off.
    Typo,
}

/// The host that a request or a CONNECT names.
#[derive(Clone)]
pub struct Target {
    /// Host and port.
    pub authority: Authority,
    /// Which of NiceNIC's systems it is.
    pub environment: Environment,
    /// Whether requests to it are looked into.
    pub in_scope: bool,
    /// The scheme towards the origin, where known: a CONNECT does not say.
    pub scheme: Option<Scheme>,
    /// How it came.
    pub via: Via,
    /// Whether its CONNECT carried an Authorization header, where every proxy on the way can read it.
    pub authorization_on_connect: bool,
    /// Whether the client took a certificate that it cannot know: nobody has read our root since it was made.
    pub trusts_blindly: bool,
}

impl Target {
    /// The host of a request, or of a CONNECT (`scheme` unknown yet).
    pub fn new(authority: Authority, in_scope: bool, scheme: Option<Scheme>, via: Via) -> Self {
        let environment = match authority.host() {
            PRODUCTION => Environment::Production,
            SANDBOX => Environment::Sandbox,
            _ => Environment::Other,
        };
        Self {
            authority,
            environment,
            in_scope,
            scheme,
            via,
            authorization_on_connect: false,
            trusts_blindly: false,
        }
    }

    /// The same, and whether the client took a certificate that it cannot know.
    #[must_use]
    pub fn with_blind_trust(self, trusts_blindly: bool) -> Self {
        Self {
            trusts_blindly,
            ..self
        }
    }

    /// The same, and whether its CONNECT carried an Authorization header.
    #[must_use]
    pub fn with_authorization_on_connect(self, authorization_on_connect: bool) -> Self {
        Self {
            authorization_on_connect,
            ..self
        }
    }

    /// Whether the host is one of the API's two.
    pub fn is_api(&self) -> bool {
        self.environment != Environment::Other
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.authority.host();
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.to_canonical().is_loopback())
    }

    /// How the host resembles the API's, if it is not the API's. An IP address resembles nothing.
    ///
    /// Names within `nicenic.net` are NiceNIC's own: only a credential sent there is remarkable.
    pub fn lookalike(&self) -> Option<Lookalike> {
        let host = self.authority.host();
        if self.is_api() || self.authority.is_within(API_DOMAIN) || self.authority.is_ip() {
            return None;
        }
        let mirrors = &Catalogue::current().meta.never_send_credentials_to;
        if host.starts_with("api.www.") || mirrors.iter().any(|mirror| mirror == host) {
            return Some(Lookalike::Mirror);
        }
        let after = |front: &str| {
            host.strip_prefix(front)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        if [PRODUCTION, SANDBOX, API_DOMAIN].into_iter().any(after) {
            return Some(Lookalike::Prefix);
        }
        if NAMES_WITHOUT_TLD.contains(&host) {
            return Some(Lookalike::NoTld);
        }
        if NAMES_WITHOUT_TLD[..2].iter().copied().any(after) {
            return Some(Lookalike::OtherTld);
        }
        let is_near = |name: &str| {
            name.len().abs_diff(host.len()) <= 2 && strsim::osa_distance(name, host) <= 2
        };
        (is_near(PRODUCTION) || is_near(SANDBOX)).then_some(Lookalike::Typo)
    }

    /// The API host that was meant, as far as the name tells.
    pub fn meant(&self) -> &'static str {
        if self.authority.host().contains("sandbox") {
            SANDBOX
        } else {
            PRODUCTION
        }
    }
}

/// The names of `api.nicenic.net`, `sandbox-api.nicenic.net` and `nicenic.net` with the end forgotten.
const NAMES_WITHOUT_TLD: [&str; 3] = ["api.nicenic", "sandbox-api.nicenic", "nicenic"];
const API_DOMAIN: &str = "nicenic.net";
/// The host of production. Source: `meta` of the catalogue; a test compares them.
pub const PRODUCTION: &str = "api.nicenic.net";
/// The host of the sandbox. Source: as [`PRODUCTION`].
pub const SANDBOX: &str = "sandbox-api.nicenic.net";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_are_those_of_the_catalogue() {
        let meta = &crate::catalogue::Catalogue::current().meta;
        assert_eq!(meta.production, format!("https://{PRODUCTION}/v2/"));
        assert_eq!(meta.sandbox, format!("https://{SANDBOX}/v2/"));
    }

    #[test]
    fn look_alikes_are_told_from_strangers() {
        for (host, want) in [
            ("api.nicenic.net", None),
            ("sandbox-api.nicenic.net", None),
            ("www.nicenic.net", None),
            ("nicenic.com", None),
            ("www.nicenic.com", None),
            ("payments.example.com", None),
            ("api.example.net", None),
            ("203.0.113.9", None),
            ("api.www.unionroom.cn", Some(Lookalike::Mirror)),
            ("api.www.example.com", Some(Lookalike::Mirror)),
            ("api.nicenic", Some(Lookalike::NoTld)),
            ("nicenic", Some(Lookalike::NoTld)),
            ("api.nicenic.com", Some(Lookalike::OtherTld)),
            ("sandbox-api.nicenic.org", Some(Lookalike::OtherTld)),
            ("api.nicenic.net.example.org", Some(Lookalike::Prefix)),
            ("nicenic.net.example.org", Some(Lookalike::Prefix)),
            ("api.nicenlc.net", Some(Lookalike::Typo)),
            ("apinicenic.net", Some(Lookalike::Typo)),
            ("api.nicnic.net", Some(Lookalike::Typo)),
            ("sandbox-api.niceinc.net", Some(Lookalike::Typo)),
        ] {
            let authority = Authority::parse(host.as_bytes(), Some(443)).unwrap();
            let target = Target::new(authority, false, None, Via::Connect);
            assert_eq!(target.lookalike(), want, "{host}");
        }
    }

    #[test]
    fn authorities_are_read_strictly() {
        for (text, want) in [
            ("api.nicenic.net:443", Some("api.nicenic.net:443")),
            ("API.NiceNIC.net.:443", Some("api.nicenic.net:443")),
            ("[2001:db8::1]:443", Some("[2001:db8::1]:443")),
            ("203.0.113.9:1", Some("203.0.113.9:1")),
            ("api.nicenic.net", None),
            ("api.nicenic.net:0", None),
            ("api.nicenic.net:65536", None),
            ("api.nicenic.net:+1", None),
            (":443", None),
            ("*.nicenic.net:443", None),
            ("user@api.nicenic.net:443", None),
            ("api.nicenic.net:443/v2", None),
            ("[::1:443", None),
            ("[fe80::1%25eth0]:443", None),
            ("a..b:443", None),
        ] {
            assert_eq!(
                Authority::parse(text.as_bytes(), None)
                    .map(|a| a.to_string())
                    .as_deref(),
                want,
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_covers_its_subdomains_and_nothing_else() {
        let within = |text: &str| {
            Authority::parse(text.as_bytes(), Some(443))
                .unwrap()
                .is_within("nicenic.net")
        };
        assert!(within("nicenic.net") && within("api.nicenic.net"));
        assert!(!within("notnicenic.net") && !within("nicenic.net.evil.example"));
    }
}
