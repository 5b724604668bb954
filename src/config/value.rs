//! How one setting is written, the same on the command line, in the environment and in the file.
//!
//! A value that is not understood is answered with what was expected; what was seen is shown through [`shown`],
//! which never repeats what could be a secret.
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use super::{
    BaseUrl, Color, ConnectTo, Expect, Fingerprints, Guard, HostPort, Know, Label, Network,
    OnDistrust, Pii, Plaintext, Selector, Then,
};

/// A setting as it was given.
///
/// Reads itself from a word (`FromStr`, for clap and the environment) and from a TOML value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value<T>(pub T);

impl<T: Word> FromStr for Value<T> {
    type Err = Mismatch;

    fn from_str(text: &str) -> Result<Self, Mismatch> {
        T::read(text).map(Self).map_err(Mismatch)
    }
}

impl<'de, T: Word> Deserialize<'de> for Value<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(One(PhantomData))
    }
}

/// Something that can be written as one word.
pub trait Word: Sized {
    /// What is expected, as it follows "expected".
    const EXPECTED: &'static str;
    /// Whether a bare TOML number will do.
    const NUMBER: bool = false;
    /// Whether a bare TOML boolean will do.
    const SWITCH: bool = false;

    /// Reads it; the error says what is expected.
    fn read(text: &str) -> Result<Self, &'static str>;
}

/// A value was not understood; says what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch(pub &'static str);

