//! Finds secrets that show by themselves, whatever stands before them: passwords in URLs, `Basic` and `Bearer`
//! tokens, JSON web tokens, private keys, and what is wrapped in base64.
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;
use zeroize::Zeroizing;

use crate::facts::{SecretKind, base64_text};

use super::find::{Found, What};
use super::{mark, pairs};

/// Looks through a text of any kind, once for all that a telltale can begin with. Each find goes on behind the last of
/// its kind, so that the time is linear.
pub(super) fn telltales(text: &[u8], found: &mut Vec<Found>) {
    let mut done = [0; SIGNS.len()];
    for sign in BEGINNINGS.find_iter(text) {
        let number = sign.pattern().as_usize();
        if sign.start() < done[number] {
            continue;
        }
        done[number] = match SIGNS[number].1 {
            Kind::Url => in_url(text, sign.end(), found),
            Kind::Scheme => behind_scheme(text, sign.end(), found),
            Kind::WebToken => web_token(text, sign.start(), found),
            Kind::PrivateKey => private_key(text, sign.end(), found),
        };
    }
}

fn in_url(text: &[u8], start: usize, found: &mut Vec<Found>) -> usize {
    let authority = start..start + run(&text[start..], |byte| !ENDS_HOST.contains(&byte));
    let end = authority.end;
    if mark_free(&text[authority.clone()]) {
        pairs::userinfo(text, authority, found);
    }
    end
}

fn behind_scheme(text: &[u8], start: usize, found: &mut Vec<Found>) -> usize {
    let token = start..start + run(&text[start..], is_of_token);
    let end = token.end;
    if is_credential(&text[token.clone()]) {
        hide(text, token, found);
    }
    end
}

fn web_token(text: &[u8], start: usize, found: &mut Vec<Found>) -> usize {
    let length = run(&text[start..], |byte| byte == b'.' || is_of_token(byte));
    let token = start..start + length;
    if memchr::memchr_iter(b'.', &text[token.clone()]).count() == 2 {
        hide(text, token, found);
    }
    start + length
}

fn private_key(text: &[u8], start: usize, found: &mut Vec<Found>) -> usize {
    let line = &text[start.saturating_sub(LONGEST_LINE)..start];
    let begins = memmem::rfind(line, b"-----BEGIN ");
    if begins.is_none() || begins < memmem::rfind(line, b"-----END ") {
        return start;
    }
    let end = memmem::find(&text[start..], b"-----END").map_or(text.len(), |at| start + at);
    if mark_free(&text[start..end]) {
        hide(text, start..end, found);
    }
    end
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

#[derive(Clone, Copy)]
enum Kind {
    Url,
    Scheme,
    WebToken,
    PrivateKey,
}

/// With what a telltale begins. None overlaps another one or itself, so that a search for all finds what a search for
/// each would.
const SIGNS: [(&str, Kind); 8] = [
    ("://", Kind::Url),
    (":\\/\\/", Kind::Url),
    ("Basic ", Kind::Scheme),
    ("basic ", Kind::Scheme),
    ("Bearer ", Kind::Scheme),
    ("bearer ", Kind::Scheme),
    ("eyJ", Kind::WebToken),
    ("PRIVATE KEY-----", Kind::PrivateKey),
];
#[expect(clippy::expect_used, reason = "the signs are few and not empty")]
static BEGINNINGS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(SIGNS.map(|(sign, _)| sign))
        .expect("eight short signs fit")
});
const ENDS_HOST: &[u8] = b" \t\r\n\"'<>`\\,)]}/?#";
/// Bytes before `PRIVATE KEY` in which its line begins.
const LONGEST_LINE: usize = 64;
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

    /// The plain search: each sign by itself, from the front.
    fn plainly(text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for (sign, kind) in SIGNS {
            let mut from = 0;
            while let Some(at) = memmem::find(&text[from..], sign.as_bytes()) {
                let (start, end) = (from + at, from + at + sign.len());
                from = match kind {
                    Kind::Url => in_url(text, end, &mut found),
                    Kind::Scheme => behind_scheme(text, end, &mut found),
                    Kind::WebToken => web_token(text, start, &mut found),
                    Kind::PrivateKey => private_key(text, end, &mut found),
                };
            }
        }
        ranges(found)
    }

    fn ranges(found: Vec<Found>) -> Vec<Range<usize>> {
        let mut ranges: Vec<_> = found.into_iter().map(|found| found.range).collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        ranges
    }

    proptest::proptest! {
        #[test]
        fn one_search_for_all_finds_what_a_search_for_each_finds(
            parts in proptest::collection::vec(0..PARTS.len(), 0..24)
        ) {
            let text: Vec<&str> = parts.into_iter().map(|part| PARTS[part]).collect();
            let text = text.concat();
            let mut found = Vec::new();
            telltales(text.as_bytes(), &mut found);
            proptest::prop_assert_eq!(ranges(found), plainly(text.as_bytes()), "{}", text);
        }
    }

    const PARTS: [&str; 26] = [
        "://",
        ":\\/\\/",
        "Basic ",
        "basic ",
        "Bearer ",
        "bearer ",
        "eyJ",
        "PRIVATE KEY-----",
        "-----BEGIN ",
        "-----END ",
        "u:p@h",
        "@",
        ":",
        "/",
        ".",
        " ",
        "abcdefg1",
        "Ym9iOnB3MQ==",
        "e",
        "J",
        "\n",
        "-",
        "B",
        "‹",
        "x",
        "eyJhbGciOi.e30.c2ln",
    ];
}
