//! The value behind a sign: `name=value`, `name: "value"`, `name => value`, `name: |` and lines under it.
use std::borrow::Cow;
use std::ops::Range;

use super::couples;
use super::find::unescaped;
use super::mark;
use super::views::Escape;

/// Reads the values of a part of a text; asked for signs that come one behind the other.
pub(super) struct Values<'a> {
    text: &'a [u8],
    part: Range<usize>,
    /// Up to here stands a word of a language: what begins in it is prose, too.
    prose: usize,
}

/// A value, without its quotes.
pub(super) struct Value {
    pub(super) range: Range<usize>,
    /// Whether it is lines under their name, as YAML writes them.
    is_block: bool,
}

impl Value {
    /// What it says.
    pub(super) fn meaning<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let text = &text[self.range.clone()];
        if !self.is_block {
            return unescaped(text, Escape::Backslash);
        }
        let lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
        let lines: Vec<_> = lines.into_iter().map(<[u8]>::trim_ascii).collect();
        lines.join(&b'\n').into()
    }
}

impl<'a> Values<'a> {
    pub(super) const fn new(text: &'a [u8], part: Range<usize>) -> Self {
        Self {
            text,
            part,
            prose: 0,
        }
    }

    pub(super) fn is_arrow(&self, sign: usize) -> bool {
        self.text[sign] == b'=' && self.text.get(sign + 1) == Some(&b'>')
    }

    /// The word behind a sign, if it is short; whatever it is.
    pub(super) fn word(&self, sign: usize) -> &'a [u8] {
        let start = sign + 1 + usize::from(self.is_arrow(sign));
        let after = &self.text[start.min(self.part.end)..self.part.end];
        let after = &after[..after.len().min(LONGEST_WORD)];
        let value = after.trim_ascii_start();
        let value = typed(value).unwrap_or(value);
        let start = value.iter().position(|byte| !b"\\\"'".contains(byte));
        let value = &value[start.unwrap_or(value.len())..];
        let end = value
            .iter()
            .position(|byte| b"\\\"'\r\n,;&|<>{}()".contains(byte));
        end.map_or(b"", |end| &value[..end])
    }

    /// The value after a sign; `None` if there is none, or it is plainly no secret.
    pub(super) fn after(&mut self, sign: usize) -> Option<Value> {
        let (text, end) = (self.text, self.part.end);
        let is_arrow = self.is_arrow(sign);
        let after = &text[(sign + 1 + usize::from(is_arrow)).min(end)..end];
        let value = after.trim_ascii_start();
        let value = typed(value).unwrap_or(value);
        let start = end - value.len();
        let slashes = value.iter().take_while(|&&byte| byte == b'\\').count();
        if let Some(quote @ (b'"' | b'\'')) = value.get(slashes).copied() {
            let inside = start + slashes + 1;
            let length = quoted(&text[inside..end], slashes, quote);
            return (length > 0).then_some(Value::plain(inside..inside + length));
        }
        // A name and a value do not stand on two lines, unless quotes or the margin say so.
        if after[..after.len() - value.len()].contains(&b'\n') {
            return self.on_next_line(sign, start).map(Value::plain);
        }
        if text[sign] == b':' && matches!(value.first(), Some(b'|' | b'>')) {
            return self.block(sign, start);
        }
        self.bare(sign, start, is_arrow).map(Value::plain)
    }

    fn bare(&mut self, sign: usize, start: usize, is_arrow: bool) -> Option<Range<usize>> {
        let value = &self.text[start..self.part.end];
        // In prose, `password: must be …` is no secret.
        let is_sentence = self.text[sign] == b':';
        if is_sentence && (start < self.prose || value.starts_with(b"[")) {
            return None;
        }
        let stops: &[u8] = if is_arrow {
            b"\r\n"
        } else {
            b" \t\r\n&,;<>\"'`)}|\\"
        };
        // A `<` in a mark ends nothing.
        let mark = mark::at_start(value).unwrap_or(0);
        let rest = &value[mark..];
        let length = rest.iter().position(|byte| stops.contains(byte));
        let length = mark + length.unwrap_or(rest.len());
        if length == mark && mark > 0 {
            return None;
        }
        let word = &value[..length];
        let is_word = !word.iter().any(u8::is_ascii_digit) && !couples::looks_random(word);
        if is_sentence && is_word {
            self.prose = start + length;
            return None;
        }
        let is_plain = matches!(word, b"" | b"true" | b"false" | b"null");
        (!is_plain).then_some(start..start + length)
    }

    /// One word under its name and further from the margin, as YAML allows it.
    fn on_next_line(&self, sign: usize, start: usize) -> Option<Range<usize>> {
        let gap = &self.text[sign..start];
        let line = sign + memchr::memchr(b'\n', gap)? + 1;
        let value = &self.text[start..self.part.end];
        let value = &value[..memchr::memchr(b'\n', value).unwrap_or(value.len())];
        let word = value.trim_ascii_end();
        let is_below = gap.first() == Some(&b':')
            && memchr::memrchr(b'\n', gap).is_some_and(|at| sign + at + 1 == line)
            && start - line > self.margin(sign);
        let is_word = (word.iter().any(u8::is_ascii_digit) || couples::looks_random(word))
            && !word.iter().any(|byte| b" \t:=[{<,".contains(byte));
        (is_below && is_word).then_some(start..start + word.len())
    }

    /// The lines under `name: |`, as far as they are further from the margin.
    fn block(&self, sign: usize, start: usize) -> Option<Value> {
        let text = &self.text[..self.part.end];
        let front = &text[start..text.len().min(start + LONGEST_HEADER)];
        let first = start + memchr::memchr(b'\n', front)? + 1;
        let header = text[start + 1..first].trim_ascii();
        let header = &header[..memchr::memchr(b'#', header).unwrap_or(header.len())];
        let is_header = |byte: &u8| b"+- \t".contains(byte) || byte.is_ascii_digit();
        if !header.iter().all(is_header) {
            return None;
        }
        let margin = self.margin(sign);
        let mut range: Option<Range<usize>> = None;
        let mut from = first;
        for line in text[first..].split_inclusive(|byte| *byte == b'\n') {
            let words = line.trim_ascii();
            let indent = line.len() - line.trim_ascii_start().len();
            if !words.is_empty() && indent <= margin {
                break;
            }
            if !words.is_empty() {
                let start = range.map_or(from + indent, |range| range.start);
                range = Some(start..from + indent + words.len());
            }
            from += line.len();
        }
        range.map(|range| Value {
            range,
            is_block: true,
        })
    }

    /// How far from the margin the line of this sign begins; a dash of a list counts as a blank.
    fn margin(&self, sign: usize) -> usize {
        let before = &self.text[self.part.start..sign];
        let line = memchr::memrchr(b'\n', before).map_or(before, |at| &before[at + 1..]);
        let blanks = line.iter().take_while(|byte| b" \t-".contains(byte));
        blanks.count()
    }
}

