//! Which form a value has, and which of its parts are secret.
use std::borrow::Cow;

use super::encoding::{base64_text, is_web_token};
use super::pair::Pair;
use crate::facts::dressing::Dressing;

/// Hands each part of an Authorization value that must stay secret to `learn`; `true` with those that are the secret
/// half of a pair. Nothing that follows a colon, a scheme word or a separator is left out.
pub(in crate::facts) fn secret_parts(value: &[u8], learn: &mut dyn FnMut(&[u8], bool)) {
    secret_parts_as_sent(value, learn);
    let dressing = Dressing::of(value.trim_ascii());
    if dressing.is_json {
        let quoted = value.split(|byte| matches!(byte, b'"' | b'\''));
        quoted
            .filter(|part| part.len() >= SHORTEST_QUOTED)
            .for_each(|part| secret_parts_as_sent(part, learn));
    } else if let Cow::Owned(bare) = &dressing.bare {
        secret_parts_as_sent(bare, learn);
    } else if dressing.bare.len() < value.trim_ascii().len() {
        secret_parts_as_sent(&dressing.bare, learn);
    }
}

fn secret_parts_as_sent(value: &[u8], learn: &mut dyn FnMut(&[u8], bool)) {
    match Form::of(value) {
        Form::Empty => {}
        Form::Pair(pair) => {
            learn(pair.secret, true);
            if pair.looks_swapped() {
                learn(pair.username, true);
            }
        }
        Form::Scheme { rest, .. } => {
            learn(rest, false);
            secret_parts_of_token(rest, learn);
        }
        Form::NoColon(text) => {
            learn(text, false);
            secret_parts_of_token(text, learn);
        }
    }
}

fn secret_parts_of_token(token: &[u8], learn: &mut dyn FnMut(&[u8], bool)) {
    if let Some(pair) = Pair::of(token) {
        return learn(pair.secret, true);
    }
    if let Some(text) = base64_text(token) {
        return learn(Pair::of(&text).map_or(&text[..], |pair| pair.secret), true);
    }
    // `username secret`, `username=secret`: what was meant as the secret half.
    let separator = token.iter().position(|byte| b" \t=;,|/".contains(byte));
    if let Some(at) = separator {
        learn(&token[at + 1..], true);
    }
}

/// The shape of a value, before anyone judges it.
pub(super) enum Form<'a> {
    Empty,
    Pair(Pair<'a>),
    Scheme { word: &'a [u8], rest: &'a [u8] },
    NoColon(&'a [u8]),
}

impl<'a> Form<'a> {
    pub(super) fn of(value: &'a [u8]) -> Self {
        let value = value.trim_ascii();
        if value.is_empty() {
            return Self::Empty;
        }
        if let Some((word, rest)) = scheme_word(value) {
            return Self::Scheme { word, rest };
        }
        Pair::of(value).map_or(Self::NoColon(value), Self::Pair)
    }
}

/// A scheme word in front, and what follows it. A word glued on by a colon counts only where no user is called so.
pub(super) fn scheme_word(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = value
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\t' | b':'))
        .unwrap_or(value.len());
    let (word, rest) = value.split_at(end);
    let known = if matches!(rest.first(), Some(b' ' | b'\t')) {
        &SCHEMES[..]
    } else {
        &SCHEMES[..2]
    };
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    known
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes()))
        .then(|| (word, rest.trim_ascii()))
}

/// What stands where the colon should, or what the value is instead of a pair.
pub(super) fn instead_of_colon(text: &[u8]) -> Option<&'static str> {
    if is_web_token(text) {
        return Some("a JSON web token");
    }
    if text.len() == 32 && text.iter().all(u8::is_ascii_hexdigit) {
        return Some("32 hex digits, like an MD5 hash of the older API");
    }
    if memchr::memmem::find(text, "\u{ff1a}".as_bytes()).is_some() {
        return Some("a full-width colon (U+FF1A)");
    }
    SEPARATORS
        .iter()
        .find(|(sign, _)| {
            memchr::memchr(*sign, text).is_some_and(|at| at > 0 && at + 1 < text.len())
        })
        .map(|(_, name)| *name)
}

/// The first two also count when a colon or nothing follows them.
const SCHEMES: [&str; 15] = [
    "basic",
    "bearer",
    "token",
    "apikey",
    "api-key",
    "digest",
    "ntlm",
    "negotiate",
    "oauth",
    "hmac",
    "jwt",
    "key",
    "hoba",
    "scram-sha-256",
    "aws4-hmac-sha256",
];
/// Schemes whose value is a list of parameters or a signature, never a pair.
pub(super) const SIGNATURES: [&str; 5] =
    ["digest", "ntlm", "negotiate", "oauth", "aws4-hmac-sha256"];
const SEPARATORS: [(u8, &str); 7] = [
    (b' ', "a blank"),
    (b'\t', "a tab"),
    (b';', "a semicolon"),
    (b',', "a comma"),
    (b'|', "a vertical bar"),
    (b'=', "an equals sign"),
    (b'/', "a slash"),
];
const SHORTEST_QUOTED: usize = 4;
