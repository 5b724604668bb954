//! What stands round a credential and is no part of it: quotes, the header's own name, characters that nobody sees.
use std::borrow::Cow;

use super::credential::Flaws;

/// A value without what was copied along with it.
pub(super) struct Dressing<'a> {
    /// What is left.
    pub(super) bare: Cow<'a, [u8]>,
    /// Whether the value is JSON; `bare` is the value then.
    pub(super) is_json: bool,
    /// What was taken off, and letters that no credential has.
    pub(super) flaws: Flaws,
}

impl<'a> Dressing<'a> {
    /// Takes it off.
    pub(super) fn of(value: &'a [u8]) -> Self {
        let mut flaws = Flaws::default();
        let mut bare = Cow::Borrowed(value);
        if !value.is_ascii() {
            bare = visible(value, &mut flaws);
        }
        // A command line or a header line may be quoted, and the value in it once more.
        for _ in 0..MOST_LAYERS {
            let before = bare.len();
            bare = shortened(bare, |text| without_quotes(text, &mut flaws));
            bare = shortened(bare, |text| without_pasted(text, &mut flaws));
            if bare.len() == before {
                break;
            }
        }
        Self {
            is_json: is_json(&bare),
            bare,
            flaws,
        }
    }
}

/// Keeps borrowing where nothing had to be rewritten.
fn shortened(text: Cow<'_, [u8]>, cut: impl FnOnce(&[u8]) -> Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => cut(text),
        Cow::Owned(text) => Cow::Owned(cut(&text).into_owned()),
    }
}

/// The value without characters that cannot be seen; notes the first of them, and the first letter beyond ASCII.
fn visible<'a>(value: &'a [u8], flaws: &mut Flaws) -> Cow<'a, [u8]> {
    let mut kept = Vec::with_capacity(value.len());
    let mut is_secret = false;
    for chunk in value.utf8_chunks() {
        for letter in chunk.valid().chars() {
            is_secret |= letter == ':';
            if let Some(name) = invisible_name(letter) {
                flaws.invisible = flaws.invisible.or(Some(name));
                continue;
            }
            let is_quote = typographic_quote(letter);
            if !letter.is_ascii() && !is_quote && letter != '\u{ff1a}' {
                flaws.foreign = flaws.foreign.or(Some(foreign_name(letter, is_secret)));
            }
            kept.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        if let [first, ..] = chunk.invalid() {
            if *first == 0xa0 {
                flaws.invisible = flaws
                    .invisible
                    .or(Some("a no-break space, in Latin-1 (A0)"));
            } else {
                let what = "a byte that is not UTF-8: text in another charset";
                flaws.foreign = flaws.foreign.or(Some(what));
                kept.extend_from_slice(chunk.invalid());
            }
        }
    }
    if kept.len() == value.len() {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(kept.trim_ascii().to_vec())
    }
}

const fn invisible_name(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{feff}' => "a byte order mark (U+FEFF)",
        '\u{a0}' => "a no-break space (U+00A0)",
        '\u{200b}' => "a zero-width space (U+200B)",
        '\u{200c}' | '\u{200d}' | '\u{2060}' => "a zero-width joiner (U+200C, U+200D or U+2060)",
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "a mark of writing direction"
        }
        '\u{ad}' => "a soft hyphen (U+00AD)",
        '\u{3000}' => "an ideographic space (U+3000)",
        '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => "a typographic space",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "a line separator beyond ASCII",
        '\u{80}'..='\u{9f}' => "a control character beyond ASCII",
        _ => return None,
    })
}

const fn foreign_name(letter: char, is_secret: bool) -> &'static str {
    match (letter, is_secret) {
        ('\u{370}'..='\u{3ff}', false) => "a Greek letter in the user name",
        ('\u{370}'..='\u{3ff}', true) => "a Greek letter in the secret",
        ('\u{400}'..='\u{52f}', false) => "a Cyrillic letter in the user name",
        ('\u{400}'..='\u{52f}', true) => "a Cyrillic letter in the secret",
        ('\u{ff01}'..='\u{ff5e}', false) => "a full-width letter in the user name",
        ('\u{ff01}'..='\u{ff5e}', true) => "a full-width letter in the secret",
        ('\u{fffd}', _) => "U+FFFD, what is left of a letter in another charset",
        ('\u{2010}'..='\u{2015}' | '\u{2212}', _) => "a typographic dash",
        (_, false) => "a letter beyond ASCII in the user name",
        (_, true) => "a letter beyond ASCII in the secret",
    }
}

