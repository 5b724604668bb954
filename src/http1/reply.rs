//! The tolerant reader of reply heads: a reply goes on to the client byte for byte, so that all that matters is
//! that its end is found where the client will find it.
use std::ops::Range;

use bytes::Bytes;
use memchr::memchr_iter;

use super::{Field, Fields, Framing, trim_range};

/// Why a reply cannot be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyDefect {
    /// What came is no HTTP/1 reply.
    NotHttp,
    /// Two lengths that differ, or one that is no number.
    BadContentLength,
    /// The head is over the limit.
    TooLarge,
}

impl ReplyDefect {
    /// What is wrong, as a fragment that a sentence can hold.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotHttp => "what the server sent is not an HTTP/1 reply",
            Self::BadContentLength => "the reply's Content-Length is contradictory or no number",
            Self::TooLarge => "the reply's head is larger than 256 KiB",
        }
    }
}

/// A reply head with its bytes as sent.
#[derive(Clone)]
pub struct ReplyHead {
    bytes: Bytes,
    status_line: Range<usize>,
    status: u16,
    minor: u8,
    reason: Range<usize>,
    fields: Fields,
}

impl ReplyHead {
    /// Bytes of the largest head that is passed on.
    pub const LIMIT: usize = 256 * 1024;

    /// Reads the bytes of one whole head, as [`super::end_of_head`] cut it.
    pub fn parse(bytes: Bytes) -> Result<Self, ReplyDefect> {
        let first = memchr::memchr(b'\n', &bytes)
            .map(|at| at + 1)
            .ok_or(ReplyDefect::NotHttp)?;
        let line = bytes[..first].trim_ascii_end();
        let (minor, status) = match line {
            [
                b'H',
                b'T',
                b'T',
                b'P',
                b'/',
                b'1',
                b'.',
                minor @ (b'0' | b'1'),
                b' ',
                a,
                b,
                c,
                rest @ ..,
            ] if [a, b, c].iter().all(|digit| digit.is_ascii_digit())
                && rest.first().is_none_or(|byte| *byte == b' ') =>
            {
                (
                    minor - b'0',
                    [a, b, c]
                        .iter()
                        .fold(0, |sum, digit| sum * 10 + u16::from(*digit - b'0')),
                )
            }
            _ => return Err(ReplyDefect::NotHttp),
        };
        if status < 100 {
            return Err(ReplyDefect::NotHttp);
        }
        let reason = trim_range(&bytes, 12.min(line.len())..line.len());
        let fields = field_lines(&bytes, first);
        Ok(Self {
            status_line: 0..first,
            status,
            minor,
            reason,
            fields,
            bytes,
        })
    }

    /// The head as sent, with its last empty line.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The status line as sent, with its line end.
    pub fn status_line(&self) -> &[u8] {
        &self.bytes[self.status_line.clone()]
    }

    /// The status code, 100 to 999.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// `HTTP/1.0` or `HTTP/1.1`.
    pub const fn version(&self) -> &'static str {
        if self.minor == 0 {
            "HTTP/1.0"
        } else {
            "HTTP/1.1"
        }
    }

    /// The reason phrase, bytes as sent.
    pub fn reason(&self) -> &[u8] {
        &self.bytes[self.reason.clone()]
    }

    /// The fields, in their order.
    pub const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// How the body is delimited, in reply to this method (RFC 9112 section 6.3).
    pub fn framing(&self, method: &str) -> Result<Framing, ReplyDefect> {
        if method == "HEAD" || self.status < 200 || matches!(self.status, 204 | 304) {
            return Ok(Framing::None);
        }
        if let Some(coding) = self.fields.members("transfer-encoding").last() {
            return Ok(if coding.eq_ignore_ascii_case("chunked") {
                Framing::Chunked
            } else {
                Framing::Close
            });
        }
        let mut length = None;
        for member in self
            .fields
            .all("content-length")
            .flat_map(|value| value.split(|byte| *byte == b','))
        {
            let member = member.trim_ascii();
            let number = std::str::from_utf8(member)
                .ok()
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let number = number
                .and_then(|text| text.parse::<u64>().ok())
                .ok_or(ReplyDefect::BadContentLength)?;
            if length.is_some_and(|have| have != number) {
                return Err(ReplyDefect::BadContentLength);
            }
            length = Some(number);
        }
        Ok(length.map_or(Framing::Close, Framing::Length))
    }

    /// Whether the origin means to keep the connection after this reply (RFC 9112 section 9.3).
    pub fn keeps_alive(&self) -> bool {
        if self.fields.lists("connection", "close") {
            return false;
        }
        self.minor == 1 || self.fields.lists("connection", "keep-alive")
    }
}

fn field_lines(bytes: &Bytes, first: usize) -> Fields {
    let mut list: Vec<Field> = Vec::with_capacity(16);
    let mut start = first;
    for at in memchr_iter(b'\n', &bytes[first..]).map(|at| first + at) {
        let end = if at > start && bytes[at - 1] == b'\r' {
            at - 1
        } else {
            at
        };
        if start == end {
            break;
        }
        if matches!(bytes[start], b' ' | b'\t')
            && let Some(field) = list.last_mut()
        {
            // A fold continues the field before it.
            field.line.end = at + 1;
            field.value = trim_range(bytes, field.value.start..end);
        } else {
            let colon = memchr::memchr(b':', &bytes[start..end]).map_or(end, |colon| start + colon);
            let value = trim_range(bytes, (colon + 1).min(end)..end);
            let name = trim_range(bytes, start..colon);
            list.push(Field {
                line: start..at + 1,
                name,
                value,
            });
        }
        start = at + 1;
    }
    Fields {
        bytes: bytes.clone(),
        list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &'static str) -> Result<ReplyHead, ReplyDefect> {
        ReplyHead::parse(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn framing_follows_the_method_and_the_fields() {
        for (text, method, want) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                "GET",
                Ok(Framing::Length(5)),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                "HEAD",
                Ok(Framing::None),
            ),
            ("HTTP/1.1 204 No Content\r\n\r\n", "GET", Ok(Framing::None)),
            (
                "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
                "GET",
                Ok(Framing::None),
            ),
            ("HTTP/1.1 200\r\n\r\n", "GET", Ok(Framing::Close)),
            ("HTTP/1.0 200 OK\nServer: x\n\n", "GET", Ok(Framing::Close)),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                "GET",
                Ok(Framing::Chunked),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
                "GET",
                Ok(Framing::Length(5)),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                "GET",
                Err(ReplyDefect::BadContentLength),
            ),
        ] {
            assert_eq!(head(text).ok().unwrap().framing(method), want, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_http_is_told_apart() {
        for text in [
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 99 x\r\n\r\n",
            "HTTP/1.1 1000 x\r\n\r\n",
            "\r\n\r\n",
        ] {
            assert_eq!(head(text).err(), Some(ReplyDefect::NotHttp), "{text:?}");
        }
    }
}
