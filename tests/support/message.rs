//! A plain reader of HTTP/1.1 messages: just enough to know where one ends.
use std::io::{self, Read};

/// A message as it stood on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The head, with the empty line.
    pub(crate) head: Vec<u8>,
    /// The payload: chunk sizes and trailers left out.
    pub(crate) body: Vec<u8>,
    /// Whether it ended where its framing says.
    pub(crate) whole: bool,
}

impl Message {
    /// The first line.
    pub(crate) fn first_line(&self) -> String {
        self.lines().next().unwrap_or_default()
    }

    /// The status of a reply; 0 if there is none.
    pub(crate) fn status(&self) -> u16 {
        let line = self.first_line();
        line.split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .unwrap_or(0)
    }

    /// The value of the first field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.lines().skip(1).find_map(|line| {
            let (have, value) = line.split_once(':')?;
            (have.trim().eq_ignore_ascii_case(name)).then(|| value.trim().to_owned())
        })
    }

    /// Whether the sender wants the connection closed after this exchange.
    pub(crate) fn says_close(&self) -> bool {
        self.field("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The head's lines, without the empty one; bytes that are not UTF-8 stand as U+FFFD.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        String::from_utf8_lossy(&self.head)
            .trim_end_matches(['\r', '\n'])
            .split('\n')
            .map(|line| line.trim_end_matches('\r').to_owned())
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn has_no_body(&self, answers: &str) -> bool {
        let line = self.first_line();
        if !line.starts_with("HTTP/") {
            return self.field("transfer-encoding").is_none()
                && self.field("content-length").is_none();
        }
        answers == "HEAD" || matches!(self.status(), 100..=199 | 204 | 304)
    }
}

/// Reads messages from a stream, and keeps every byte that came.
pub(crate) struct Reader {
    /// Every byte that came.
    pub(crate) log: Vec<u8>,
    /// How far messages were cut off.
    at: usize,
}

impl Reader {
    pub(crate) const fn new() -> Self {
        Self {
            log: Vec::new(),
            at: 0,
        }
    }

    /// Forgets what was cut off so far.
    pub(crate) fn forget(&mut self) {
        self.log.drain(..self.at);
        self.at = 0;
    }

    /// The next message, `None` at a clean end. `answers` is the method of the request that a reply answers.
    pub(crate) fn message(
        &mut self,
        stream: &mut impl Read,
        answers: &str,
    ) -> io::Result<Option<Message>> {
        let Some(mut message) = self.head(stream)? else {
            return Ok(None);
        };
        self.body(stream, &mut message, answers)?;
        Ok(Some(message))
    }

    /// The next head, its body not read yet.
    pub(crate) fn head(&mut self, stream: &mut impl Read) -> io::Result<Option<Message>> {
        loop {
            let rest = &self.log[self.at..];
            if let Some(end) = find(rest, b"\r\n\r\n") {
                let head = rest[..end + 4].to_vec();
                self.at += head.len();
                return Ok(Some(Message {
                    head,
                    body: Vec::new(),
                    whole: true,
                }));
            }
            if self.more(stream)? == 0 {
                let head = self.log[self.at..].to_vec();
                self.at = self.log.len();
                return Ok((!head.is_empty()).then_some(Message {
                    head,
                    body: Vec::new(),
                    whole: false,
                }));
            }
        }
    }

    /// Reads the body of a head that [`Reader::head`] returned.
    pub(crate) fn body(
        &mut self,
        stream: &mut impl Read,
        message: &mut Message,
        answers: &str,
    ) -> io::Result<()> {
        if !message.whole || message.has_no_body(answers) {
            return Ok(());
        }
        if message.field("transfer-encoding").is_some() {
            return self.chunks(stream, message);
        }
        let length = message.field("content-length");
        let length = length.and_then(|length| length.parse().ok());
        message.body = self.take(stream, length.unwrap_or(usize::MAX))?;
        message.whole = length.is_none_or(|length| length == message.body.len());
        Ok(())
    }

    /// The next bytes, whatever they are; none at the end.
    pub(crate) fn some(&mut self, stream: &mut impl Read) -> io::Result<Vec<u8>> {
        if self.at == self.log.len() {
            self.more(stream)?;
        }
        let some = self.log[self.at..].to_vec();
        self.at = self.log.len();
        Ok(some)
    }

    /// Drops the next `count` bytes without keeping them; says how many there were.
    pub(crate) fn discard(&mut self, stream: &mut impl Read, count: u64) -> io::Result<u64> {
        let kept = (self.log.len() - self.at).min(usize::try_from(count).unwrap());
        self.at += kept;
        let mut done = kept as u64;
        let mut buffer = vec![0; 256 * 1024];
        while done < count {
            let want = buffer.len().min(usize::try_from(count - done).unwrap());
            match stream.read(&mut buffer[..want])? {
                0 => break,
                read => done += read as u64,
            }
        }
        Ok(done)
    }

    /// What came after the last message, as far as it was read with it.
    pub(crate) fn take_buffered(&mut self) -> Vec<u8> {
        let rest = self.log[self.at..].to_vec();
        self.at = self.log.len();
        rest
    }

    /// Reads to the end of the stream.
    pub(crate) fn drain(&mut self, stream: &mut impl Read) -> io::Result<()> {
        while self.more(stream)? > 0 {}
        Ok(())
    }

    fn chunks(&mut self, stream: &mut impl Read, message: &mut Message) -> io::Result<()> {
        loop {
            let Some(line) = self.line(stream)? else {
                message.whole = false;
                return Ok(());
            };
            let digits = line.split([';', ' ']).next().unwrap_or_default();
            let Ok(size) = usize::from_str_radix(digits, 16) else {
                message.whole = false;
                return Ok(());
            };
            if size == 0 {
                while self.line(stream)?.is_some_and(|line| !line.is_empty()) {}
                return Ok(());
            }
            let chunk = self.take(stream, size)?;
            message.body.extend(&chunk);
            if chunk.len() < size || self.line(stream)?.is_none() {
                message.whole = false;
                return Ok(());
            }
        }
    }

    fn line(&mut self, stream: &mut impl Read) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = find(&self.log[self.at..], b"\r\n") {
                let line = String::from_utf8_lossy(&self.log[self.at..self.at + end]).into_owned();
                self.at += end + 2;
                return Ok(Some(line));
            }
            if self.more(stream)? == 0 {
                return Ok(None);
            }
        }
    }

    fn take(&mut self, stream: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
        while self.log.len() - self.at < count {
            if self.more(stream)? == 0 {
                break;
            }
        }
        let end = self.log.len().min(self.at.saturating_add(count));
        let taken = self.log[self.at..end].to_vec();
        self.at = end;
        Ok(taken)
    }

    fn more(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let count = match stream.read(&mut buffer) {
            // A peer that ends TCP without ending TLS first.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            other => other?,
        };
        self.log.extend(&buffer[..count]);
        Ok(count)
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
