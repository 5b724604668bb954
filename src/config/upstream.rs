//! Another proxy to go out through: its URL, the login in it, and which destinations it is not for.
use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::Network;
use super::error::{Error, Source};
use super::place::{fields, is_ip, read_host, read_port};
use super::value::{self, Word};

/// Through which proxy calls go out; the default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    https: Option<UpstreamProxy>,
    http: Option<UpstreamProxy>,
    spared: Vec<Spared>,
}

impl Upstream {
    /// Everything goes through this one, if there is one.
    pub fn all_through(proxy: Option<UpstreamProxy>) -> Self {
        Self {
            https: proxy.clone(),
            http: proxy,
            spared: Vec::new(),
        }
    }

    /// What the proxy variables say, read as curl reads them. `HTTP_PROXY` in capitals does not count: a web server
    /// sets it from a request's `Proxy` field.
    pub(super) fn of_variables(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let given = |name: &&str| {
            let value = var(name)?.to_string_lossy().into_owned();
            (!value.is_empty()).then_some((String::from(*name), value))
        };
        let first = |names: &[&str]| names.iter().find_map(given).map(proxy_of).transpose();
        let spared = ["no_proxy", "NO_PROXY"].iter().find_map(given);
        Ok(Self {
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
            http: first(&["http_proxy", "all_proxy", "ALL_PROXY"])?,
            spared: spared.map_or_else(Vec::new, |(_, list)| Spared::list(&list)),
        })
    }

    /// The proxy for this destination; `None`: it is reached directly.
    pub fn proxy_for(&self, https: bool, host: &str) -> Option<&UpstreamProxy> {
        let proxy = if https { &self.https } else { &self.http };
        let is_spared = self.spared.iter().any(|one| one.covers(host));
        proxy.as_ref().filter(|_| !is_spared)
    }

    /// All proxies that are named, each once.
    pub fn proxies(&self) -> impl Iterator<Item = &UpstreamProxy> {
        let other = self.http.as_ref();
        let other = other.filter(|http| Some(*http) != self.https.as_ref());
        self.https.iter().chain(other)
    }
}

fn proxy_of((name, value): (String, String)) -> Result<UpstreamProxy, Error> {
    // In a variable the scheme may be missing.
    let text = if value.contains("://") {
        value.clone()
    } else {
        format!("http://{value}")
    };
    UpstreamProxy::read(&text).map_err(|expected| Error::Value {
        seen: value::shown_for(&name, &value).into_owned(),
        given: Source::Variable(name),
        expected: expected.to_owned(),
    })
}

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamProxy {
    /// What it speaks.
    pub scheme: ProxyScheme,
    /// Its host, lower case.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What it wants to know.
    pub login: Option<ProxyLogin>,
}

/// Without its login.
impl fmt::Display for UpstreamProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        let scheme = self.scheme.word();
        if host.contains(':') {
            return write!(f, "{scheme}://[{host}]:{port}");
        }
        write!(f, "{scheme}://{host}:{port}")
    }
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// HTTP in clear.
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS 5. The proxy finds the addresses of names.
    Socks5,
}

impl ProxyScheme {
    /// As it stands in a URL.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
        }
    }

    /// The port of a URL that names none. Clients differ in what they take for `http`: curl 1080, others 80.
    const fn own_port(self) -> Option<u16> {
        match self {
            Self::Http => None,
            Self::Https => Some(443),
            Self::Socks5 => Some(1080),
        }
    }
}

/// The user and the password of a proxy. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyLogin {
    /// The user.
    pub user: Zeroizing<String>,
    /// The password; may be empty.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for ProxyLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyLogin")
    }
}

