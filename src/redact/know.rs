//! The credentials given with `--know`: which one arrived, or how it differs from one of them.
//!
//! Compared in memory; what comes out is a word of ours, never a part of either.
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::Redactor;
use super::views::{Escape, View};

/// A credential that the user gave.
pub struct Credential {
    /// `api`, `sandbox` or `login`.
    pub label: &'static str,
    /// `username:secret`, or the secret alone.
    pub text: Zeroizing<Vec<u8>>,
}

/// What a credential that arrived is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// The label of the one that it is, or was meant to be; `none`: of no known one.
    pub is: &'static str,
    /// How it differs from it.
    pub differs: Option<String>,
}

impl Redactor {
    /// Remembers a credential for [`Redactor::likeness`], and masks its secret wherever it turns up.
    ///
    /// False if the secret is too short or too common a word to be looked for everywhere.
    pub fn know(&mut self, credential: Credential) -> bool {
        let is_needle = self.learn_given(secret_half(&credential.text));
        self.known.push(credential);
        is_needle
    }

    /// Which of the known credentials this is, or how it differs from the nearest; `None` if none are known.
    pub fn likeness(&self, username: &str, secret: &[u8]) -> Option<Likeness> {
        let nearest = self
            .known
            .iter()
            .map(|known| (known, Difference::between(known, username, secret)))
            .min_by_key(|(_, difference)| *difference);
        let (known, difference) = nearest?;
        let label = known.label;
        Some(match difference {
            Difference::None => Likeness {
                is: label,
                differs: None,
            },
            Difference::Length | Difference::Characters => Likeness {
                is: "none",
                differs: Some(format!("{} than that of {label}", difference.word())),
            },
            near => Likeness {
                is: label,
                differs: Some(near.word().to_owned()),
            },
        })
    }
}

/// How an arrived secret differs from a known one: from the nearest to the farthest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    None,
    HtmlEscaped,
    PercentEncoded,
    Backslashes,
    Base64,
    LineBreak,
    WhiteSpace,
    Quotes,
    Case,
    Missing,
    Extra,
    Swapped,
    Order,
    OneOther,
    CutShort,
    Characters,
    Length,
}

impl Difference {
    fn between(known: &Credential, username: &str, sent: &[u8]) -> Self {
        let secret = secret_half(&known.text);
        if sent == secret || sent == &known.text[..] {
            return Self::None;
        }
        let is_swapped = known.text.len() > secret.len()
            && username.as_bytes() == secret
            && known.text.starts_with(sent)
            && known.text.get(sent.len()) == Some(&b':');
        if is_swapped {
            return Self::Swapped;
        }
        Self::by_escape(secret, sent)
            .or_else(|| Self::by_edges(secret, sent))
            .unwrap_or_else(|| Self::by_characters(secret, sent))
    }

    fn by_escape(secret: &[u8], sent: &[u8]) -> Option<Self> {
        for (escape, difference) in [
            (Escape::Entity, Self::HtmlEscaped),
            (Escape::Percent, Self::PercentEncoded),
            (Escape::Backslash, Self::Backslashes),
        ] {
            let means = |text: &[u8]| View::of(text, escape, false);
            let is_it = means(sent).is_some_and(|view| view.bytes == secret)
                // Unescaped by mistake: `%2F` of the secret became a slash on the way.
                || means(secret).is_some_and(|view| view.bytes == sent);
            if is_it {
                return Some(difference);
            }
        }
        let plus: Vec<u8> = secret
            .iter()
            .map(|&byte| if byte == b'+' { b' ' } else { byte })
            .collect();
        if plus == sent {
            return Some(Self::PercentEncoded);
        }
        let bare = sent.trim_ascii_end();
        let bare = bare
            .strip_suffix(b"==")
            .or_else(|| bare.strip_suffix(b"="))
            .unwrap_or(bare);
        let is_base64 = [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD]
            .iter()
            .any(|engine| Zeroizing::new(engine.encode(secret)).as_bytes() == bare);
        is_base64.then_some(Self::Base64)
    }

    fn by_edges(secret: &[u8], sent: &[u8]) -> Option<Self> {
        let without_breaks = sent.strip_suffix(b"\n").unwrap_or(sent);
        let without_breaks = without_breaks.strip_suffix(b"\r").unwrap_or(without_breaks);
        if without_breaks == secret {
            return Some(Self::LineBreak);
        }
        let dense = |text: &[u8]| -> Vec<u8> {
            let seen = |byte: &&u8| !byte.is_ascii_whitespace();
            text.iter().filter(seen).copied().collect()
        };
        if dense(sent) == dense(secret) {
            return Some(Self::WhiteSpace);
        }
        match sent {
            [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] if inner == secret => {
                Some(Self::Quotes)
            }
            _ => None,
        }
    }

