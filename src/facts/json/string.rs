//! The values of strings, without their quotes and escapes.
use std::borrow::Cow;

/// The value of a token: strings without quotes and escapes, all else as it stands.
pub(in crate::facts) fn value_of(token: &[u8]) -> Cow<'_, [u8]> {
    match token {
        [b'"', inner @ .., b'"'] => unescape(inner),
        b"null" => Cow::Borrowed(b""),
        _ => Cow::Borrowed(token),
    }
}

/// Undoes the escapes of a string that was read. Half a surrogate pair becomes U+FFFD.
pub(in crate::facts) fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            plain.push(*byte);
            continue;
        }
        let Some((escape, after)) = rest.split_first() else {
            break;
        };
        rest = after;
        match escape {
            b'b' => plain.push(8),
            b'f' => plain.push(12),
            b'n' => plain.push(b'\n'),
            b'r' => plain.push(b'\r'),
            b't' => plain.push(b'\t'),
            b'u' => {
                let letter;
                (letter, rest) = code_point(rest);
                plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => plain.push(*other),
        }
    }
    Cow::Owned(plain)
}

/// The character after `\u`, and what follows it.
fn code_point(text: &[u8]) -> (char, &[u8]) {
    let unit = |text: &[u8]| {
        let digits = std::str::from_utf8(text.get(..4)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(text) else {
        return (char::REPLACEMENT_CHARACTER, text);
    };
    let rest = &text[4..];
    if let (0xd800..0xdc00, Some(next)) = (first, rest.strip_prefix(b"\\u"))
        && let Some(second @ 0xdc00..0xe000) = unit(next)
    {
        let joined = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        let letter = char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER);
        return (letter, &next[4..]);
    }
    let letter = char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
    (letter, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unescaped() {
        for (text, want) in [
            ("plain", "plain"),
            ("a\\/b\\n\\\"", "a/b\n\""),
            ("\\u00e4\\ud83d\\ude00", "ä😀"),
            ("\\ud83d", "\u{fffd}"),
            ("\\ud83dx\\u0041", "\u{fffd}xA"),
        ] {
            assert_eq!(&*unescape(text.as_bytes()), want.as_bytes(), "{text}");
        }
    }
}
