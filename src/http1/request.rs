//! The strict reader of request heads.
use std::ops::Range;

use bytes::Bytes;
use memchr::memchr_iter;

use super::{Defect, DefectKind, Field, Fields, Framing, is_token_byte, trim_range};

/// What a head may be at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the whole head.
    pub head: usize,
    /// Field lines.
    pub fields: usize,
    /// Bytes of the request target.
    pub target: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 * 1024,
            fields: 256,
            target: 32 * 1024,
        }
    }
}

/// A request head that every reader reads alike, with its bytes as sent.
#[derive(Clone)]
pub struct RequestHead {
    bytes: Bytes,
    method: Range<usize>,
    target: Range<usize>,
    minor: u8,
    fields: Fields,
    framing: Framing,
}

impl RequestHead {
    /// Judges the bytes of one whole head, as [`end_of_head`] cut it.
    pub fn parse(bytes: Bytes, limits: &Limits) -> Result<Self, Defect> {
        check_line_ends(&bytes)?;
        let first = memchr::memchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
        let (method, target, minor) = request_line(&bytes, first.saturating_sub(2), limits)?;
        let fields = field_lines(&bytes, first, limits)?;
        let framing = framing(&fields, minor, &bytes[method.clone()])?;
        // A CONNECT names its host in its target; old clients add no Host.
        if fields.first("host").is_some() || &bytes[method.clone()] != b"CONNECT" {
            host(&fields, minor)?;
        }
        Ok(Self {
            bytes,
            method,
            target,
            minor,
            fields,
            framing,
        })
    }

    /// The head as sent, with its last empty line.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The method, case as sent.
    pub fn method(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.method.clone()]).unwrap_or_default()
    }

    /// The request target, bytes as sent: no control byte and no space, but perhaps bytes beyond ASCII.
    pub fn target(&self) -> &[u8] {
        &self.bytes[self.target.clone()]
    }

    /// The minor version: 0 or 1.
    pub const fn minor(&self) -> u8 {
        self.minor
    }

    /// `HTTP/1.0` or `HTTP/1.1`.
    pub const fn version(&self) -> &'static str {
        if self.minor == 0 {
            "HTTP/1.0"
        } else {
            "HTTP/1.1"
        }
    }

    /// The fields, in their order.
    pub const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// How the body is delimited.
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the sender wants to keep the connection after the reply (RFC 9112 section 9.3).
    pub fn keeps_alive(&self) -> bool {
        if self.fields.lists("connection", "close") {
            return false;
        }
        self.minor == 1
            || self.fields.lists("connection", "keep-alive")
            || self.fields.lists("proxy-connection", "keep-alive")
    }

    /// Whether the sender waits for `100 Continue` before its body.
    pub fn expects_continue(&self) -> bool {
        self.minor == 1 && self.fields.lists("expect", "100-continue")
    }
}

/// Where a head ends as the most tolerant reader sees it: after the first empty line, whose line ends may be bare.
///
/// `from` is where an earlier, shorter look at the same bytes stopped.
pub fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let start = from.saturating_sub(3);
    memchr_iter(b'\n', &bytes[start..]).find_map(|at| match bytes[start + at + 1..] {
        [b'\n', ..] => Some(start + at + 2),
        [b'\r', b'\n', ..] => Some(start + at + 3),
        _ => None,
    })
}

fn check_line_ends(bytes: &[u8]) -> Result<(), Defect> {
    let mut previous_end = 0;
    for at in memchr_iter(b'\n', bytes) {
        if at == 0 || bytes[at - 1] != b'\r' {
            return Err(located(bytes, at, DefectKind::BareLf));
        }
        if let Some(cr) = memchr::memchr(b'\r', &bytes[previous_end..at - 1]) {
            return Err(located(bytes, previous_end + cr, DefectKind::BareCr));
        }
        previous_end = at + 1;
    }
    Ok(())
}

/// The defect at this byte, with its line and the field that stands there.
fn located(bytes: &[u8], at: usize, kind: DefectKind) -> Defect {
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |lf| lf + 1);
    let line = memchr_iter(b'\n', &bytes[..start]).count() + 1;
    let field = (line > 1)
        .then(|| name_before_colon(&bytes[start..]))
        .flatten();
    Defect { kind, line, field }
}

