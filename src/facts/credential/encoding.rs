//! How a credential is encoded that should stand as it is.
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Encoding;
use super::pair::Pair;

/// The text in this base64, if it is text.
pub fn base64_text(token: &[u8]) -> Option<Vec<u8>> {
    if token.len() > LONGEST_ENCODED || token.len() < 2 {
        return None;
    }
    let is_url_safe = token.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let engine = if is_url_safe { &URL_SAFE } else { &STANDARD };
    let text = engine.decode(token).ok()?;
    let is_text = std::str::from_utf8(&text).is_ok()
        && !text
            .iter()
            .any(|byte| *byte < b' ' && !byte.is_ascii_whitespace());
    is_text.then_some(text)
}

/// How a value without a colon is encoded, if a pair comes out.
pub(super) fn bare_encoding(text: &[u8]) -> Option<Encoding> {
    let is_pair = |text: &[u8]| {
        Pair::of(text).is_some_and(|pair| {
            !pair.username.is_empty() && pair.username.iter().all(u8::is_ascii_graphic)
        })
    };
    if memchr::memmem::find(&text.to_ascii_lowercase(), b"%3a").is_some() {
        return Some(Encoding::Percent);
    }
    let inner = base64_text(text)?;
    if is_pair(&inner) {
        return Some(Encoding::Base64);
    }
    let innermost = base64_text(inner.trim_ascii())?;
    is_pair(&innermost).then_some(Encoding::Base64Twice)
}

/// How a half is encoded, as far as its escapes tell.
pub(super) fn encoding_of_half(half: &[u8]) -> Option<Encoding> {
    memchr::memchr3(b'%', b'&', b'\\', half)?;
    let is_entity = |rest: &[u8]| {
        [&b"amp;"[..], b"lt;", b"gt;", b"quot;", b"apos;", b"#"]
            .iter()
            .any(|name| rest.starts_with(name) && memchr::memchr(b';', rest).is_some())
    };
    for (at, byte) in half.iter().enumerate() {
        match (byte, &half[at + 1..]) {
            (b'&', rest) if is_entity(rest) => return Some(Encoding::Html),
            (b'%', [b'0', b'a' | b'A' | b'd' | b'D', ..]) => {
                return Some(Encoding::PercentLineBreak);
            }
            (b'%', [high, low, ..]) if is_escaped_sign(*high, *low) => {
                return Some(Encoding::Percent);
            }
            (b'\\', [b'/' | b'"' | b'\'' | b'$' | b'!' | b'&' | b'\\' | b':', ..]) => {
                return Some(Encoding::Backslash);
            }
            _ => {}
        }
    }
    None
}

/// Whether `%` and these two digits stand for a sign: letters and digits need no escape.
fn is_escaped_sign(high: u8, low: u8) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (Some(high), Some(low)) = (digit(high), digit(low)) else {
        return false;
    };
    u8::try_from(high * 16 + low).is_ok_and(|byte| byte.is_ascii_punctuation() || byte == b' ')
}

/// `header.payload.signature`, of which the first part is the base64 of `{"`.
pub(super) fn is_web_token(text: &[u8]) -> bool {
    text.starts_with(b"eyJ") && memchr::memchr_iter(b'.', text).count() == 2
}

const fn lenient(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    GeneralPurpose::new(
        alphabet,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    )
}

const STANDARD: GeneralPurpose = lenient(&alphabet::STANDARD);
const URL_SAFE: GeneralPurpose = lenient(&alphabet::URL_SAFE);
const LONGEST_ENCODED: usize = 4096;
