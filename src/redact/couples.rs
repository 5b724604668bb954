//! A name in one place and its value in another: `{"name": "password", "value": "…"}`, `["password", "…"]`,
//! `<td>password</td><td>…</td>`, `/password/…/`.
//!
//! What is written so is mostly no secret, and its names are words that people use. So a name must be one as programs
//! write them, and where nothing else says that a value follows, the value must look like no word of a language.
use std::net::IpAddr;

use super::find::{Found, What};
use super::names::{self, Level, Names, Place};

/// Which half of a couple the value of a key is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Half {
    /// `name`, `key`, …: it says what the other half is.
    Name,
    /// `value`, …
    Value,
}

impl Half {
    /// What a key announces; of `fields[0][name]` the last part counts.
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        let key = key.strip_suffix(b"]").unwrap_or(key);
        let start = key.iter().rposition(|byte| b".[]:".contains(byte));
        let last = &key[start.map_or(0, |at| at + 1)..];
        let is = |word: &&[u8]| last.eq_ignore_ascii_case(word);
        // Of each length there are few, and most keys are none of them.
        let (names, values): (&[&[u8]], &[&[u8]]) = match last.len() {
            3 => (&[b"key"], &[b"val"]),
            4 => (&[b"name"], &[]),
            5 => (&[b"field", b"param"], &[b"value"]),
            6 => (&[b"option", b"header"], &[b"values"]),
            7 => (&[b"setting"], &[b"content"]),
            8 => (&[b"property", b"variable"], &[]),
            9 => (&[b"parameter", b"attribute"], &[]),
            _ => return None,
        };
        if names.iter().any(is) {
            return Some(Self::Name);
        }
        values.iter().any(is).then_some(Self::Value)
    }
}

/// A name whose value may come next.
pub(super) struct Couple {
    named: Level,
    /// Whether only its place in a list makes it one.
    is_list: bool,
    /// Where the name itself was hidden, though it need not be.
    hidden: Option<usize>,
    /// Signs since then.
    signs: u8,
}

impl Couple {
    pub(super) const NONE: Self = Self {
        named: Level::Open,
        is_list: false,
        hidden: None,
        signs: 0,
    };

    /// A name was assigned, and hidden as the secret with this number.
    pub(super) fn begun(names: &Names, name: &[u8], is_list: bool, hidden: Option<usize>) -> Self {
        Self {
            named: named(names, name),
            is_list,
            hidden: hidden.filter(|_| is_plain_name(names, name)),
            signs: 0,
        }
    }

    /// What the name says of this value, if it is the other half.
    pub(super) fn what(&self, half: Option<Half>, value: &[u8]) -> Option<What> {
        let what = What::of(self.named).filter(|_| half == Some(Half::Value))?;
        let is_fit = if self.is_list {
            looks_secret(value)
        } else {
            may_be_secret(value)
        };
        is_fit.then_some(what)
    }

    /// Whether a value of this half would be hidden.
    pub(super) fn waits_for(&self, half: Option<Half>) -> bool {
        half == Some(Half::Value) && self.named != Level::Open
    }

    /// One more sign was read: of a value, or of something in between.
    pub(super) fn pass(&mut self, half: Option<Half>, found: &mut [Found]) {
        self.signs += 1;
        if half == Some(Half::Value)
            && let Some(name) = self.hidden.take().and_then(|at| found.get_mut(at))
        {
            *name = Found::nothing();
        }
        if half == Some(Half::Value) || self.signs > MOST_SIGNS {
            *self = Self::NONE;
        }
    }
}

/// What a text says of the value beside it, if it is a name: `password`, `API secret:`, not `Your password expires`
/// or the name of a host.
pub(super) fn named(names: &Names, text: &[u8]) -> Level {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b":").unwrap_or(text).trim_ascii_end();
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[] ".contains(byte);
    if text.is_empty() || text.len() > LONGEST_NAME || !text.iter().all(is_of_name) {
        return Level::Open;
    }
    let Ok(text) = std::str::from_utf8(text) else {
        return Level::Open;
    };
    // `db.password` is none.
    let top = text.rsplit('.').next().unwrap_or_default();
    let is_host = || names::looks_like_host(text.as_bytes());
    if names.level(top, Place::Member) == Level::Open && is_host() {
        return Level::Open;
    }
    let Some(last) = text.split_ascii_whitespace().next_back() else {
        return Level::Open;
    };
    if last.len() == text.len() {
        return names.level(text, Place::Member);
    }
    let is_noun = NOUNS.iter().any(|noun| last.eq_ignore_ascii_case(noun));
    if text.split_ascii_whitespace().count() > MOST_WORDS {
        Level::Open
    } else if is_noun {
        names.level(text, Place::Member)
    } else {
        names.level(last, Place::Member)
    }
}