fn name_before_colon(line: &[u8]) -> Option<Box<str>> {
    let end = line.iter().position(|byte| !is_token_byte(*byte))?;
    let name = std::str::from_utf8(&line[..end]).ok()?;
    (!name.is_empty()).then(|| name.into())
}

fn request_line(
    bytes: &[u8],
    end: usize,
    limits: &Limits,
) -> Result<(Range<usize>, Range<usize>, u8), Defect> {
    let line = &bytes[..end];
    let bad = |kind| Defect {
        kind,
        line: 1,
        field: None,
    };
    if line.starts_with(b"PRI * HTTP/2") {
        return Err(bad(DefectKind::Http2Preface));
    }
    let method_end = memchr::memchr(b' ', line).ok_or(bad(DefectKind::BadRequestLine))?;
    let target_end = memchr::memrchr(b' ', line).ok_or(bad(DefectKind::BadRequestLine))?;
    if target_end <= method_end {
        return Err(bad(DefectKind::BadRequestLine));
    }
    let (method, target, version) = (
        0..method_end,
        method_end + 1..target_end,
        &line[target_end + 1..],
    );
    if method.is_empty()
        || method.len() > LONGEST_METHOD
        || !line[method.clone()].iter().copied().all(is_token_byte)
    {
        return Err(bad(DefectKind::BadMethod));
    }
    if target.len() > limits.target {
        return Err(bad(DefectKind::TargetTooLong));
    }
    // Bytes beyond ASCII pass: PHP code sends unencoded names in queries, and origins accept them.
    if target.is_empty()
        || line[target.clone()]
            .iter()
            .any(|byte| *byte <= b' ' || *byte == 0x7f)
    {
        return Err(bad(DefectKind::BadRequestLine));
    }
    let minor = match version {
        b"HTTP/1.1" => 1,
        b"HTTP/1.0" => 0,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            return Err(bad(DefectKind::BadVersion));
        }
        _ => return Err(bad(DefectKind::BadRequestLine)),
    };
    if !target_has_a_form(&line[method.clone()], &line[target.clone()]) {
        return Err(bad(DefectKind::BadTarget));
    }
    Ok((method, target, minor))
}

/// Origin-form, absolute-form, authority-form for CONNECT, `*` for OPTIONS (RFC 9112 section 3.2).
fn target_has_a_form(method: &[u8], target: &[u8]) -> bool {
    if method == b"CONNECT" {
        return !target.starts_with(b"/");
    }
    target.starts_with(b"/")
        || (method == b"OPTIONS" && target == b"*")
        || memchr::memmem::find(target, b"://").is_some()
}

fn field_lines(bytes: &Bytes, first: usize, limits: &Limits) -> Result<Fields, Defect> {
    let mut list = Vec::with_capacity(16);
    let mut start = first;
    for at in memchr_iter(b'\n', &bytes[first..]).map(|at| first + at) {
        let end = at - 1;
        if start == end {
            break;
        }
        if list.len() == limits.fields {
            return Err(located(bytes, start, DefectKind::TooManyFields));
        }
        list.push(field_line(bytes, start, end)?);
        start = at + 1;
    }
    Ok(Fields {
        bytes: bytes.clone(),
        list,
    })
}

fn field_line(bytes: &[u8], start: usize, end: usize) -> Result<Field, Defect> {
    let line = &bytes[start..end];
    if matches!(line[0], b' ' | b'\t') {
        let mut defect = located(bytes, start, DefectKind::Fold);
        // What was meant: `' Authorization: …'` glued to the field before it.
        defect.field = name_before_colon(line.trim_ascii_start());
        return Err(defect);
    }
    let colon =
        memchr::memchr(b':', line).ok_or_else(|| located(bytes, start, DefectKind::NoColon))?;
    let name = &line[..colon];
    if name.last().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        return Err(located(bytes, start, DefectKind::SpaceBeforeColon));
    }
    if name.is_empty() || !name.iter().copied().all(is_token_byte) {
        return Err(located(bytes, start, DefectKind::BadFieldName));
    }
    let value = trim_range(bytes, start + colon + 1..end);
    if bytes[value.clone()]
        .iter()
        .any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f)
    {
        return Err(located(bytes, start, DefectKind::ControlByte));
    }
    Ok(Field {
        line: start..end + 2,
        name: start..start + colon,
        value,
    })
}