impl Error for Mismatch {}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A setting that can be taken back with the word `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrNone<T>(pub Option<T>);

impl<T: Word> Word for OrNone<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const NUMBER: bool = T::NUMBER;

    fn read(text: &str) -> Result<Self, &'static str> {
        if text == NONE {
            return Ok(Self(None));
        }
        T::read(text).map(Some).map(Self)
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl Word for Size {
    const EXPECTED: &'static str = "a size such as `64KiB`, `64 MiB` or `65536` (bytes)";
    const NUMBER: bool = true;

    fn read(text: &str) -> Result<Self, &'static str> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let factor = match unit.trim_start().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            _ => return Err(Self::EXPECTED),
        };
        let number: u64 = number.parse().map_err(|_| Self::EXPECTED)?;
        match number.checked_mul(factor) {
            Some(0) | None => Err("a size above zero and below 16 EiB"),
            Some(bytes) => Ok(Self(bytes)),
        }
    }
}

impl Word for Duration {
    const EXPECTED: &'static str = "a duration such as `90s`, `20m`, `8h` or `120 s`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let mut rest = text.trim();
        let mut total = Self::ZERO;
        while !rest.is_empty() {
            let (number, after) = leading(rest, |c| c.is_ascii_digit());
            let (unit, after) = leading(after.trim_start(), |c| c.is_ascii_alphabetic());
            let number: u32 = number.parse().map_err(|_| Self::EXPECTED)?;
            total += unit_of_time(unit).ok_or(Self::EXPECTED)? * number;
            rest = after.trim_start();
        }
        match total {
            Self::ZERO if text.trim().is_empty() => Err(Self::EXPECTED),
            Self::ZERO => Err("a duration above zero"),
            total if total > LONGEST => Err("a duration of at most 366d"),
            total => Ok(total),
        }
    }
}

impl Word for bool {
    const EXPECTED: &'static str = "`true` or `false`";
    const NUMBER: bool = true;
    const SWITCH: bool = true;

    fn read(text: &str) -> Result<Self, &'static str> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(Self::EXPECTED),
        }
    }
}

impl Word for u32 {
    const EXPECTED: &'static str = "a whole number from 0";
    const NUMBER: bool = true;

    fn read(text: &str) -> Result<Self, &'static str> {
        text.parse().map_err(|_| Self::EXPECTED)
    }
}

impl Word for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn read(text: &str) -> Result<Self, &'static str> {
        match text {
            "" => Err(Self::EXPECTED),
            text if looks_like_a_credential(text) => {
                Err("the path of a file, not what stands in it")
            }
            text => Ok(Self::from(text)),
        }
    }
}

/// The name of a group of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group(pub String);

impl Word for Group {
    const EXPECTED: &'static str = "the name of a group";

    fn read(text: &str) -> Result<Self, &'static str> {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '$');
        if text.is_empty() || !text.chars().all(sound) {
            return Err(Self::EXPECTED);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Word for SocketAddr {
    const EXPECTED: &'static str =
        "an IP address and a port such as `127.0.0.1:8899` (port 0: any free one)";

    fn read(text: &str) -> Result<Self, &'static str> {
        text.parse().map_err(|_| Self::EXPECTED)
    }
}

impl Word for IpAddr {
    const EXPECTED: &'static str = "an IP address of this machine such as `192.0.2.10`";

    fn read(text: &str) -> Result<Self, &'static str> {
        text.parse().map_err(|_| Self::EXPECTED)
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

impl Word for Plaintext {
    const EXPECTED: &'static str = "`allow` or `refuse`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(text, &[("allow", Self::Allow), ("refuse", Self::Refuse)])
    }
}

impl Word for Guard {
    const EXPECTED: &'static str = "`off`, `warn` or `block`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(
            text,
            &[
                ("off", Self::Off),
                ("warn", Self::Warn),
                ("block", Self::Block),
            ],
        )
    }
}

impl Word for Expect {
    const EXPECTED: &'static str = "`sandbox` or `production`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(
            text,
            &[("sandbox", Self::Sandbox), ("production", Self::Production)],
        )
    }
}

impl Word for Selector {
    const EXPECTED: &'static str =
        "a code such as `N102`, the beginning of codes such as `N1`, or a rule's name";

    fn read(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if text.is_empty() || text.len() > LONGEST_SELECTOR || !text.chars().all(sound) {
            return Err(Self::EXPECTED);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Word for OnDistrust {
    const EXPECTED: &'static str = "`tunnel` or `fail`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(text, &[("tunnel", Self::Tunnel), ("fail", Self::Fail)])
    }
}

impl Word for Then {
    const EXPECTED: &'static str = "`carry` or `exit`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(text, &[("carry", Self::Carry), ("exit", Self::Exit)])
    }
}

impl Word for Pii {
    const EXPECTED: &'static str = "`show`, `shape` or `hide`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let choices = [
            ("show", Self::Show),
            ("shape", Self::Shape),
            ("hide", Self::Hide),
        ];
        choose(text, &choices)
    }
}

impl Word for Fingerprints {
    const EXPECTED: &'static str = "`install` or `session`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let choices = [("install", Self::Install), ("session", Self::Session)];
        choose(text, &choices)
    }
}

impl Word for Label {
    const EXPECTED: &'static str = "`api`, `sandbox` or `login`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let choices = [
            ("api", Self::Api),
            ("sandbox", Self::Sandbox),
            ("login", Self::Login),
        ];
        choose(text, &choices)
    }
}

impl Word for Know {
    const EXPECTED: &'static str =
        "`api`, `sandbox` or `login`, perhaps with `=FILE`; the secret itself is never typed here";

    fn read(text: &str) -> Result<Self, &'static str> {
        let (label, file) = match text.split_once('=') {
            Some((label, file)) => (label, Some(PathBuf::read(file)?)),
            None => (text, None),
        };
        let label = Label::read(label).map_err(|_| Self::EXPECTED)?;
        Ok(Self { label, file })
    }
}

/// The name of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableName(pub String);

impl Word for VariableName {
    const EXPECTED: &'static str = "the name of an environment variable, never a secret itself";

    fn read(text: &str) -> Result<Self, &'static str> {
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = !text.starts_with(|c: char| c.is_ascii_digit())
            && !text.is_empty()
            && text.chars().all(sound);
        if !is_name || looks_random(text) {
            return Err(Self::EXPECTED);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Word for Color {
    const EXPECTED: &'static str = "`auto`, `always` or `never`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(
            text,
            &[
                ("auto", Self::Auto),
                ("always", Self::Always),
                ("never", Self::Never),
            ],
        )
    }
}

/// What was seen, fit to be shown: in backticks, escaped, at most 80 characters, and not at all if it could be a
/// credential.
pub fn shown(text: &str) -> Cow<'static, str> {
    if looks_like_a_credential(text) {
        return Cow::Borrowed(NOT_SHOWN);
    }
    let mut line: String = text
        .chars()
        .take(MOST_SHOWN)
        .flat_map(|c| {
            if c == '"' {
                vec![c]
            } else {
                c.escape_debug().collect()
            }
        })
        .collect();
    if text.chars().count() > MOST_SHOWN {
        line.push('…');
    }
    Cow::Owned(format!("`{line}`"))
}

/// What was seen in place of this setting's value; nothing of it where people put a secret by mistake.
pub fn shown_for(name: &str, text: &str) -> Cow<'static, str> {
    let name = name.to_ascii_lowercase();
    let may_hold_login = name.ends_with("proxy") && text.contains('@');
    if names_a_secret(&name) || name.ends_with("know") || may_hold_login {
        return Cow::Borrowed(NOT_SHOWN);
    }
    shown(text)
}

/// Whether this could be `username:api_secret`, a URL with a password in it, or a bare API secret.
///
/// Errs on the side of yes; a yes only means that the text is not repeated.
pub fn looks_like_a_credential(text: &str) -> bool {
    let text = text.trim_matches(|c: char| matches!(c, '"' | '\'') || c.is_whitespace());
    if text.contains("://") {
        return text.contains('@');
    }
    if text.parse::<Ipv6Addr>().is_ok() || text.starts_with('[') {
        return false;
    }
    let Some((first, rest)) = text.split_once(':') else {
        return looks_random(text);
    };
    !first.contains('/') && !rest.is_empty() && !continues_an_address(rest)
}

/// Whether an option, variable or key of this name would carry a secret.
pub fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    SECRET_NAMES.iter().any(|word| name.contains(word))
}

/// The known word that was probably meant.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(known, typed), known))
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .min()
        .map(|(_, known)| known)
}

/// Reads a list: a TOML array, or words with commas between them.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Option<Vec<Value<T>>>, D::Error>
where
    D: Deserializer<'de>,
    T: Word,
{
    deserializer.deserialize_any(Many(PhantomData)).map(Some)
}

struct One<T>(PhantomData<T>);

impl<'de, T: Word> Visitor<'de> for One<T> {
    type Value = Value<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value<T>, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value<T>, E> {
        if !T::NUMBER {
            return Err(E::custom(T::EXPECTED));
        }
        self.visit_str(&number.to_string())
    }

    fn visit_bool<E: de::Error>(self, switch: bool) -> Result<Value<T>, E> {
        if !T::SWITCH {
            return Err(E::custom(T::EXPECTED));
        }
        self.visit_str(if switch { "true" } else { "false" })
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Value<T>, E> {
        Err(E::custom(T::EXPECTED))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Value<T>, A::Error> {
        Err(de::Error::custom(T::EXPECTED))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, _: A) -> Result<Value<T>, A::Error> {
        Err(de::Error::custom(T::EXPECTED))
    }
}

struct Many<T>(PhantomData<T>);

impl<'de, T: Word> Visitor<'de> for Many<T> {
    type Value = Vec<Value<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        text.split(',')
            .map(|word| word.trim().parse().map_err(E::custom))
            .collect()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        Ok(values)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(E::custom(T::EXPECTED))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Err(E::custom(T::EXPECTED))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(E::custom(T::EXPECTED))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(de::Error::custom(T::EXPECTED))
    }
}

fn choose<T: Word + Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, &'static str> {
    choices
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, choice)| *choice)
        .ok_or(T::EXPECTED)
}

fn leading(text: &str, wanted: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !wanted(c)).unwrap_or(text.len()))
}

fn unit_of_time(unit: &str) -> Option<Duration> {
    Some(match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" | "min" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        "d" => Duration::from_hours(24),
        _ => return None,
    })
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
fn read_name(text: &str) -> Option<String> {
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

/// Whether what follows the first colon can be the rest of `HOST:PORT` or `HOST:PORT:HOST2:PORT2`.
fn continues_an_address(rest: &str) -> bool {
    let is_port = |field: &str| field.is_empty() || field.parse::<u16>().is_ok();
    rest.split(':').enumerate().all(|(index, field)| {
        is_port(field) || (index == 1 && field.contains('.') && read_name(field).is_some())
    })
}

fn looks_random(text: &str) -> bool {
    let has = |wanted: fn(&char) -> bool| text.chars().any(|c| wanted(&c));
    text.len() >= 16
        && !text.contains(['/', '.', ' ', ',', '-'])
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
}

const SECRET_NAMES: [&str; 8] = [
    "secret",
    "password",
    "passwd",
    "credential",
    "token",
    "authorization",
    "api-key",
    "apikey",
];
const NONE: &str = "none";
const LONGEST: Duration = Duration::from_hours(366 * 24);
const NOT_SHOWN: &str = "something that is not shown, since it could be a secret";
const MOST_SHOWN: usize = 80;
const LONGEST_SELECTOR: usize = 64;
const NO_IP: &str =
    "a host name: IP addresses are not looked into, since our certificates are for names only";

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Word>(text: &str) -> Option<T> {
        T::read(text).ok()
    }

    #[test]
    fn durations_need_a_unit() {
        for (text, seconds) in [
            ("90s", 90),
            ("20m", 1_200),
            ("20 min", 1_200),
            ("8h", 28_800),
            ("120 s", 120),
            ("1h30m", 5_400),
            ("1d", 86_400),
        ] {
            assert_eq!(read(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "8",
            "h",
            "8 hours",
            "-1s",
            "0s",
            "1.5h",
            "367d",
            "99999999999s",
        ] {
            assert_eq!(read::<Duration>(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_powers_of_1024() {
        for (text, bytes) in [
            ("64KiB", 65_536),
            ("64 MiB", 67_108_864),
            ("1GiB", 1 << 30),
            ("65536", 65_536),
            ("10 B", 10),
        ] {
            assert_eq!(read(text), Some(Size(bytes)), "{text}");
        }
        for text in [
            "",
            "0",
            "64K",
            "64KB",
            "KiB",
            "-1",
            "18446744073709551615GiB",
        ] {
            assert_eq!(read::<Size>(text), None, "{text}");
        }
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

    #[test]
    fn what_could_be_a_secret_is_not_shown() {
        for text in [
            "bob:hunter2",
            "\"bob:hunter2\"",
            "bob:hunter2.example",
            "bob:123456",
            "https://bob:hunter2@api.nicenic.net/",
            "https://hunter2@api.nicenic.net/",
            "4f9a1c0de77b42aa9c",
            "Authorization: bob:hunter2",
        ] {
            assert!(shown(text).contains("not shown"), "{text}");
        }
        for text in [
            "127.0.0.1:8899",
            "0.0.0.0:0",
            "[::1]:8899",
            "::1",
            "localhost:99999999.",
            "api.nicenic.net:443:127.0.0.1",
            "https://api.nicenic.net:x/",
            "/var/log/a:b",
            "calls-2026-11-24T12:00:00.jsonl",
            "eight hours",
            "64KB",
        ] {
            let could = text == "localhost:99999999.";
            assert_eq!(looks_like_a_credential(text), could, "{text}");
        }
    }

    #[test]
    fn what_is_shown_is_escaped_and_short() {
        assert_eq!(shown("a\u{1b}[1m\n"), "`a\\u{1b}[1m\\n`");
        assert_eq!(shown("\"8\""), "`\"8\"`");
        assert_eq!(shown(&"x".repeat(100)), format!("`{}…`", "x".repeat(80)));
    }
}
