//! Hosts, addresses, ports and URLs as they are written.
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::value::Word;

/// A host, with all ports of HTTP or with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The host, lower case.
    pub host: String,
    /// The port; `None`: 80 and 443.
    pub port: Option<u16>,
}

impl HostPort {
    /// The ports of HTTP on this host.
    pub(super) fn all_of(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: None,
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// `HOST:PORT:HOST2:PORT2`, as curl reads it: an empty HOST or PORT means any, an empty HOST2 or PORT2 the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    /// The host asked for.
    pub host: Option<String>,
    /// The port asked for.
    pub port: Option<u16>,
    /// The host to dial.
    pub to_host: Option<String>,
    /// The port to dial.
    pub to_port: Option<u16>,
}

/// Where origin-form requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Whether over TLS.
    pub https: bool,
    /// The host, lower case.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Scheme and authority, without the final slash; the scheme's own port is left out.
impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { https, host, port } = self;
        let (scheme, own) = if *https { ("https", 443) } else { ("http", 80) };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]")?;
        } else {
            write!(f, "{scheme}://{host}")?;
        }
        if *port == own {
            return Ok(());
        }
        write!(f, ":{port}")
    }
}

/// Where a client on this machine reaches what listens there.
pub fn reached_here(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listener.port())
}

/// An IP address, or a range of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// An address in it.
    pub address: IpAddr,
    /// How many leading bits all its addresses share.
    pub prefix: u8,
}

impl Network {
    /// Whether the address is in it. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
            IpAddr::V6(address) => (address.to_bits(), false),
        };
        let (own, other) = (bits(self.address), bits(address));
        let shared = u128::MAX
            .checked_shl(128 - u32::from(self.prefix))
            .unwrap_or(0);
        own.1 == other.1 && (own.0 ^ other.0) & shared == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = if self.address.is_ipv4() { 32 } else { 128 };
        if self.prefix == longest {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

impl Word for Network {
    const EXPECTED: &'static str = "an IP address or a range such as `203.0.113.0/24`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let (address, prefix) = text.split_once('/').unzip();
        let address: IpAddr = address
            .unwrap_or(text)
            .parse()
            .map_err(|_| Self::EXPECTED)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(prefix) => prefix.parse().map_err(|_| Self::EXPECTED)?,
        };
        if prefix > longest {
            return Err(Self::EXPECTED);
        }
        Ok(Self { address, prefix })
    }
}

impl Word for HostPort {
    const EXPECTED: &'static str = "a host name such as `nicenic.net`, or with a port `nicenic.net:443`; it covers its subdomains";

    fn read(text: &str) -> Result<Self, &'static str> {
        if is_ip(text) {
            return Err(NO_IP);
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(read_port(port).ok_or(Self::EXPECTED)?)),
            None => (text, None),
        };
        if is_ip(host) {
            return Err(NO_IP);
        }
        let host = read_name(host).ok_or(Self::EXPECTED)?;
        if !host.contains('.') && host != "localhost" {
            return Err("a host name with a dot: one label would cover a whole top-level domain");
        }
        Ok(Self { host, port })
    }
}

impl Word for ConnectTo {
    const EXPECTED: &'static str = "`HOST:PORT:HOST2:PORT2`, each of them may be empty, IPv6 addresses in brackets, such as `api.nicenic.net:443:127.0.0.1:8443`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let [host, port, to_host, to_port] = fields(text)[..] else {
            return Err(Self::EXPECTED);
        };
        Ok(Self {
            host: unless_empty::<Self, _>(host, read_host)?,
            port: unless_empty::<Self, _>(port, read_port)?,
            to_host: unless_empty::<Self, _>(to_host, read_host)?,
            to_port: unless_empty::<Self, _>(to_port, read_port)?,
        })
    }
}

