//! Bodies as they stand on the wire: where one ends, and which of its bytes are payload.
use super::{DefectKind, is_token_byte};

/// How a message's body is delimited (RFC 9112 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// Content-Length.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// All until the connection ends; replies only.
    Close,
}

/// Follows a body through the bytes of a connection; never holds any.
pub struct BodyScan {
    state: State,
    strict: bool,
    trailers: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Done,
    Length(u64),
    Close,
    Size,
    Data(u64),
    DataEnd,
    Trailer,
}

impl BodyScan {
    /// The body of a request: a defect in it is an error, since what follows must not be read in two ways.
    pub const fn strict(framing: Framing) -> Self {
        Self::new(framing, true)
    }

    /// The body of a reply: read as curl reads it.
    pub const fn tolerant(framing: Framing) -> Self {
        Self::new(framing, false)
    }

    const fn new(framing: Framing, strict: bool) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(left) => State::Length(left),
            Framing::Chunked => State::Size,
            Framing::Close => State::Close,
        };
        Self {
            state,
            strict,
            trailers: 0,
        }
    }

    /// Whether the body's last byte has been seen.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the body may end where the connection ends.
    pub fn ends_with_connection(&self) -> bool {
        self.state == State::Close
    }

    /// How many of the next bytes belong to the body whatever they are; 0 inside chunk lines.
    pub fn plain_run(&self) -> u64 {
        match self.state {
            State::Length(left) | State::Data(left) => left,
            State::Close => u64::MAX,
            _ => 0,
        }
    }

    /// Takes as much of `input` as can be judged, hands its payload to `payload`, and says how many bytes it took.
    ///
    /// Less than all is taken when the body ends, or when a line is not whole yet.
    pub fn scan(
        &mut self,
        input: &[u8],
        mut payload: impl FnMut(&[u8]),
    ) -> Result<usize, DefectKind> {
        let mut at = 0;
        while at < input.len() && self.state != State::Done {
            let rest = &input[at..];
            at += match self.state {
                State::Done => 0,
                State::Close => {
                    payload(rest);
                    rest.len()
                }
                State::Length(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    payload(&rest[..taken]);
                    self.state = match left - taken as u64 {
                        0 => State::Done,
                        left => State::Length(left),
                    };
                    taken
                }
                State::Data(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    payload(&rest[..taken]);
                    self.state = match left - taken as u64 {
                        0 => State::DataEnd,
                        left => State::Data(left),
                    };
                    taken
                }
                State::Size | State::DataEnd | State::Trailer => match self.line(rest)? {
                    Some(taken) => taken,
                    None => break,
                },
            };
        }
        Ok(at)
    }

    /// Reads one line of the chunk syntax, if it is whole.
    fn line(&mut self, rest: &[u8]) -> Result<Option<usize>, DefectKind> {
        let defect = if self.state == State::Trailer {
            DefectKind::BadTrailer
        } else {
            DefectKind::BadChunk
        };
        let Some(lf) = memchr::memchr(b'\n', rest) else {
            let bad_already = self.state == State::DataEnd && rest[0] != b'\r';
            return if bad_already || rest.len() > LONGEST_LINE {
                Err(defect)
            } else {
                Ok(None)
            };
        };
        let line = match rest[..lf].strip_suffix(b"\r") {
            Some(line) => line,
            None if self.strict => return Err(defect),
            None => &rest[..lf],
        };
        if lf > LONGEST_LINE || memchr::memchr(b'\r', line).is_some() {
            return Err(defect);
        }
        self.state = match self.state {
            State::Size => match chunk_size(line, self.strict)? {
                0 => State::Trailer,
                size => State::Data(size),
            },
            State::DataEnd if line.is_empty() => State::Size,
            State::Trailer if line.is_empty() => State::Done,
            State::Trailer => {
                self.trailers += 1;
                if self.strict && is_credential(line) {
                    return Err(DefectKind::CredentialTrailer);
                }
                if self.trailers > MOST_TRAILERS || (self.strict && !is_sound_trailer(line)) {
                    return Err(DefectKind::BadTrailer);
                }
                State::Trailer
            }
            _ => return Err(defect),
        };
        Ok(Some(lf + 1))
    }
}