fn framing(fields: &Fields, minor: u8, method: &[u8]) -> Result<Framing, Defect> {
    let bad = |kind, name: &str| Defect {
        kind,
        line: line_of(fields, name),
        field: Some(name.into()),
    };
    let mut lengths = fields.all("content-length");
    let length = lengths.next();
    if lengths.next().is_some() {
        return Err(bad(DefectKind::TwoContentLengths, "Content-Length"));
    }
    let mut codings = fields.all("transfer-encoding");
    let coding = codings.next();
    if coding.is_some() && length.is_some() {
        return Err(bad(DefectKind::LengthAndCoding, "Transfer-Encoding"));
    }
    let framing = match (length, coding) {
        (None, None) => Framing::None,
        (Some(length), _) => Framing::Length(
            plain_number(length)
                .ok_or_else(|| bad(DefectKind::BadContentLength, "Content-Length"))?,
        ),
        (None, Some(coding)) => {
            if minor == 0 || codings.next().is_some() || !coding.eq_ignore_ascii_case(b"chunked") {
                return Err(bad(DefectKind::BadTransferEncoding, "Transfer-Encoding"));
            }
            Framing::Chunked
        }
    };
    if method == b"CONNECT" && !matches!(framing, Framing::None | Framing::Length(0)) {
        return Err(bad(DefectKind::BodyOnConnect, "Content-Length"));
    }
    Ok(framing)
}

/// Digits only, no sign, no needless zero in front, within 63 bits.
fn plain_number(text: &[u8]) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 19 && text.iter().all(u8::is_ascii_digit);
    if !plain || (text.len() > 1 && text[0] == b'0') {
        return None;
    }
    std::str::from_utf8(text)
        .ok()?
        .parse::<i64>()
        .ok()?
        .try_into()
        .ok()
}

fn host(fields: &Fields, minor: u8) -> Result<(), Defect> {
    let mut hosts = fields.all("host");
    let Some(host) = hosts.next() else {
        return if minor == 1 {
            Err(Defect::whole(DefectKind::NoHost))
        } else {
            Ok(())
        };
    };
    let bad = |kind| Defect {
        kind,
        line: line_of(fields, "host"),
        field: Some("Host".into()),
    };
    if hosts.next().is_some() {
        return Err(bad(DefectKind::TwoHosts));
    }
    if host.is_empty() || host.len() > LONGEST_HOST || !host.iter().all(|byte| is_host_byte(*byte))
    {
        return Err(bad(DefectKind::BadHost));
    }
    Ok(())
}

const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'[' | b']' | b'%')
}

fn line_of(fields: &Fields, name: &str) -> usize {
    fields
        .iter()
        .position(|(have, _)| have.eq_ignore_ascii_case(name))
        .map_or(1, |at| at + 2)
}