impl Word for BaseUrl {
    const EXPECTED: &'static str = "a URL such as `https://api.nicenic.net/v2/`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or(Self::EXPECTED)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(Self::EXPECTED),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err("a URL without user and password: the client sends its own credential");
        }
        let (host, port) = match fields(authority)[..] {
            [host] => (host, ""),
            [host, port] => (host, port),
            _ => return Err(Self::EXPECTED),
        };
        let port = unless_empty::<Self, _>(port, read_port)?;
        Ok(Self {
            https,
            host: read_host(host).ok_or(Self::EXPECTED)?,
            port: port.unwrap_or(if https { 443 } else { 80 }),
        })
    }
}

/// A service that answers with the address that it sees, or `off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Echo {
    /// None is asked.
    Off,
    /// This one.
    Url(EchoUrl),
}

impl Word for Echo {
    const EXPECTED: &'static str = "the URL of a site that answers with one IP address, such as `https://api64.ipify.org/`, or `off`";

    fn read(text: &str) -> Result<Self, &'static str> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let base = BaseUrl::read(text).map_err(|_| Self::EXPECTED)?;
        let (_, rest) = text.split_once("://").ok_or(Self::EXPECTED)?;
        let path = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
        let is_sound = path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !is_sound {
            return Err(Self::EXPECTED);
        }
        Ok(Self::Url(EchoUrl {
            https: base.https,
            host: base.host,
            port: base.port,
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
        }))
    }
}

/// The URL of a service that answers with the address that it sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoUrl {
    /// Whether over TLS.
    pub https: bool,
    /// The host, lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub path: String,
}

impl EchoUrl {
    /// Two public services of different operators, each reachable over both families.
    pub fn defaults() -> Vec<Self> {
        [
            ("api64.ipify.org", "/"),
            ("www.cloudflare.com", "/cdn-cgi/trace"),
        ]
        .map(|(host, path)| Self {
            https: true,
            host: host.to_owned(),
            port: 443,
            path: path.to_owned(),
        })
        .to_vec()
    }

    /// Host and port as the Host header has them: the scheme's own port is left out.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let own = if self.https { 443 } else { 80 };
        if self.port == own {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

/// The name of a website.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site(pub String);

impl Word for Site {
    const EXPECTED: &'static str = "the name of your website such as `www.example.com`";

    fn read(text: &str) -> Result<Self, &'static str> {
        // WHMCS shows its System URL as a URL.
        let name = text.split_once("://").map_or(text, |(_, rest)| rest);
        let name = name.split(['/', ':']).next().unwrap_or_default();
        let is_sound = name.contains('.') && !is_ip(name);
        let name = read_name(name).filter(|_| is_sound);
        name.map(Self).ok_or(Self::EXPECTED)
    }
}

/// Splits at the colons that stand outside brackets.
pub(super) fn fields(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.split(|c| {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        c == ':' && !inside
    })
    .collect()
}

/// Reads a field that may be empty; the error says what is expected of the whole.
fn unless_empty<W: Word, T>(
    text: &str,
    read: fn(&str) -> Option<T>,
) -> Result<Option<T>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    read(text).map(Some).ok_or(W::EXPECTED)
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
pub(super) fn read_host(text: &str) -> Option<String> {
    let Some(bracketed) = text.strip_prefix('[') else {
        return read_name(text);
    };
    let address: Ipv6Addr = bracketed.strip_suffix(']')?.parse().ok()?;
    Some(address.to_string())
}

pub(super) fn read_port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|&port| port != 0)
}

/// A DNS name or an IPv4 address, lower case, without the final dot.
pub(super) fn read_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let sound_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (name.len() <= 253 && name.split('.').all(sound_label)).then(|| name.to_ascii_lowercase())
}

/// Whether resolvers could take this for an address: also `127.1` and `2130706433`.
pub(super) fn is_ip(text: &str) -> bool {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let last = text.trim_end_matches('.').rsplit('.').next();
    bare.parse::<IpAddr>().is_ok()
        || text.starts_with('[')
        || last.is_some_and(|label| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit())
        })
}

