//! Makes visible what a terminal or a reader would act on or not see.
use std::fmt::Write as _;

/// Whether line breaks and tabs stay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// No: it is shown in one line.
    One,
    /// Yes: it is a body.
    Many,
}

/// The bytes as text, if they are visible ASCII: nothing of it need be spelt.
pub(super) fn visible(bytes: &[u8]) -> Option<&str> {
    // No early end: so the compiler can look at many bytes at once.
    let is_visible = bytes.iter().fold(true, |all, byte| all & is_plain(*byte));
    if is_visible {
        std::str::from_utf8(bytes).ok()
    } else {
        None
    }
}

/// Appends the bytes as visible text; true if anything had to be spelt.
pub(super) fn push_visible(out: &mut String, bytes: &[u8], lines: Lines) -> bool {
    if let Some(text) = visible(bytes) {
        out.push_str(text);
        return false;
    }
    let mut spelt = false;
    for chunk in bytes.utf8_chunks() {
        spelt |= push_text(out, chunk.valid(), lines);
        for byte in chunk.invalid() {
            spelt = true;
            push_byte(out, *byte);
        }
    }
    spelt
}

fn push_text(out: &mut String, text: &str, lines: Lines) -> bool {
    let mut spelt = false;
    let mut shown = 0;
    let mut from = 0;
    while let Some(found) = text.as_bytes()[from..]
        .iter()
        .position(|byte| !is_plain(*byte))
    {
        let at = from + found;
        let Some(char) = text[at..].chars().next() else {
            break;
        };
        from = at + char.len_utf8();
        if !is_hidden(char, lines) {
            continue;
        }
        spelt = true;
        out.push_str(&text[shown..at]);
        shown = from;
        match char {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x7f' => push_byte(out, char as u8),
            other => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(other));
            }
        }
    }
    out.push_str(&text[shown..]);
    spelt
}

fn push_byte(out: &mut String, byte: u8) {
    let _ = write!(out, "\\x{byte:02x}");
}

const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn is_hidden(char: char, lines: Lines) -> bool {
    match char {
        '\n' | '\t' => lines == Lines::One,
        // Controls, soft hyphen, marks of direction, separators of lines, no-width blanks, tags.
        '\0'..='\x1f'
        | '\x7f'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], lines: Lines) -> String {
        let mut out = String::new();
        push_visible(&mut out, bytes, lines);
        out
    }

    #[test]
    fn what_a_terminal_would_act_on_is_spelt() {
        for (bytes, want) in [
            (&b"plain ~ text"[..], "plain ~ text"),
            ("ü 😀 日本 e\u{301}".as_bytes(), "ü 😀 日本 e\u{301}"),
            (b"\x1b[2J\x07\0\x7f", "\\x1b[2J\\x07\\x00\\x7f"),
            (b"a\r\n\tb", "a\\r\\n\\tb"),
            (b"\xff\xc3", "\\xff\\xc3"),
            (
                "\u{202e}\u{2028}\u{85}\u{feff}".as_bytes(),
                "\\u{202e}\\u{2028}\\u{85}\\u{feff}",
            ),
        ] {
            assert_eq!(shown(bytes, Lines::One), want);
        }
        assert_eq!(shown(b"a\r\n\tb\x1b", Lines::Many), "a\\r\n\tb\\x1b");
    }
}