impl Value {
    const fn plain(range: Range<usize>) -> Self {
        Self {
            range,
            is_block: false,
        }
    }
}

/// What follows `string(20) `, as PHP's `var_dump` writes it.
fn typed(value: &[u8]) -> Option<&[u8]> {
    let rest = value.strip_prefix(b"string(")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest[digits..].strip_prefix(b") ")
}

/// How long a quoted text is whose quotes have so many backslashes before them.
fn quoted(text: &[u8], slashes: usize, quote: u8) -> usize {
    let mut run = 0;
    for (at, &byte) in text.iter().enumerate() {
        if byte == quote && (run == slashes || (slashes == 0 && run % 2 == 0)) {
            return at - slashes;
        }
        run = if byte == b'\\' { run + 1 } else { 0 };
    }
    text.len()
}

/// Of `|`, its signs and a comment.
const LONGEST_HEADER: usize = 128;
/// A longer word is no name.
const LONGEST_WORD: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<(&str, String)> {
        let sign = text.find([':', '=']).unwrap();
        let value = Values::new(text.as_bytes(), 0..text.len()).after(sign)?;
        let meaning = String::from_utf8_lossy(&value.meaning(text.as_bytes())).into_owned();
        Some((&text[value.range], meaning))
    }

    #[test]
    fn lines_under_their_name_are_one_value() {
        for (text, want) in [
            (
                "a: |\n  b c\n\n   d\ne: f",
                Some(("b c\n\n   d", "b c\n\nd")),
            ),
            ("a: >-\n  b\n", Some(("b", "b"))),
            ("a: |2+ # note\n  b", Some(("b", "b"))),
            (" - a: |\n     b\n   c: d", Some(("b", "b"))),
            ("a: |\nb", None),
            ("a: | b\n  c", None),
            ("a: |", None),
            ("a:\n  b1\nc", Some(("b1", "b1"))),
            ("a:\n  b\nc", None),
            ("a:\nb1\nc", None),
            ("a:\n\n  b1", None),
            ("a:\n  b: c1", None),
            ("a:\n  must have 8 letters", None),
            ("a=\n  b1", None),
        ] {
            let have = value(text);
            let have = have.as_ref().map(|(part, says)| (*part, says.as_str()));
            assert_eq!(have, want, "{text}");
        }
    }
}
