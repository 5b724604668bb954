//! Finds secrets that show by themselves, whatever stands before them: passwords in URLs, `Basic` and `Bearer`
//! tokens, JSON web tokens, private keys, and what is wrapped in base64.
use std::ops::Range;

use memchr::memmem;
use zeroize::Zeroizing;

use crate::facts::{SecretKind, base64_text};

use super::find::{Found, What};
use super::{mark, pairs};

/// Looks through a text of any kind.
pub(super) fn telltales(text: &[u8], found: &mut Vec<Found>) {
    for slashes in [&b"://"[..], b":\\/\\/"] {
        for at in memmem::find_iter(text, slashes) {
            let start = at + slashes.len();
            let authority = start..start + run(&text[start..], |byte| !ENDS_URL.contains(&byte));
            if mark_free(&text[authority.clone()]) {
                pairs::userinfo(text, authority, found);
            }
        }
    }
    for scheme in SCHEMES {
        for at in memmem::find_iter(text, scheme) {
            let start = at + scheme.len();
            let token = start..start + run(&text[start..], is_of_token);
            if is_credential(&text[token.clone()]) {
                hide(text, token, found);
            }
        }
    }
    for at in memmem::find_iter(text, b"eyJ") {
        let token = at..at + run(&text[at..], |byte| byte == b'.' || is_of_token(byte));
        if memchr::memchr_iter(b'.', &text[token.clone()]).count() == 2 {
            hide(text, token, found);
        }
    }
    for at in memmem::find_iter(text, b"-----BEGIN ") {
        let name = run(&text[at..], |byte| !matches!(byte, b'\n' | b'\\'));
        let Some(key) = memmem::find(&text[at..at + name], PRIVATE_KEY) else {
            continue;
        };
        let start = at + key + PRIVATE_KEY.len();
        let end = memmem::find(&text[start..], b"-----END").map_or(text.len(), |at| start + at);
        if mark_free(&text[start..end]) {
            hide(text, start..end, found);
        }
    }
}

/// What a value says in base64, if that could name a secret.
pub(super) fn in_base64(value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if value.len() < SHORTEST || !value.iter().copied().all(is_of_token) {
        return None;
    }
    let text = Zeroizing::new(base64_text(value)?);
    memchr::memchr2(b'=', b':', &text)?;
    Some(text)
}

/// Whether a word behind `Basic` or `Bearer` is one; prose has such words too.
fn is_credential(token: &[u8]) -> bool {
    let says_pair = || base64_text(token).is_some_and(|text| text.contains(&b':'));
    token.len() >= 8 && (token.iter().any(u8::is_ascii_digit) || says_pair())
}

fn hide(text: &[u8], range: Range<usize>, found: &mut Vec<Found>) {
    let value = text[range.clone()].to_vec();
    found.push(Found::new(
        range,
        What::Secret(SecretKind::Authorization),
        value,
    ));
}

/// Whether nothing in it was masked before.
fn mark_free(text: &[u8]) -> bool {
    memmem::find_iter(text, "‹".as_bytes()).all(|at| mark::at_start(&text[at..]).is_none())
}

fn run(text: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    text.iter()
        .position(|byte| !belongs(*byte))
        .unwrap_or(text.len())
}

const fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'~')
}

const SCHEMES: [&[u8]; 4] = [b"Basic ", b"basic ", b"Bearer ", b"bearer "];
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY-----";
const ENDS_URL: &[u8] = b" \t\r\n\"'<>`\\,)]}";
/// A shorter text in base64 has no room for a name and a secret.
const SHORTEST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        telltales(text.as_bytes(), &mut found);
        found.into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn secrets_are_found_without_a_name() {
        for (text, want) in [
            ("no mysql://root:pw1@localhost/db here", vec!["pw1"]),
            (r#"{"u":"https:\/\/bob:pw1@h\/"}"#, vec!["pw1"]),
            ("see https://cdn.example/a@1.2/x, http://h:80/", vec![]),
            ("https://bob:‹secret:authorization#me1mcw·36›@h/", vec![]),
            ("got Basic Ym9iOnB3MQ==.", vec!["Ym9iOnB3MQ=="]),
            ("Bearer abcdefg1, bearer token", vec!["abcdefg1"]),
            ("Basic authentication is required", vec![]),
            ("t eyJhbGciOi.e30.c2ln!", vec!["eyJhbGciOi.e30.c2ln"]),
            ("eyJust a.word", vec![]),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
                vec!["\nMIIE\n"],
            ),
        ] {
            assert_eq!(hidden(text), want, "{text}");
        }
    }
}