const LONGEST_METHOD: usize = 32;
const LONGEST_HOST: usize = 260;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RequestHead, DefectKind> {
        RequestHead::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default())
            .map_err(|defect| defect.kind)
    }

    #[test]
    fn a_plain_head_keeps_its_bytes() {
        let head =
            parse("GET /v2/?a=b HTTP/1.1\r\nHost: api.nicenic.net\r\nAuThOrization:  u:s \r\n\r\n")
                .ok()
                .unwrap();
        assert_eq!(
            (head.method(), head.target(), head.minor()),
            ("GET", &b"/v2/?a=b"[..], 1)
        );
        assert_eq!(head.fields().first("authorization"), Some(&b"u:s"[..]));
        let lines: Vec<_> = head
            .fields()
            .lines()
            .map(|(_, line)| line.to_vec())
            .collect();
        assert_eq!(lines[1], b"AuThOrization:  u:s \r\n");
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        use DefectKind::*;
        let host = "Host: a\r\n";
        for (text, want) in [
            (
                "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: u:s\n\r\n".to_owned(),
                BareLf,
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: u:s\r\r\n\r\n".to_owned(),
                BareCr,
            ),
            (
                format!("GET / HTTP/1.1\r\n{host}Accept: */*\r\n Authorization: u:s\r\n\r\n"),
                Fold,
            ),
            (
                format!("GET / HTTP/1.1\r\n{host}A : b\r\n\r\n"),
                SpaceBeforeColon,
            ),
            (format!("GET / HTTP/1.1\r\n{host}nonsense\r\n\r\n"), NoColon),
            (format!("GET / HTTP/1.1\r\n{host}: b\r\n\r\n"), BadFieldName),
            (
                format!("GET / HTTP/1.1\r\n{host}A: b\0\r\n\r\n"),
                ControlByte,
            ),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), NoHost),
            (format!("GET / HTTP/1.1\r\n{host}{host}\r\n"), TwoHosts),
            ("GET / HTTP/1.1\r\nHost: u:p@a\r\n\r\n".to_owned(), BadHost),
            (format!("GET  / HTTP/1.1\r\n{host}\r\n"), BadRequestLine),
            (format!("GET / HTTP/1.2\r\n{host}\r\n"), BadVersion),
            (format!("GET / HTTP/1.1x\r\n{host}\r\n"), BadRequestLine),
            (format!("G@T / HTTP/1.1\r\n{host}\r\n"), BadMethod),
            (format!("GET v2 HTTP/1.1\r\n{host}\r\n"), BadTarget),
            (
                format!("POST / HTTP/1.1\r\n{host}Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
                TwoContentLengths,
            ),
            (
                format!("POST / HTTP/1.1\r\n{host}Content-Length: 010\r\n\r\n"),
                BadContentLength,
            ),
            (
                format!("POST / HTTP/1.1\r\n{host}Content-Length: +5\r\n\r\n"),
                BadContentLength,
            ),
            (
                format!("POST / HTTP/1.1\r\n{host}Content-Length: 5, 5\r\n\r\n"),
                BadContentLength,
            ),
            (
                format!(
                    "POST / HTTP/1.1\r\n{host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                ),
                LengthAndCoding,
            ),
            (
                format!("POST / HTTP/1.1\r\n{host}Transfer-Encoding: gzip, chunked\r\n\r\n"),
                BadTransferEncoding,
            ),
            (
                format!("POST / HTTP/1.0\r\n{host}Transfer-Encoding: chunked\r\n\r\n"),
                BadTransferEncoding,
            ),
        ] {
            assert_eq!(parse(&text).err(), Some(want), "{text:?}");
        }
    }

    #[test]
    fn a_defect_names_its_field() {
        let head = Bytes::from_static(b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: u:s\n\r\n");
        let defect = RequestHead::parse(head, &Limits::default()).err().unwrap();
        assert_eq!(
            (defect.line, defect.field.as_deref()),
            (3, Some("Authorization"))
        );
        let head = Bytes::from_static(b"GET / HTTP/1.1\r\nHost: a\r\n Authorization: u:s\r\n\r\n");
        let defect = RequestHead::parse(head, &Limits::default()).err().unwrap();
        assert_eq!(
            (defect.line, defect.field.as_deref()),
            (3, Some("Authorization"))
        );
    }

    #[test]
    fn the_end_of_a_head_is_seen_as_a_tolerant_reader_sees_it() {
        assert_eq!(end_of_head(b"GET / HTTP/1.1\r\n\r\nrest", 0), Some(18));
        assert_eq!(end_of_head(b"A: b\n\r\nrest", 0), Some(7));
        assert_eq!(end_of_head(b"A: b\n\nrest", 0), Some(6));
        assert_eq!(end_of_head(b"A: b\r\n\r", 0), None);
        assert_eq!(end_of_head(b"A: b\r\n\r\n", 7), Some(8));
    }
}
