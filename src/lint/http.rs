//! `.http` files: requests separated by `###`, with comments and variables in front of them.
//!
//! The lines of a head keep their bytes, so that the strict reader judges what the file says. Only what editors define
//! is read: `@name = value` and `{{name}}`, continuation lines of a URL, a body in another file.
use super::sample::{Parts, Sample, SampleBody};
use super::{Flaw, Spot};

/// The requests of a file.
pub(super) fn read(text: &[u8]) -> Result<Vec<Sample>, Flaw> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines = Lines::of(text);
    let mut samples = Vec::new();
    while let Some(parts) = lines.request() {
        samples.push(parts.into_sample());
    }
    if samples.is_empty() {
        return Err(Flaw::new(Spot::START, "no request stands in it"));
    }
    Ok(samples)
}

struct Lines<'a> {
    all: Vec<&'a [u8]>,
    at: usize,
    variables: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a [u8]) -> Self {
        let lines = text.split(|byte| *byte == b'\n');
        Self {
            all: lines
                .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
                .collect(),
            at: 0,
            variables: Vec::new(),
        }
    }

    fn peek(&self) -> Option<&'a [u8]> {
        self.all.get(self.at).copied()
    }

    /// The next request.
    fn request(&mut self) -> Option<Parts> {
        let first = self.first_line()?;
        let spot = Spot::at_line(self.at + 1);
        self.at += 1;
        let mut line = first.to_vec();
        while let Some(more) = self.peek().filter(|line| continues_url(line)) {
            line.extend_from_slice(more.trim_ascii());
            self.at += 1;
        }
        let (method, url, version) = words(&self.filled(&line));
        let mut fields = Vec::new();
        while let Some(field) = self.peek().filter(|line| !is_separator(line)) {
            self.at += 1;
            if field.is_empty() {
                break;
            }
            if !is_comment(field) {
                fields.push((self.filled(field), Spot::at_line(self.at)));
            }
        }
        let body_spot = Spot::at_line(self.at + 1);
        let body = self.body();
        Some(Parts {
            method,
            url,
            version,
            spot,
            fields,
            body,
            body_spot,
            body_is_verbatim: true,
        })
    }

    /// Skips what stands between requests, and takes note of variables.
    fn first_line(&mut self) -> Option<&'a [u8]> {
        while let Some(line) = self.peek() {
            if !line.trim_ascii().is_empty() && !is_separator(line) && !is_comment(line) {
                match variable(line) {
                    Some((name, value)) => {
                        let value = self.filled(value);
                        self.variables.push((name.to_vec(), value));
                    }
                    None => return Some(line),
                }
            }
            self.at += 1;
        }
        None
    }

    fn body(&mut self) -> SampleBody {
        let from = self.at;
        while self
            .peek()
            .is_some_and(|line| !is_separator(line) && !is_about_the_reply(line))
        {
            self.at += 1;
        }
        let mut lines = &self.all[from..self.at];
        while self.peek().is_some_and(|line| !is_separator(line)) {
            self.at += 1;
        }
        while let Some((last, rest)) = lines.split_last()
            && last.trim_ascii().is_empty()
        {
            lines = rest;
        }
        match lines.first() {
            None => SampleBody::None,
            Some(first) if first.starts_with(b"< ") || first.starts_with(b"<@") => {
                SampleBody::Elsewhere
            }
            Some(_) => SampleBody::Whole(self.filled(&lines.join(&b'\n'))),
        }
    }

    /// The text with its variables filled in, as far as the file defines them.
    fn filled(&self, text: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = memchr::memmem::find(rest, b"{{") {
            let inside = &rest[open + 2..];
            let value = memchr::memmem::find(inside, b"}}").and_then(|close| {
                let name = inside[..close].trim_ascii();
                let known = self.variables.iter().rev().find(|(have, _)| have == name);
                known.map(|(_, value)| (value, close))
            });
            let (kept, value, after) = match value {
                Some((value, close)) => (open, &value[..], close + 2),
                None => (open + 2, &b""[..], 0),
            };
            filled.extend_from_slice(&rest[..kept]);
            filled.extend_from_slice(value);
            rest = &inside[after..];
        }
        filled.extend_from_slice(rest);
        filled
    }
}

/// Method, URL and version of a request line. Editors let the first and the last be left out.
fn words(line: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let line = line.trim_ascii_end();
    let (line, version) = match memchr::memrchr(b' ', line) {
        Some(at) if line[at + 1..].starts_with(b"HTTP/") => (&line[..at], &line[at + 1..]),
        _ => (line, &b"HTTP/1.1"[..]),
    };
    let (method, url) = match memchr::memchr(b' ', line) {
        Some(at) if !line[..at].contains(&b':') => (&line[..at], &line[at + 1..]),
        _ => (&b"GET"[..], line),
    };
    (method.to_vec(), url.to_vec(), version.to_vec())
}

fn is_separator(line: &[u8]) -> bool {
    line.starts_with(b"###")
}

fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") || line.starts_with(b"//")
}

/// A handler of the reply, or a file to keep it in.
fn is_about_the_reply(line: &[u8]) -> bool {
    line.starts_with(b"> ") || line.starts_with(b"<> ")
}

fn continues_url(line: &[u8]) -> bool {
    let trimmed = line.trim_ascii_start();
    trimmed.len() < line.len() && matches!(trimmed.first(), Some(b'?' | b'&'))
}

/// `@name = value`
fn variable(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(b"@")?;
    let equals = memchr::memchr(b'=', line)?;
    Some((line[..equals].trim_ascii(), line[equals + 1..].trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(text: &str) -> Vec<String> {
        let samples = read(text.as_bytes()).unwrap();
        let head = |sample: Sample| {
            let body = match sample.body {
                SampleBody::None => String::new(),
                SampleBody::Whole(body) => String::from_utf8(body).unwrap(),
                SampleBody::Elsewhere => "elsewhere".to_owned(),
            };
            String::from_utf8(sample.head).unwrap() + &body
        };
        samples.into_iter().map(head).collect()
    }

    #[test]
    fn requests_are_read_as_editors_send_them() {
        let text = "@host = api.nicenic.net\n# a comment\n### one\n\
            GET https://{{host}}/v2/\n    ?category=domain\n    &action=check\n// another\nX-A:  b \n\n\n\
            ### two\r\nPOST /v2/ HTTP/1.0\r\nHost: {{host}}\r\n\r\n{\"a\":\r\n1}\r\n\r\n> {% client.log() %}\r\nx\n\
            ###\nhttp://a\n###\nPUT http://a/\n\n< ./body.json\n";
        assert_eq!(
            heads(text),
            [
                "GET /v2/?category=domain&action=check HTTP/1.1\r\nX-A:  b \r\nHost: api.nicenic.net\r\n\r\n",
                "POST /v2/ HTTP/1.0\r\nHost: api.nicenic.net\r\nContent-Length: 8\r\n\r\n{\"a\":\n1}",
                "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "PUT / HTTP/1.1\r\nHost: a\r\n\r\nelsewhere",
            ]
        );
    }

    #[test]
    fn what_no_variable_fills_stays() {
        assert_eq!(
            heads("GET http://a/{{x}}?{{ HTTP/1.1\n"),
            ["GET /{{x}}?{{ HTTP/1.1\r\nHost: a\r\n\r\n"]
        );
        assert!(read(b"# nothing\n###\n").is_err());
    }
}