const fn typographic_quote(letter: char) -> bool {
    matches!(letter, '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}')
}

/// Quotes round the whole, or round each half. A secret may well end with one: only one in front is a sign.
fn without_quotes<'a>(text: &'a [u8], flaws: &mut Flaws) -> Cow<'a, [u8]> {
    let Some((kind, length)) = quote_in_front(text) else {
        return Cow::Borrowed(text);
    };
    flaws.quotes = flaws.quotes.or(Some(kind));
    let inner = text[length..].trim_ascii();
    let inner = quote_at_end(inner).map_or(inner, |length| &inner[..inner.len() - length]);
    let Some(colon) = memchr::memchr(b':', inner) else {
        return Cow::Borrowed(inner);
    };
    let (first, second) = (inner[..colon].trim_ascii(), inner[colon + 1..].trim_ascii());
    match (quote_at_end(first), quote_in_front(second)) {
        (Some(before), Some((_, after))) => {
            let first = &first[..first.len() - before];
            Cow::Owned([first, b":", &second[after..]].concat())
        }
        _ => Cow::Borrowed(inner),
    }
}

fn quote_in_front(text: &[u8]) -> Option<(&'static str, usize)> {
    Some(match text {
        [b'"', ..] => ("double quotes", 1),
        [b'\'', ..] => ("single quotes", 1),
        [b'`', ..] => ("backticks", 1),
        [0xe2, 0x80, 0x98..=0x9f, ..] => ("typographic quotes", 3),
        [0xc2, 0xab | 0xbb, ..] => ("angle quotes", 2),
        _ => return None,
    })
}

fn quote_at_end(text: &[u8]) -> Option<usize> {
    match text {
        [.., b'"' | b'\'' | b'`'] => Some(1),
        [.., 0xe2, 0x80, 0x98..=0x9f] => Some(3),
        [.., 0xc2, 0xab | 0xbb] => Some(2),
        _ => None,
    }
}

/// `Authorization: …`, `-H …`, `curl …`, `Header: …`, `username=…` in front of the value.
fn without_pasted<'a>(text: &'a [u8], flaws: &mut Flaws) -> Cow<'a, [u8]> {
    for label in LABELS {
        let rest = text.split_at_checked(label.len());
        let rest = rest.filter(|(front, _)| front.eq_ignore_ascii_case(label.as_bytes()));
        if let Some((_, rest)) = rest.filter(|(_, rest)| rest.contains(&b':')) {
            flaws.pasted = flaws.pasted.or(Some("a label with an equals sign"));
            return Cow::Borrowed(rest.trim_ascii());
        }
    }
    for (words, what) in PASTED {
        let Some(rest) = words.iter().find_map(|word| after_word(text, word)) else {
            continue;
        };
        flaws.pasted = flaws.pasted.or(Some(what));
        return Cow::Borrowed(rest);
    }
    Cow::Borrowed(text)
}

/// What follows the word and its separator. A user may be called like the word: then a second colon is missing.
fn after_word<'a>(text: &'a [u8], word: &str) -> Option<&'a [u8]> {
    let (front, rest) = text.split_at_checked(word.len())?;
    if !front.eq_ignore_ascii_case(word.as_bytes()) {
        return None;
    }
    let is_option = word.starts_with('-') || word == "curl";
    let rest = if is_option {
        rest.strip_prefix(b" ").or(rest.strip_prefix(b"="))?
    } else {
        let blank = rest.trim_ascii_start();
        let rest = blank.strip_prefix(b":").or(blank.strip_prefix(b"="))?;
        let has_scheme = rest.trim_ascii_start().contains(&b' ');
        (memchr::memchr(b':', rest).is_some() || has_scheme).then_some(rest)?
    };
    Some(rest.trim_ascii())
}

fn is_json(text: &[u8]) -> bool {
    matches!(text, [b'[', .., b']'] | [b'{', .., b'}'])
        && memchr::memchr2(b'"', b'\'', text).is_some()
}

const PASTED: [(&[&str], &str); 3] = [
    (
        &["authorization", "authorisation", "header"],
        "the header's own name",
    ),
    (
        &["-H", "--header", "-u", "--user", "curl"],
        "an option of curl",
    ),
    (
        &["proxy-authorization", "http_authorization"],
        "the name of another header",
    ),
];
const LABELS: [&str; 4] = ["username=", "user=", "api_username=", "userid="];
const MOST_LAYERS: usize = 4;
