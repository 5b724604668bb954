//! The encodings that can be undone. Each decoder takes a whole text, and gives it back with every occurrence of its
//! encoding undone; `None` if there is nothing to undo.
use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

type Decoder = fn(&[u8]) -> Option<Vec<u8>>;

/// All decoders, with what a report calls them.
pub(super) const ALL: &[(&str, Decoder)] = &[
    ("percent", percent),
    ("form", form),
    ("backslash", backslash),
    ("entities", entities),
    ("quoted-printable", quoted_printable),
    ("invisible characters", invisible),
    ("base64", base64),
    ("hex", hex),
    ("numbers", numbers),
    ("utf-16", utf16),
    ("gzip", gzip),
];

/// What can be undone, by name.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name)
}

/// Replaces what `read` understands at a place: how many bytes, and what they stand for.
fn replace(
    text: &[u8],
    mut read: impl FnMut(&[u8]) -> Option<(usize, Vec<u8>)>,
) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut is_changed = false;
    let mut at = 0;
    while at < text.len() {
        match read(&text[at..]) {
            Some((length, meaning)) if length > 0 => {
                out.extend(meaning);
                at += length;
                is_changed = true;
            }
            _ => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    is_changed.then_some(out)
}

fn digits(text: &[u8], radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    let is_digit = |c: char| c.is_digit(radix);
    (!text.is_empty() && text.chars().all(is_digit))
        .then(|| u32::from_str_radix(text, radix).ok())?
}

fn octet(text: &[u8], radix: u32) -> Option<Vec<u8>> {
    let value = u8::try_from(digits(text, radix)?).ok()?;
    Some(vec![value])
}

fn character(code: u32) -> Vec<u8> {
    let mut out = String::new();
    let _ = write!(out, "{}", char::from_u32(code).unwrap_or('\u{fffd}'));
    out.into_bytes()
}

fn percent(text: &[u8]) -> Option<Vec<u8>> {
    replace(text, |rest| match rest {
        [b'%', a, b, ..] => Some((3, octet(&[*a, *b], 16)?)),
        _ => None,
    })
}

fn form(text: &[u8]) -> Option<Vec<u8>> {
    let blanks = replace(text, |rest| (rest[0] == b'+').then(|| (1, vec![b' '])))?;
    Some(percent(&blanks).unwrap_or(blanks))
}

fn backslash(text: &[u8]) -> Option<Vec<u8>> {
    replace(text, |rest| {
        let [b'\\', kind, ..] = rest else { return None };
        let simple = |byte: u8| Some((2, vec![byte]));
        match kind {
            b'n' => simple(b'\n'),
            b'r' => simple(b'\r'),
            b't' => simple(b'\t'),
            b'b' => simple(8),
            b'f' => simple(12),
            b'e' => simple(27),
            b'x' | b'X' => Some((4, octet(rest.get(2..4)?, 16)?)),
            b'u' if rest.get(2) == Some(&b'{') => {
                let end = rest.iter().take(12).position(|byte| *byte == b'}')?;
                Some((end + 1, character(digits(&rest[3..end], 16)?)))
            }
            b'u' => unit(rest),
            b'0'..=b'7' => {
                let is_octal = |byte: &&u8| (b'0'..=b'7').contains(*byte);
                let count = rest[1..].iter().take(3).take_while(is_octal).count();
                Some((1 + count, octet(&rest[1..=count], 8)?))
            }
            other if other.is_ascii_alphanumeric() => None,
            other => simple(*other),
        }
    })
}

/// `\uXXXX`, or two of them that are one character.
fn unit(rest: &[u8]) -> Option<(usize, Vec<u8>)> {
    let first = digits(rest.get(2..6)?, 16)?;
    let second = rest
        .get(6..8)
        .filter(|front| *front == b"\\u")
        .and_then(|_| digits(rest.get(8..12)?, 16));
    match (first, second) {
        (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => Some((
            12,
            character(0x10000 + ((first - 0xd800) << 10) + low - 0xdc00),
        )),
        _ => Some((6, character(first))),
    }
}

fn entities(text: &[u8]) -> Option<Vec<u8>> {
    const NAMED: [(&[u8], u8); 6] = [
        (b"&amp;", b'&'),
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&quot;", b'"'),
        (b"&apos;", b'\''),
        (b"&sol;", b'/'),
    ];
    replace(text, |rest| {
        if let Some((name, byte)) = NAMED.iter().find(|(name, _)| rest.starts_with(name)) {
            return Some((name.len(), vec![*byte]));
        }
        let (front, radix) = match rest {
            [b'&', b'#', b'x' | b'X', ..] => (3, 16),
            [b'&', b'#', ..] => (2, 10),
            _ => return None,
        };
        let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
        let end = front + rest[front..].iter().take(7).take_while(is_digit).count();
        let code = digits(&rest[front..end], radix)?;
        let semicolon = usize::from(rest.get(end) == Some(&b';'));
        Some((end + semicolon, character(code)))
    })
}

fn quoted_printable(text: &[u8]) -> Option<Vec<u8>> {
    replace(text, |rest| match rest {
        [b'=', b'\n', ..] => Some((2, Vec::new())),
        [b'=', b'\r', b'\n', ..] => Some((3, Vec::new())),
        [b'=', a, b, ..] => Some((3, octet(&[*a, *b], 16)?)),
        _ => None,
    })
}

/// Control characters, terminal sequences, and characters without a width.
fn invisible(text: &[u8]) -> Option<Vec<u8>> {
    replace(text, |rest| {
        let length = match rest {
            [0x1b, b'[', tail @ ..] => {
                let inside = |byte: &&u8| (0x20..0x40).contains(*byte);
                let count = tail.iter().take(16).take_while(inside).count();
                2 + (count + 1).min(tail.len())
            }
            [0..=0x1f | 0x7f, ..] => 1,
            [0xc2, 0xad, ..] => 2,
            [0xe2, 0x80, 0x8b..=0x8f | 0xaa..=0xae, ..]
            | [0xe2, 0x81, 0xa0..=0xaf, ..]
            | [0xef, 0xbb, 0xbf, ..] => 3,
            _ => return None,
        };
        Some((length, Vec::new()))
    })
}

/// The bytes of each run of digits that decode to something like text, however the run is aligned.
fn runs(
    text: &[u8],
    is_digit: fn(u8) -> bool,
    shortest: usize,
    decode: impl Fn(&[u8], &mut Vec<u8>),
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for run in text.split(|byte| !is_digit(*byte)) {
        if run.len() >= shortest {
            decode(run, &mut out);
        }
    }
    (!out.is_empty()).then_some(out)
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    runs(text, is_digit, 8, |run, out| {
        for front in 0..4.min(run.len()) {
            let engine = if run.iter().any(|byte| b"-_".contains(byte)) {
                &URL
            } else {
                &STANDARD
            };
            let run = &run[front..];
            let whole = &run[..run.len() - usize::from(run.len() % 4 == 1)];
            if let Ok(bytes) = engine.decode(whole) {
                keep(&bytes, out);
            }
        }
    })
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let tight = runs(
        text,
        |byte| byte.is_ascii_hexdigit(),
        12,
        |run, out| {
            for front in 0..2 {
                let pairs = run[front..].as_chunks::<2>().0;
                let bytes: Vec<u8> = pairs
                    .iter()
                    .filter_map(|pair| octet(pair, 16))
                    .flatten()
                    .collect();
                keep(&bytes, out);
            }
        },
    );
    // `6b 54 39` and `6b:54:39`.
    let is_loose = |byte: u8| byte.is_ascii_hexdigit() || b" :-".contains(&byte);
    let loose = runs(text, is_loose, 17, |run, out| {
        let words = run.split(|byte| !byte.is_ascii_hexdigit());
        let bytes: Vec<u8> = words
            .filter_map(|word| (word.len() == 2).then(|| octet(word, 16))?)
            .flatten()
            .collect();
        if bytes.len() >= 6 {
            keep(&bytes, out);
        }
    });
    match (tight, loose) {
        (Some(mut tight), Some(loose)) => {
            tight.push(0);
            tight.extend(loose);
            Some(tight)
        }
        (tight, loose) => tight.or(loose),
    }
}

/// `[107, 84, 57]`
fn numbers(text: &[u8]) -> Option<Vec<u8>> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || b", ".contains(&byte);
    runs(text, is_digit, 17, |run, out| {
        let words = run.split(|byte| !byte.is_ascii_digit());
        let bytes: Vec<u8> = words.filter_map(|word| octet(word, 10)).flatten().collect();
        if bytes.len() >= 6 {
            keep(&bytes, out);
        }
    })
}

/// In both orders of bytes, from an even and from an odd place.
fn utf16(text: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(0, text)?;
    let mut out = Vec::new();
    for front in 0..2.min(text.len()) {
        for read in [u16::from_le_bytes, u16::from_be_bytes] {
            let units: Vec<u16> = text[front..]
                .as_chunks::<2>()
                .0
                .iter()
                .map(|pair| read(*pair))
                .collect();
            out.extend(String::from_utf16_lossy(&units).into_bytes());
            out.push(0);
        }
    }
    Some(out)
}

/// What stands behind the mark of a gzip stream.
fn gzip(text: &[u8]) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let at = memchr::memmem::find(text, b"\x1f\x8b\x08")?;
    let mut out = Vec::new();
    let stream = flate2::read::GzDecoder::new(&text[at..]);
    // What was unpacked before a damage counts too.
    let _ = stream.take(UNPACKED).read_to_end(&mut out);
    (!out.is_empty()).then_some(out)
}

/// Keeps bytes that can be text, UTF-16 too, or packed; random ones would only cost time.
fn keep(bytes: &[u8], out: &mut Vec<u8>) {
    let is_textual = |byte: &&u8| matches!(**byte, 0 | b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let textual = bytes.iter().filter(is_textual).count();
    let beyond: usize = bytes.utf8_chunks().map(|chunk| chunk.valid().len()).sum();
    let is_packed = bytes.starts_with(b"\x1f\x8b");
    if is_packed || (textual.max(beyond) * 10 >= bytes.len() * 7 && !bytes.is_empty()) {
        out.extend_from_slice(bytes);
        out.push(0);
    }
}

const TOLERANT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, TOLERANT);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, TOLERANT);
/// Of a packed part of a line, so much is looked at.
const UNPACKED: u64 = 1 << 20;
