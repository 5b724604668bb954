//! HTTP/1 messages as bytes: heads, framing, bodies. No I/O, no policy.
//!
//! Requests are read *strictly*: what two readers could read differently is a [`Defect`], never mended.
//! Replies are read *tolerantly*: they go on as they came, so all that matters is where they end.
//! Sources: RFC 9110 (semantics), RFC 9112 (HTTP/1.1 syntax and framing).

mod body;
mod defect;
mod reply;
mod request;

pub use body::{BodyScan, Framing};
pub use defect::{Defect, DefectKind};
pub use reply::{ReplyDefect, ReplyHead};
pub use request::{Limits, RequestHead, end_of_head};

use std::ops::Range;

use bytes::Bytes;

/// One field line of a head, as places in the head's bytes.
#[derive(Clone)]
pub struct Field {
    /// The whole line with its line end.
    line: Range<usize>,
    name: Range<usize>,
    /// Without the white space round it.
    value: Range<usize>,
}

/// The fields of a head, in the order in which they came.
#[derive(Clone)]
pub struct Fields {
    bytes: Bytes,
    list: Vec<Field>,
}

impl Fields {
    /// How many field lines there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Names (case as sent) and values (bytes as sent, white space round them left out).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.list
            .iter()
            .map(|field| (self.name_of(field), &self.bytes[field.value.clone()]))
    }

    /// Names and whole lines with their line ends, as sent.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.list
            .iter()
            .map(|field| (self.name_of(field), &self.bytes[field.line.clone()]))
    }

    /// The values of all fields of this name, whatever its case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        // Compared as bytes: that a name is text need not be proved to find out that it is another one.
        self.list
            .iter()
            .filter(|field| self.bytes[field.name.clone()].eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| &self.bytes[field.value.clone()])
    }

    /// The value of the first field of this name, whatever its case.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.list
            .iter()
            .find(|field| self.bytes[field.name.clone()].eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| &self.bytes[field.value.clone()])
    }

    /// Whether a comma-separated list field holds this member, whatever its case.
    pub fn lists(&self, name: &str, member: &str) -> bool {
        self.members(name)
            .any(|have| have.eq_ignore_ascii_case(member))
    }

    /// The members of a comma-separated list field (those that are UTF-8), white space left out.
    pub fn members<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name)
            .filter_map(|value| std::str::from_utf8(value).ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|member| !member.is_empty())
    }

    fn name_of(&self, field: &Field) -> &str {
        // A name is a token of ASCII bytes in a request; a reply's odd name is shown as empty.
        std::str::from_utf8(&self.bytes[field.name.clone()]).unwrap_or_default()
    }
}

/// Whether a byte may stand in a token (RFC 9110 section 5.6.2).
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'\''
            | b'*'
            | b'+'
            | b'-'
            | b'.'
            | b'^'
            | b'_'
            | b'`'
            | b'|'
            | b'~'
    ) || byte.is_ascii_alphanumeric()
}

fn trim_range(bytes: &[u8], mut range: Range<usize>) -> Range<usize> {
    while range.start < range.end && matches!(bytes[range.start], b' ' | b'\t') {
        range.start += 1;
    }
    while range.end > range.start && matches!(bytes[range.end - 1], b' ' | b'\t') {
        range.end -= 1;
    }
    range
}