    fn by_characters(secret: &[u8], sent: &[u8]) -> Self {
        let (want, seen) = (characters(secret), characters(sent));
        let lower = |text: &[char]| {
            text.iter()
                .flat_map(|c| c.to_lowercase())
                .collect::<Vec<_>>()
        };
        if lower(&want) == lower(&seen) {
            return Self::Case;
        }
        if seen.len() + 1 == want.len() && is_one_less(&seen, &want) {
            return Self::Missing;
        }
        if want.len() + 1 == seen.len() && is_one_less(&want, &seen) {
            return Self::Extra;
        }
        if seen.len() != want.len() {
            let is_beginning = seen.len() >= 4 && want.starts_with(&seen);
            return if is_beginning {
                Self::CutShort
            } else {
                Self::Length
            };
        }
        let sorted = |text: &[char]| {
            let mut text = text.to_vec();
            text.sort_unstable();
            text
        };
        let others = want.iter().zip(&seen).filter(|(a, b)| a != b).count();
        if sorted(&want) == sorted(&seen) {
            Self::Order
        } else if others == 1 {
            Self::OneOther
        } else {
            Self::Characters
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::None => "equal",
            Self::HtmlEscaped => "HTML-escaped",
            Self::PercentEncoded => "percent-encoded",
            Self::Backslashes => "with backslashes",
            Self::Base64 => "in base64",
            Self::LineBreak => "with a line break at its end",
            Self::WhiteSpace => "with other white space",
            Self::Quotes => "in quotes",
            Self::Case => "in another case",
            Self::Missing => "with one character missing",
            Self::Extra => "with one character too many",
            Self::Swapped => "with user name and secret swapped",
            Self::Order => "in another order",
            Self::OneOther => "with one character changed",
            Self::CutShort => "cut short",
            Self::Length => "of another length",
            Self::Characters => "with other characters",
        }
    }
}

/// The half after the first colon; all of it where there is none.
fn secret_half(text: &[u8]) -> &[u8] {
    memchr::memchr(b':', text).map_or(text, |at| &text[at + 1..])
}

/// Characters; of what is no text, bytes.
fn characters(text: &[u8]) -> Vec<char> {
    match std::str::from_utf8(text) {
        Ok(text) => text.chars().collect(),
        Err(_) => text.iter().copied().map(char::from).collect(),
    }
}

/// Whether the shorter one is the longer one without one of its characters.
fn is_one_less(short: &[char], long: &[char]) -> bool {
    let equal = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    short[equal..] == long[equal + 1..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::FingerprintKey;

    fn redactor(known: &[(&'static str, &str)]) -> Redactor {
        let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
        for (label, text) in known {
            let text = Zeroizing::new(text.as_bytes().to_vec());
            redactor.know(Credential { label, text });
        }
        redactor
    }

    #[test]
    fn each_difference_is_named() {
        let redactor = redactor(&[("api", "acme:kT9/f&Q2z+Lw7!"), ("login", "Login-Pass-99")]);
        for (sent, is, differs) in [
            ("kT9/f&Q2z+Lw7!", "api", None),
            ("acme:kT9/f&Q2z+Lw7!", "api", None),
            ("Login-Pass-99", "login", None),
            ("kT9/f&amp;Q2z+Lw7!", "api", Some("HTML-escaped")),
            ("kT9%2Ff%26Q2z%2BLw7!", "api", Some("percent-encoded")),
            ("kT9/f&Q2z Lw7!", "api", Some("percent-encoded")),
            ("a1Q5L2YmUTJ6K0x3NyE=", "api", Some("in base64")),
            (
                "kT9/f&Q2z+Lw7!\r\n",
                "api",
                Some("with a line break at its end"),
            ),
            (" kT9/f&Q2z+Lw7!", "api", Some("with other white space")),
            ("\"kT9/f&Q2z+Lw7!\"", "api", Some("in quotes")),
            ("KT9/F&Q2Z+LW7!", "api", Some("in another case")),
            ("kT9/f&Q2z+Lw7", "api", Some("with one character missing")),
            (
                "kT9/f&Q2zz+Lw7!",
                "api",
                Some("with one character too many"),
            ),
            ("kT9/f&Q2z+Lw!7", "api", Some("in another order")),
            ("kT9/f&Q2z+Lw7?", "api", Some("with one character changed")),
            ("kT9/f&Q", "api", Some("cut short")),
            (
                "something else entirely",
                "none",
                Some("of another length than that of api"),
            ),
            (
                "Xogin-Pass-01",
                "none",
                Some("with other characters than that of login"),
            ),
        ] {
            let likeness = redactor.likeness("acme", sent.as_bytes()).unwrap();
            assert_eq!(
                (likeness.is, likeness.differs.as_deref()),
                (is, differs),
                "{sent}"
            );
        }
        let swapped = redactor.likeness("kT9/f&Q2z+Lw7!", b"acme").unwrap();
        assert_eq!(
            swapped.differs.as_deref(),
            Some("with user name and secret swapped")
        );
    }

    #[test]
    fn without_known_ones_nothing_is_said_and_known_ones_are_masked() {
        assert_eq!(redactor(&[]).likeness("acme", b"x"), None);
        let mut redactor = redactor(&[("api", "acme:kT9/f&Q2z+Lw7!")]);
        redactor.begin();
        let shown = redactor.text(b"see kT9/f&amp;Q2z+Lw7! there");
        assert!(shown.as_str().starts_with("see ‹secret:given#"), "{shown}");
    }
}
