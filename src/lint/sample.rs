//! A request as a client would send it, and where its parts stand in the file.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode;

use crate::facts::{Authority, Scheme};
use crate::http1::is_token_byte;
use crate::rule::At;

use super::Spot;

/// A request out of a file.
pub(super) struct Sample {
    pub(super) scheme: Scheme,
    /// Where its URL goes; `None`: the URL names no host, or none that could exist.
    pub(super) authority: Option<Authority>,
    /// Its head, with the empty line.
    pub(super) head: Vec<u8>,
    pub(super) body: SampleBody,
    /// Where the lines of the head stand.
    lines: Vec<Spot>,
    /// Where the body begins, and whether it stands in the file byte for byte.
    body_spot: Spot,
    body_is_verbatim: bool,
}

/// A body out of a file.
pub(super) enum SampleBody {
    /// There is none.
    None,
    /// All of it.
    Whole(Vec<u8>),
    /// It stands elsewhere: rules that need it stay silent.
    Elsewhere,
}

/// A request that is put together.
pub(super) struct Parts {
    pub(super) method: Vec<u8>,
    pub(super) url: Vec<u8>,
    pub(super) version: Vec<u8>,
    /// Where method and URL stand.
    pub(super) spot: Spot,
    /// Lines of the head without their ends, as they stand.
    pub(super) fields: Vec<(Vec<u8>, Spot)>,
    pub(super) body: SampleBody,
    pub(super) body_spot: Spot,
    pub(super) body_is_verbatim: bool,
}

impl Parts {
    /// Whether a field of this name is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields
            .iter()
            .any(|(line, _)| name_of(line).eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Adds a field that the client would add itself; it stands nowhere in the file.
    pub(super) fn add(&mut self, name: &str, value: &[u8]) {
        if self.has(name) {
            return;
        }
        let line = [name.as_bytes(), b": ", value].concat();
        self.fields.push((line, self.spot));
    }

    /// The bytes, completed as every client completes them.
    pub(super) fn into_sample(mut self) -> Sample {
        let url = std::mem::take(&mut self.url);
        let url = split(&url);
        let host = url.authority.to_vec();
        if let Some(userinfo) = url.userinfo {
            let plain: Vec<u8> = percent_decode(userinfo).collect();
            let value = format!("Basic {}", STANDARD.encode(plain));
            self.add("Authorization", value.as_bytes());
        }
        let (scheme, target) = (url.scheme, url.target);
        let authority = if host.is_empty() {
            self.fields
                .iter()
                .find(|(line, _)| name_of(line).eq_ignore_ascii_case(b"host"))
                .and_then(|(line, _)| {
                    let value = line.get(5..).unwrap_or_default().trim_ascii();
                    Authority::parse(value, Some(scheme.default_port()))
                })
        } else {
            self.add("Host", &host);
            Authority::parse(&host, Some(scheme.default_port()))
        };
        if let SampleBody::Whole(body) = &self.body
            && !self.has("Transfer-Encoding")
        {
            let length = body.len().to_string();
            self.add("Content-Length", length.as_bytes());
        }
        let mut head = [&self.method[..], b" ", &target, b" ", &self.version].concat();
        let mut lines = vec![self.spot];
        for (line, spot) in &self.fields {
            head.extend_from_slice(b"\r\n");
            head.extend_from_slice(line);
            lines.push(*spot);
        }
        head.extend_from_slice(b"\r\n\r\n");
        Sample {
            scheme,
            authority,
            head,
            body: self.body,
            lines,
            body_spot: self.body_spot,
            body_is_verbatim: self.body_is_verbatim,
        }
    }
}

impl Sample {
    /// Where what a finding speaks of stands in the file.
    pub(super) fn spot(&self, at: &At) -> Spot {
        let first = self.lines.first().copied().unwrap_or(Spot::START);
        match at {
            At::Header(name) => self.field(name.as_bytes()).unwrap_or(first),
            At::WireHeader(name) => self.field(name.expose().as_bytes()).unwrap_or(first),
            At::HeadLine(line) => self.line(*line).unwrap_or(first),
            At::BodyPlace { line, column } if self.body_is_verbatim => Spot {
                line: self.body_spot.line + line.saturating_sub(1),
                column: if *line <= 1 {
                    self.body_spot.column + column.saturating_sub(1)
                } else {
                    *column
                },
            },
            At::Body | At::BodyPlace { .. } => self.body_spot,
            At::Param(name) => self.param(name.expose().as_bytes(), first),
            _ => first,
        }
    }

    fn line(&self, line: usize) -> Option<Spot> {
        self.lines.get(line.saturating_sub(1)).copied()
    }

    fn field(&self, name: &[u8]) -> Option<Spot> {
        let lines = self.head.split(|byte| *byte == b'\n');
        let mut fields = lines.zip(&self.lines).skip(1);
        fields
            .find(|(line, _)| name_of(line).eq_ignore_ascii_case(name))
            .map(|(_, spot)| *spot)
    }

    /// A parameter stands in the request line, unless only the body holds its name.
    fn param(&self, name: &[u8], first: Spot) -> Spot {
        let SampleBody::Whole(body) = &self.body else {
            return first;
        };
        let line = self.head.split(|byte| *byte == b'\n').next();
        let holds = |text: &[u8]| memchr::memmem::find(text, name).is_some();
        if line.is_some_and(holds) || !holds(body) {
            first
        } else {
            self.body_spot
        }
    }
}

/// The name at the beginning of a field line; spaces before the colon are left out.
pub(super) fn name_of(line: &[u8]) -> &[u8] {
    let end = memchr::memchr(b':', line).unwrap_or(line.len());
    line[..end].trim_ascii_end()
}

/// Whether a text begins like a field line, which no body does.
pub(super) fn begins_like_a_field(text: &[u8]) -> bool {
    let name = text.iter().take_while(|byte| is_token_byte(**byte)).count();
    name > 0 && text.get(name) == Some(&b':')
}

/// A URL in its parts.
struct Url<'a> {
    scheme: Scheme,
    userinfo: Option<&'a [u8]>,
    authority: &'a [u8],
    /// What stands in the request line.
    target: Vec<u8>,
}

/// Splits a URL as a client does. What is no URL stays as it is, for the strict reader to judge.
fn split(url: &[u8]) -> Url<'_> {
    let as_it_is = |scheme| Url {
        scheme,
        userinfo: None,
        authority: b"",
        target: url.to_vec(),
    };
    let Some(colon) = memchr::memmem::find(url, b"://").filter(|_| !url.starts_with(b"/")) else {
        return as_it_is(Scheme::Https);
    };
    let scheme = match &url[..colon] {
        word if word.eq_ignore_ascii_case(b"https") => Scheme::Https,
        word if word.eq_ignore_ascii_case(b"http") => Scheme::Http,
        _ => return as_it_is(Scheme::Https),
    };
    let rest = &url[colon + 3..];
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let (userinfo, authority) = match memchr::memrchr(b'@', authority) {
        Some(at) => (Some(&authority[..at]), &authority[at + 1..]),
        None => (None, authority),
    };
    let bare = target.split(|byte| *byte == b'#').next().unwrap_or(target);
    let slash: &[u8] = if bare.starts_with(b"/") { b"" } else { b"/" };
    Url {
        scheme,
        userinfo,
        authority,
        target: [slash, bare].concat(),
    }
}
