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

use super::place::read_name;

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

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User(pub String);

impl Word for User {
    const EXPECTED: &'static str = "the name or the number of a user of this machine";
    const NUMBER: bool = true;

    fn read(text: &str) -> Result<Self, &'static str> {
        Group::read(text)
            .map(|name| Self(name.0))
            .map_err(|_| Self::EXPECTED)
    }
}

/// The user name that clients of the proxy log in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyUser(pub String);

impl Word for ProxyUser {
    const EXPECTED: &'static str = "a user name alone; the password comes from NICETAP_PROXY_PASSWORD or --proxy-password-file, or is made up";

    fn read(text: &str) -> Result<Self, &'static str> {
        // A colon would end it (RFC 7617 section 2).
        let sound = |byte: u8| byte.is_ascii_graphic() && !b":@/".contains(&byte);
        if text.is_empty() || text.len() > LONGEST_NAME || !text.bytes().all(sound) {
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
const LONGEST_NAME: usize = 64;

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