impl ProxyLogin {
    fn read(text: &str) -> Option<Self> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let plain = |half: &str| {
            let half = Zeroizing::new(percent_decode_str(half).decode_utf8().ok()?.into_owned());
            (!half.chars().any(char::is_control)).then_some(half)
        };
        let login = Self {
            user: plain(user)?,
            password: plain(password)?,
        };
        (!login.user.is_empty() && !login.user.contains(':')).then_some(login)
    }

    /// `user:password`.
    pub fn pair(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}:{}", self.user.as_str(), self.password.as_str()))
    }

    /// The field that carries it to an HTTP proxy (RFC 7617), with its line's end.
    pub fn basic_field(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(self.pair().as_bytes()));
        Zeroizing::new(format!(
            "Proxy-Authorization: Basic {}\r\n",
            encoded.as_str()
        ))
    }

    /// Whether SOCKS 5 can carry it.
    fn fits_socks(&self) -> bool {
        [&self.user, &self.password]
            .into_iter()
            .all(|half| (1..=255).contains(&half.len()))
    }
}

impl Word for UpstreamProxy {
    const EXPECTED: &'static str = "the URL of a proxy with its port, such as `http://proxy.example:3128`, `https://proxy.example` or \
         `socks5://127.0.0.1:1080`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or(Self::EXPECTED)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyScheme::Http,
            "https" => ProxyScheme::Https,
            "socks5" | "socks5h" => ProxyScheme::Socks5,
            _ => return Err(Self::EXPECTED),
        };
        // A password may hold what ends an authority.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, rest),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match fields(authority)[..] {
            [host] => (host, scheme.own_port()),
            [host, port] => (host, read_port(port)),
            _ => return Err(Self::EXPECTED),
        };
        let login = match login.map(ProxyLogin::read) {
            Some(None) => return Err(UNSOUND_LOGIN),
            Some(Some(login)) if scheme == ProxyScheme::Socks5 && !login.fits_socks() => {
                return Err(UNSOUND_LOGIN);
            }
            login => login.flatten(),
        };
        Ok(Self {
            scheme,
            host: read_host(host).ok_or(Self::EXPECTED)?,
            port: port.ok_or(Self::EXPECTED)?,
            login,
        })
    }
}

/// What `upstream_proxy` can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpstreamChoice {
    /// This one.
    Url(UpstreamProxy),
    /// What the proxy variables say.
    Env,
}

impl UpstreamChoice {
    /// Whether a user or a password stands in it.
    pub const fn holds_login(&self) -> bool {
        matches!(self, Self::Url(proxy) if proxy.login.is_some())
    }
}

impl Word for UpstreamChoice {
    const EXPECTED: &'static str = "`env`, or the URL of a proxy with its port, such as `http://proxy.example:3128`, \
         `https://proxy.example` or `socks5://127.0.0.1:1080`";

    fn read(text: &str) -> Result<Self, &'static str> {
        if text == "env" {
            return Ok(Self::Env);
        }
        match UpstreamProxy::read(text) {
            Ok(proxy) => Ok(Self::Url(proxy)),
            Err(UNSOUND_LOGIN) => Err(UNSOUND_LOGIN),
            Err(_) => Err(Self::EXPECTED),
        }
    }
}

/// An entry of `no_proxy`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spared {
    All,
    /// A host and its subdomains, lower case.
    Domain(String),
    Network(Network),
}

impl Spared {
    /// Entries as curl reads them: commas or blanks between, a dot in front of a name means nothing.
    fn list(text: &str) -> Vec<Self> {
        let words = text.split([',', ' ', '\t']).map(str::trim);
        words
            .filter(|word| !word.is_empty())
            .map(|word| {
                let bare = word.trim_start_matches('[').trim_end_matches(']');
                match Network::read(bare) {
                    _ if word == "*" => Self::All,
                    Ok(network) => Self::Network(network),
                    Err(_) => {
                        let name = word.strip_prefix('.').unwrap_or(word);
                        let name = name.strip_suffix('.').unwrap_or(name);
                        Self::Domain(name.to_ascii_lowercase())
                    }
                }
            })
            .collect()
    }

    fn covers(&self, host: &str) -> bool {
        match self {
            Self::All => true,
            Self::Network(network) => host
                .parse::<IpAddr>()
                .is_ok_and(|address| network.contains(address)),
            Self::Domain(name) if is_ip(host) => name == host,
            Self::Domain(name) => host
                .strip_suffix(name.as_str())
                .is_some_and(|front| front.is_empty() || front.ends_with('.')),
        }
    }
}

