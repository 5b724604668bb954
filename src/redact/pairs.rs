//! Finds what must not be shown in URLs, queries and forms.
use std::borrow::Cow;
use std::ops::Range;

use crate::facts::SecretKind;

use super::couples::{self, Couple, Half};
use super::find::{Found, What, decode_pair, unescaped};
use super::names::{Level, Names, Place};
use super::views::Escape;
use super::{telltale, texts};

/// Looks through `a=b&c=d`, in this part of the text.
///
/// `cut`: the text goes on where it ends here.
pub(super) fn pairs(
    names: &Names,
    text: &[u8],
    part: Range<usize>,
    cut: bool,
    found: &mut Vec<Found>,
) {
    let mut couple = Couple::NONE;
    let mut start = part.start;
    while start < part.end {
        let end = memchr::memchr(b'&', &text[start..part.end]).map_or(part.end, |at| start + at);
        let is_cut = cut && end == text.len();
        let equals = memchr::memchr(b'=', &text[start..end]).map(|at| start + at);
        let (name, value) = match equals {
            Some(at) => (start..at, at + 1..end),
            None => (start..end, end..end),
        };
        match equals {
            None if is_cut => found.push(Found::new(name, What::Cut, Vec::new())),
            None => nameless(text, name, found),
            _ => pair(names, text, name, value, is_cut, &mut couple, found),
        }
        start = end + 1;
    }
}

/// Looks through a URL, whole or relative, in this part of the text.
pub(super) fn url(names: &Names, text: &[u8], part: Range<usize>, found: &mut Vec<Found>) {
    let url = &text[part.clone()];
    let path = memchr::memmem::find(url, b"://").map_or(part.start, |at| {
        let start = part.start + at + 3;
        let end = text[start..part.end]
            .iter()
            .position(|byte| b"/?#".contains(byte))
            .map_or(part.end, |length| start + length);
        userinfo(text, start..end, found);
        end
    });
    let rest = &text[path..part.end];
    let hash = memchr::memchr(b'#', rest).map_or(part.end, |at| path + at);
    let query = memchr::memchr(b'?', &text[path..hash]).map_or(hash, |at| path + at);
    segments(names, text, path..query, found);
    if query < hash {
        pairs(names, text, query + 1..hash, false, found);
    }
    if hash < part.end {
        pairs(names, text, hash + 1..part.end, false, found);
    }
}

/// Looks through a path: `/token=x/`, `/user:secret/`, `/;token=x`, `/password/x/`.
fn segments(names: &Names, text: &[u8], path: Range<usize>, found: &mut Vec<Found>) {
    let mut named = Level::Open;
    let mut start = path.start;
    while start < path.end {
        let end =
            memchr::memchr2(b'/', b';', &text[start..path.end]).map_or(path.end, |at| start + at);
        if memchr::memchr2(b'=', b':', &text[start..end]).is_some() {
            pairs(names, text, start..end, false, found);
        }
        let segment = unescaped(&text[start..end], Escape::Percent);
        if let Some(what) = What::of(named)
            && couples::looks_secret(&segment)
            && !is_version(&segment)
        {
            found.push(Found::new(start..end, what, &*segment));
        }
        named = match couples::named(names, &segment) {
            Level::Pii(_) => Level::Open,
            level => level,
        };
        start = end + 1;
    }
}

/// `v2`, as paths have it.
fn is_version(segment: &[u8]) -> bool {
    matches!(segment, [b'v', digits @ ..] if digits.iter().all(u8::is_ascii_digit))
}

/// A piece without a name: `user:secret`, put where parameters belong. Ports and schemes have a colon too.
fn nameless(text: &[u8], piece: Range<usize>, found: &mut Vec<Found>) {
    let Some(colon) = memchr::memchr(b':', &text[piece.clone()]) else {
        return;
    };
    let (name, value) = (
        &text[piece.start..piece.start + colon],
        piece.start + colon + 1..piece.end,
    );
    let is_scheme = [&b"http"[..], b"https"]
        .iter()
        .any(|it| name.eq_ignore_ascii_case(it));
    let is_port = text[value.clone()].iter().all(u8::is_ascii_digit);
    if name.is_empty() || is_scheme || is_port {
        return;
    }
    let decoded = decode_pair(&text[value.clone()]);
    found.push(Found::new(
        value,
        What::Secret(SecretKind::Authorization),
        decoded,
    ));
}

fn pair(
    names: &Names,
    text: &[u8],
    name: Range<usize>,
    value: Range<usize>,
    is_cut: bool,
    couple: &mut Couple,
    found: &mut Vec<Found>,
) {
    let name = decode_pair(&text[name]);
    let decoded = decode_pair(&text[value.clone()]);
    let half = Half::of(&name);
    let level = names.level(&String::from_utf8_lossy(&name), Place::Pair);
    let what = What::of(level).or_else(|| couple.what(half, &decoded));
    let number = found.len();
    match what {
        _ if value.is_empty() => {}
        Some(what) => found.push(Found::new(value, what, &*decoded)),
        None if is_cut => found.push(Found::new(value, What::Cut, &*decoded)),
        None => {
            if let Some(inner) = nested(names, &decoded) {
                found.push(Found {
                    range: value,
                    ..inner
                });
            }
        }
    }
    let hidden = (found.len() > number).then_some(number);
    couple.pass(half, found);
    if half == Some(Half::Name) {
        *couple = Couple::begun(names, &decoded, false, hidden);
    }
}