fn chunk_size(line: &[u8], strict: bool) -> Result<u64, DefectKind> {
    let digits = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    if digits == 0 || digits > 15 {
        return Err(DefectKind::BadChunk);
    }
    let extension = &line[digits..];
    let sound = extension.is_empty()
        || extension[0] == b';'
        || (!strict && matches!(extension[0], b' ' | b'\t'));
    if !sound
        || extension
            .iter()
            .any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f)
    {
        return Err(DefectKind::BadChunk);
    }
    // The bytes are hex digits, at most 15 of them.
    std::str::from_utf8(&line[..digits])
        .ok()
        .and_then(|hex| u64::from_str_radix(hex, 16).ok())
        .ok_or(DefectKind::BadChunk)
}

/// A field that may be a trailer: none that frames, routes or authenticates (RFC 9110 section 6.5.1).
fn is_sound_trailer(line: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else {
        return false;
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    !name.is_empty()
        && name.iter().copied().all(is_token_byte)
        && !value
            .iter()
            .any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f)
        && !NEVER_TRAILERS
            .iter()
            .any(|never| name.eq_ignore_ascii_case(never.as_bytes()))
}

fn is_credential(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    ["authorization", "proxy-authorization"]
        .iter()
        .any(|known| name.trim_ascii().eq_ignore_ascii_case(known.as_bytes()))
}

const NEVER_TRAILERS: [&str; 11] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
];
const LONGEST_LINE: usize = 4096;
const MOST_TRAILERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn payload_of(input: &[u8], step: usize) -> (Result<usize, DefectKind>, Vec<u8>, bool) {
        let (mut scan, mut payload, mut buffer, mut taken) =
            (BodyScan::strict(Framing::Chunked), vec![], vec![], 0);
        for piece in input.chunks(step) {
            buffer.extend_from_slice(piece);
            match scan.scan(&buffer, |bytes| payload.extend_from_slice(bytes)) {
                Ok(n) => {
                    taken += n;
                    buffer.drain(..n);
                }
                Err(defect) => return (Err(defect), payload, false),
            }
        }
        let done = scan.is_done();
        (Ok(taken), payload, done)
    }

    #[test]
    fn chunks_are_followed_in_any_slicing() {
        let input = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Sum: 1\r\n\r\nGET /";
        for step in [1, 2, 3, 7, 1000] {
            let (taken, payload, done) = payload_of(input, step);
            assert_eq!(
                (taken, &payload[..], done),
                (Ok(input.len() - 5), &b"hello world"[..], true),
                "step {step}"
            );
        }
    }

    #[test]
    fn unsound_chunks_are_refused() {
        for input in [
            &b"g\r\n"[..],
            b"5\nhello\r\n",
            b"5 \r\nhello\r\n",
            b"5\r\nhelloX\r\n",
            b"fffffffffffffffff\r\n",
            b"0x5\r\n",
            b"-5\r\n",
            b"5;\0\r\n",
        ] {
            assert_eq!(
                payload_of(input, 1).0,
                Err(DefectKind::BadChunk),
                "{}",
                input.escape_ascii()
            );
        }
        for input in [
            &b"0\r\nContent-Length: 5\r\n\r\n"[..],
            b"0\r\nnonsense\r\n\r\n",
        ] {
            assert_eq!(
                payload_of(input, 1).0,
                Err(DefectKind::BadTrailer),
                "{}",
                input.escape_ascii()
            );
        }
    }

    #[test]
    fn a_credential_among_the_trailers_is_refused_by_its_own_name() {
        let input = b"0\r\nAuthorization: u:s\r\n\r\n";
        assert_eq!(payload_of(input, 1).0, Err(DefectKind::CredentialTrailer));
    }

    #[test]
    fn a_length_ends_where_it_says() {
        let mut scan = BodyScan::strict(Framing::Length(3));
        assert_eq!(scan.scan(b"abcdef", |_| ()), Ok(3));
        assert!(scan.is_done());
    }
}