/// The variables that name a proxy.
pub const PROXY_VARIABLES: [&str; 6] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];
const UNSOUND_LOGIN: &str = "`user:password` in front of the host, with %40 for @, %3A for a colon in the user, and no control bytes; \
     SOCKS wants both, of at most 255 bytes";

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(text: &str) -> UpstreamProxy {
        UpstreamProxy::read(text).unwrap()
    }

    #[test]
    fn a_proxy_is_read_from_its_url() {
        for (text, shown) in [
            ("http://Proxy.Example:3128", "http://proxy.example:3128"),
            ("http://proxy.example:3128/", "http://proxy.example:3128"),
            ("https://proxy.example", "https://proxy.example:443"),
            ("socks5://[::1]", "socks5://[::1]:1080"),
            ("SOCKS5H://127.0.0.1:9050", "socks5://127.0.0.1:9050"),
        ] {
            assert_eq!(proxy(text).to_string(), shown);
        }
        for text in [
            "",
            "proxy.example:3128",
            // Which port is meant depends on the client.
            "http://proxy.example",
            "socks4://127.0.0.1:1",
            "http://proxy.example:3128/path",
            "http://:3128",
            "http://proxy.example:0",
        ] {
            assert!(UpstreamProxy::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_login_is_decoded_and_never_shown() {
        let with = proxy("http://bob:p%40ss:w/rd@proxy.example:3128");
        let login = with.login.as_ref().unwrap();
        assert_eq!(
            (login.user.as_str(), login.password.as_str()),
            ("bob", "p@ss:w/rd")
        );
        let shown = format!(
            "{with} {with:?} {:?}",
            Upstream::all_through(Some(with.clone()))
        );
        assert!(!shown.contains("p@ss") && !shown.contains("bob"), "{shown}");
        for text in [
            "http://@proxy.example:3128",
            "http://:pass@proxy.example:3128",
            "http://a%3Ab:pass@proxy.example:3128",
            "http://bob:a%0D%0Ab@proxy.example:3128",
            "socks5://bob@proxy.example",
        ] {
            assert_eq!(UpstreamProxy::read(text), Err(UNSOUND_LOGIN), "{text}");
        }
    }

    #[test]
    fn variables_are_read_as_curl_reads_them() {
        let of = |set: &[(&str, &str)]| {
            Upstream::of_variables(|name| {
                let found = set.iter().find(|(have, _)| *have == name);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        let host = |upstream: &Upstream, https, host: &str| {
            upstream
                .proxy_for(https, host)
                .map(|proxy| proxy.host.clone())
        };
        let both = of(&[
            ("https_proxy", "a.example:1"),
            ("HTTPS_PROXY", "http://b.example:1"),
            ("HTTP_PROXY", "http://c.example:1"),
            ("ALL_PROXY", "socks5h://d.example"),
        ])
        .unwrap();
        assert_eq!(host(&both, true, "x.test").as_deref(), Some("a.example"));
        assert_eq!(host(&both, false, "x.test").as_deref(), Some("d.example"));
        assert_eq!(of(&[]).unwrap(), Upstream::default());
        let error = of(&[("https_proxy", "http://bob:hunter2@a.example:x")]).unwrap_err();
        let told = error.to_string();
        assert!(told.starts_with("https_proxy: expected the URL"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        for (list, host, is_spared) in [
            ("nicenic.net", "api.nicenic.net", true),
            (".nicenic.net", "nicenic.net", true),
            ("nicenic.net.", "api.nicenic.net", true),
            ("nicenic.net", "notnicenic.net", false),
            ("a.test, NICENIC.net", "api.nicenic.net", true),
            ("a.test nicenic.net", "api.nicenic.net", true),
            ("*", "anything.test", true),
            ("*.nicenic.net", "api.nicenic.net", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("[::1]", "::1", true),
            ("0.1", "10.0.0.1", false),
            ("", "api.nicenic.net", false),
        ] {
            let upstream = Upstream {
                spared: Spared::list(list),
                ..Upstream::all_through(Some(proxy("http://p.example:1")))
            };
            assert_eq!(
                upstream.proxy_for(true, host).is_none(),
                is_spared,
                "{list} {host}"
            );
        }
    }
}