/// A secret inside a value that is itself a URL, a form or JSON, perhaps escaped once more.
fn nested(names: &Names, value: &[u8]) -> Option<Found> {
    if let Some(text) = telltale::in_base64(value) {
        return within(names, &[&text]);
    }
    let is_list = matches!(value.first(), Some(b'[' | b'<'));
    if !is_list && memchr::memchr3(b'=', b':', b'%', value).is_none() {
        return None;
    }
    match unescaped(value, Escape::Percent) {
        Cow::Borrowed(_) => within(names, &[value]),
        Cow::Owned(deeper) => within(names, &[value, &deeper]),
    }
}

/// A secret in one of these texts, by the name of its value.
pub(super) fn within(names: &Names, texts: &[&[u8]]) -> Option<Found> {
    let mut found = Vec::new();
    for text in texts {
        texts::of_its_own(names, text, &mut found);
        if let Some(at) = memchr::memmem::find(text, b"://") {
            userinfo(text, at + 3..text.len(), &mut found);
        }
    }
    found
        .into_iter()
        .find(|found| matches!(found.what, What::Secret(_) | What::Own(_)))
}

/// `user:password@`, or a token before the `@`.
pub(super) fn userinfo(text: &[u8], authority: Range<usize>, found: &mut Vec<Found>) {
    let end = text[authority.clone()]
        .iter()
        .position(|byte| b"/?#".contains(byte))
        .map_or(authority.end, |length| authority.start + length);
    let Some(at) = memchr::memrchr(b'@', &text[authority.start..end]) else {
        return;
    };
    let end = authority.start + at;
    let start = memchr::memchr(b':', &text[authority.start..end])
        .map_or(authority.start, |at| authority.start + at + 1);
    if start < end {
        let value = unescaped(&text[start..end], Escape::Percent);
        found.push(Found::new(
            start..end,
            What::Secret(SecretKind::Authorization),
            value,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<(&str, String)> {
        let mut found = Vec::new();
        url(
            &Names::default(),
            text.as_bytes(),
            0..text.len(),
            &mut found,
        );
        found
            .into_iter()
            .map(|found| {
                let value = String::from_utf8_lossy(&found.value).into_owned();
                (&text[found.range], value)
            })
            .collect()
    }

    #[test]
    fn values_are_found_by_decoded_names() {
        for (text, want) in [
            (
                "/v2/?category=domain&authcode=a%2Bb",
                vec![("a%2Bb", "a+b")],
            ),
            ("/v2/?p%61ssword=x+y&year=1", vec![("x+y", "x y")]),
            ("/v2/?domain=a.com&year=1#token=t", vec![("t", "t")]),
            ("/v2/?token=&x=1&&=y&novalue", vec![]),
            (
                "https://acme:s%40cret@api.nicenic.net/?year=1",
                vec![("s%40cret", "s@cret")],
            ),
            ("https://TOKEN@host/x@y", vec![("TOKEN", "TOKEN")]),
            ("https://host/x/y@z", vec![]),
            (
                "/v2/acme:pw1/?acme:pw2&y",
                vec![("pw1", "pw1"), ("pw2", "pw2")],
            ),
            ("/v2;token=a/pin=b/x=c", vec![("a", "a"), ("b", "b")]),
            (
                "/v2/password/s3cret/x/API%20key/a%2Fb1?y",
                vec![("s3cret", "s3cret"), ("a%2Fb1", "a/b1")],
            ),
            (
                "/session/v2/token/refresh/key/ns1.example.com/auth//x1/pin/2026-11",
                vec![],
            ),
            ("/?key=api_secret&value=s1", vec![("", ""), ("s1", "s1")]),
            (
                "/?f[0][name]=pin&f[0][value]=12&f[1][name]=domain&f[1][value]=3",
                vec![("", ""), ("12", "12"), ("", "")],
            ),
            ("/?value=12&name=pin", vec![("pin", "pin")]),
            ("api.nicenic.net:443", vec![]),
            ("https:/host/v2", vec![]),
            (
                "/?d=eyJwYXNzd29yZCI6ImFiYzEifQ%3D%3D",
                vec![("eyJwYXNzd29yZCI6ImFiYzEifQ%3D%3D", "abc1")],
            ),
            ("/?d=aHR0cHM6Ly9uaWNlbmljLm5ldC8", vec![]),
            (
                "/?next=https%3A%2F%2Fh%2F%3Ftoken%3Dabc%26x%3D1",
                vec![("https%3A%2F%2Fh%2F%3Ftoken%3Dabc%26x%3D1", "abc")],
            ),
            (
                "/?u=https%3A%2F%2Facme:pw1@h%2F",
                vec![("https%3A%2F%2Facme:pw1@h%2F", "pw1")],
            ),
            ("/?code=4%2F0AX", vec![("4%2F0AX", "4/0AX")]),
            ("/?data[email]=a%40b.c", vec![("a%40b.c", "a@b.c")]),
        ] {
            let have = hidden(text);
            let have: Vec<_> = have
                .iter()
                .map(|(part, value)| (*part, value.as_str()))
                .collect();
            assert_eq!(have, want, "{text}");
        }
    }

    #[test]
    fn the_last_pair_of_a_cut_form_is_hidden_whole() {
        for (text, want) in [("a=1&b=xyz", "xyz"), ("a=1&pass", "pass")] {
            let mut found = Vec::new();
            pairs(
                &Names::default(),
                text.as_bytes(),
                0..text.len(),
                true,
                &mut found,
            );
            assert_eq!(&text[found[0].range.clone()], want);
        }
    }
}