const NO_IP: &str =
    "a host name: IP addresses are not looked into, since our certificates are for names only";

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Word>(text: &str) -> Option<T> {
        T::read(text).ok()
    }

    #[test]
    fn hosts_are_names_and_never_addresses() {
        let host = |host: &str, port| {
            Some(HostPort {
                host: host.to_owned(),
                port,
            })
        };
        assert_eq!(read("NiceNIC.net."), host("nicenic.net", None));
        assert_eq!(read("api.test:8443"), host("api.test", Some(8443)));
        for text in [
            "127.0.0.1",
            "127.0.0.1:443",
            "[::1]:443",
            "::1",
            "127.1",
            "2130706433",
        ] {
            assert_eq!(HostPort::read(text), Err(NO_IP), "{text}");
        }
        for text in [
            "",
            "net",
            "a..b",
            "a b.c",
            "*.a.b",
            "a.b:0",
            "a.b:x",
            "http://a.b",
            "ä.de",
        ] {
            assert_eq!(read::<HostPort>(text), None, "{text}");
        }
    }

    #[test]
    fn connect_to_is_read_as_curl_reads_it() {
        let full = ConnectTo::read("API.nicenic.net:443:127.0.0.1:8443").unwrap();
        assert_eq!(full.host.as_deref(), Some("api.nicenic.net"));
        assert_eq!((full.port, full.to_port), (Some(443), Some(8443)));
        assert_eq!(full.to_host.as_deref(), Some("127.0.0.1"));
        let any = ConnectTo::read("::[::1]:8443").unwrap();
        assert_eq!((any.host, any.port), (None, None));
        assert_eq!(any.to_host.as_deref(), Some("::1"));
        let port_only = ConnectTo::read("a.b:443::8443").unwrap();
        assert_eq!((port_only.to_host, port_only.to_port), (None, Some(8443)));
        assert!(ConnectTo::read(":::").is_ok());
        for text in [
            "",
            "a.b",
            "a.b:443",
            "a.b:443:c.d",
            "a:1:b:2:c",
            "a:x:b:1",
            "[::1:1:b:2",
            "[::1]:1:b",
        ] {
            assert_eq!(read::<ConnectTo>(text), None, "{text}");
        }
    }

    #[test]
    fn of_a_base_url_scheme_and_authority_count() {
        let url = |text| BaseUrl::read(text).map(|url| (url.https, url.host, url.port));
        let owned = |https, host: &str, port| Ok((https, host.to_owned(), port));
        assert_eq!(
            url("https://api.nicenic.net/v2/"),
            owned(true, "api.nicenic.net", 443)
        );
        assert_eq!(
            url("HTTP://127.0.0.1:8901"),
            owned(false, "127.0.0.1", 8901)
        );
        assert_eq!(url("https://[::1]:1?x"), owned(true, "::1", 1));
        for text in [
            "",
            "api.nicenic.net",
            "ftp://a.b",
            "https://",
            "https://a.b:x",
            "https://a b/",
        ] {
            assert_eq!(read::<BaseUrl>(text), None, "{text}");
        }
        assert!(
            url("https://bob:hunter2@a.b/")
                .unwrap_err()
                .contains("without user")
        );
    }

    #[test]
    fn networks_know_their_addresses() {
        let network = Network::read("203.0.113.0/24").unwrap();
        assert!(network.contains("203.0.113.9".parse().unwrap()));
        assert!(!network.contains("203.0.114.9".parse().unwrap()));
        assert!(!network.contains("2001:db8::1".parse().unwrap()));
        assert!(
            Network::read("2001:db8::/32")
                .unwrap()
                .contains("2001:db8::1".parse().unwrap())
        );
        assert!(
            Network::read("0.0.0.0/0")
                .unwrap()
                .contains("192.0.2.1".parse().unwrap())
        );
        assert!(
            !Network::read("192.0.2.1")
                .unwrap()
                .contains("192.0.2.2".parse().unwrap())
        );
        for text in [
            "",
            "203.0.113.0/33",
            "203.0.113.0/",
            "a.b",
            "203.0.113.0/-1",
        ] {
            assert_eq!(read::<Network>(text), None, "{text}");
        }
    }
}