/// Whether a name need not be hidden itself, although it stands where a secret could: `{"key": "api_secret"}`.
pub(super) fn is_plain_name(names: &Names, text: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphabetic() || b"_-. ".contains(byte);
    text.iter().all(is_plain) && (named(names, text) != Level::Open || names::is_word(text))
}

/// Whether a value may be hidden by a name in another place: hosts and addresses stand beside the names of records.
pub(super) fn may_be_secret(value: &[u8]) -> bool {
    let is_address = std::str::from_utf8(value).is_ok_and(|text| text.parse::<IpAddr>().is_ok());
    !is_address && !names::looks_like_host(value)
}

/// Whether it looks like a secret where nothing but its place says so: no word, no blank, no date and no amount.
pub(super) fn looks_secret(value: &[u8]) -> bool {
    let is_sign = |byte: &u8| b"_-.,:/+".contains(byte);
    let all = |is: fn(&u8) -> bool| value.iter().all(|byte| is(byte) || is_sign(byte));
    let is_date = all(u8::is_ascii_digit) && value.iter().any(is_sign);
    !value.iter().any(u8::is_ascii_whitespace)
        && (!all(u8::is_ascii_alphabetic) || looks_random(value))
        && !is_date
        && may_be_secret(value)
}

/// Whether its letters are large and small as no language and no program has them.
pub(super) fn looks_random(word: &[u8]) -> bool {
    let turns = word.windows(2).filter(|two| {
        two[0].is_ascii_uppercase() != two[1].is_ascii_uppercase()
            && two.iter().all(u8::is_ascii_alphabetic)
    });
    (SHORTEST_RANDOM..=LONGEST_RANDOM).contains(&word.len()) && 3 * turns.count() >= word.len()
}

/// So many other assignments may stand between a name and its value.
const MOST_SIGNS: u8 = 3;
/// Last words that are a part of a name: `auth code`.
const NOUNS: [&str; 5] = ["code", "id", "info", "phrase", "string"];
const LONGEST_NAME: usize = 64;
/// Of a word that looks like no word.
const SHORTEST_RANDOM: usize = 12;
const LONGEST_RANDOM: usize = 256;
const MOST_WORDS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_announce_a_half() {
        for (key, want) in [
            ("name", Some(Half::Name)),
            ("Key", Some(Half::Name)),
            ("fields[0][name]", Some(Half::Name)),
            ("a.value", Some(Half::Value)),
            ("rename", None),
            ("domainname", None),
            ("", None),
            ("]", None),
        ] {
            assert_eq!(Half::of(key.as_bytes()), want, "{key}");
        }
    }

    #[test]
    fn names_are_known_and_sentences_are_none() {
        let names = Names::default();
        for (text, want) in [
            ("password", true),
            ("API Secret:", true),
            ("Auth Code", true),
            ("db.password", true),
            ("Your password expires", false),
            ("Password expires", false),
            ("please send us your password", false),
            ("key.example.com", false),
            ("token=a", false),
            ("<b>password</b>", false),
            ("domain", false),
            ("", false),
        ] {
            assert_eq!(
                named(&names, text.as_bytes()) == Level::Secret,
                want,
                "{text}"
            );
        }
    }

    #[test]
    fn words_dates_and_hosts_are_told_from_secrets() {
        for (value, want) in [
            ("s3cret", true),
            ("a!b", true),
            ("username", false),
            ("DmZEnWNsEDDbrvWA", true),
            ("AuthorizationToken", false),
            ("getUserPassword", false),
            ("must have 8 letters", false),
            ("4711", true),
            ("2026-11-24", false),
            ("12.50", false),
            ("1.2.3.4", false),
            ("2001:db8::1", false),
            ("ns1.example.com", false),
            ("", false),
        ] {
            assert_eq!(looks_secret(value.as_bytes()), want, "{value}");
        }
    }
}
