//! One side of an exchange: a connection with a read buffer, whose two directions are used at the same time.
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf};
use tokio::time::{Instant, timeout, timeout_at};

use crate::http1::{Defect, DefectKind, Framing, Limits, RequestHead, end_of_head};

use super::buffer::Buffer;
use super::stream::Stream;

/// A connection, in two halves.
pub(super) struct Leg {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
}

impl Leg {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self::resumed(&[], stream)
    }

    /// A leg of which some bytes have been read already.
    pub(super) fn resumed(first: &[u8], stream: Box<dyn Stream>) -> Self {
        let (read, write) = tokio::io::split(stream);
        Self {
            reader: Reader {
                half: read,
                buffer: Buffer::holding(first),
                ended: false,
                last_head: None,
            },
            writer: Writer { half: write },
        }
    }

    /// The stream again, and what was read ahead of it.
    pub(super) fn into_parts(self) -> (Box<dyn Stream>, Bytes) {
        (
            self.reader.half.unsplit(self.writer.half),
            { self.reader.buffer }.take_all(),
        )
    }

    /// Says goodbye: our last byte, then what the peer still sends is read for a moment, so that it is not answered
    /// with a reset that would take our reply away.
    pub(super) async fn close(mut self) {
        if timeout(LINGER, self.writer.half.shutdown()).await.is_err() {
            return;
        }
        let drain = async {
            while matches!(self.reader.fill().await, Ok(count) if count > 0) {
                self.reader.buffer.clear();
            }
        };
        let _ = timeout(LINGER, drain).await;
    }
}

/// The reading half.
pub(super) struct Reader {
    half: ReadHalf<Box<dyn Stream>>,
    buffer: Buffer,
    ended: bool,
    /// Where the last head without a body ended, and its last field: more of its fields may follow.
    last_head: Option<(usize, Box<str>)>,
}

impl Reader {
    /// What has been read and not taken.
    pub(super) fn buffered(&self) -> &[u8] {
        self.buffer.unread()
    }

    /// Takes the next bytes out of the buffer.
    pub(super) fn take(&mut self, count: usize) -> Bytes {
        self.buffer.take(count)
    }

    /// Drops the next bytes of the buffer.
    pub(super) fn skip(&mut self, count: usize) {
        self.buffer.skip(count);
    }

    /// Whether the peer has closed its direction.
    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads some more bytes into the buffer; 0 at the end.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let count = self.half.read(self.buffer.room()).await?;
        self.buffer.filled(count);
        self.ended = count == 0;
        Ok(count)
    }

    /// Gives the memory of a body back: a head is what is waited for.
    pub(super) fn rest(&mut self) {
        self.buffer.rest();
    }

    /// Gives nearly all memory back: nothing has come for a while.
    pub(super) fn doze(&mut self) {
        self.buffer.doze();
    }

    /// Waits until the peer sends something unasked or closes; cancel safe.
    pub(super) async fn stirs(&mut self) {
        if self.ended || !self.buffer.is_empty() {
            return;
        }
        let _ = self.fill().await;
    }

    /// Whether the peer has already sent something unasked, or closed, without waiting.
    pub(super) async fn has_stirred(&mut self) -> bool {
        if self.ended || !self.buffer.is_empty() {
            return true;
        }
        let mut room = ReadBuf::new(self.buffer.room());
        let half = &mut self.half;
        let read = poll_fn(|cx| {
            Poll::Ready(match Pin::new(&mut *half).poll_read(cx, &mut room) {
                Poll::Pending => None,
                Poll::Ready(result) => Some(result.is_ok()),
            })
        })
        .await;
        let count = room.filled().len();
        self.buffer.filled(count);
        if let Some(is_well) = read {
            self.ended = !is_well || count == 0;
        }
        read.is_some()
    }

    /// Reads the next request head, judged strictly.
    pub(super) async fn request_head(&mut self, limits: &Limits, timers: &HeadTimers) -> Head {
        let mut first_byte = None;
        let mut seen = 0;
        let mut blank_lines = 0;
        loop {
            while self.buffer.unread().starts_with(b"\r\n") {
                self.skip(2);
                blank_lines += 1;
                seen = 0;
            }
            if blank_lines > MOST_BLANK_LINES {
                return self.refuse(Defect::whole(DefectKind::BadRequestLine));
            }
            if let Some(kind) = not_a_request(self.buffer.unread()) {
                return self.refuse(Defect::whole(kind));
            }
            match end_of_head(self.buffer.unread(), seen) {
                Some(end) if end <= limits.head => return self.judge(end, limits),
                Some(_) => return self.refuse(too_large(self.buffer.unread(), limits)),
                None if self.buffer.unread().len() > limits.head => {
                    return self.refuse(too_large(self.buffer.unread(), limits));
                }
                None => seen = self.buffer.unread().len(),
            }
            if !self.buffer.is_empty() && first_byte.is_none() {
                first_byte = Some(Instant::now());
            }
            let deadline =
                first_byte.map_or_else(|| Instant::now() + timers.idle, |at| at + timers.head);
            let begun = !self.buffer.is_empty();
            match timeout_at(deadline, self.fill()).await {
                Err(_) if begun => return self.refuse(Defect::whole(DefectKind::SlowHead)),
                Err(_) => return Head::Silent,
                Ok(Ok(0) | Err(_)) if begun && !is_line_end(self.buffer.unread()) => {
                    return self.refuse(Defect::whole(DefectKind::CutHead));
                }
                Ok(Ok(0)) => return Head::Closed,
                Ok(Err(error)) => return Head::Failed(error),
                Ok(Ok(_)) => {}
            }
        }
    }

    fn judge(&mut self, end: usize, limits: &Limits) -> Head {
        let bytes = self.take(end);
        let head = match RequestHead::parse(bytes.clone(), limits) {
            Ok(head) => head,
            Err(mut defect) => {
                if defect.line == 1 && looks_like_fields(&bytes) {
                    // The rest of a head that ended early, come later than its beginning.
                    defect.kind = DefectKind::EarlyEnd;
                    if let Some((line, field)) = self.last_head.take() {
                        (defect.line, defect.field) = (line, Some(field));
                    }
                }
                return Head::Refused(Box::new(Refused {
                    defect,
                    bytes: self.with_rest(&bytes),
                }));
            }
        };
        let last_field = head.fields().iter().last().map(|(name, _)| name.into());
        // The request line, the fields, then the empty line.
        let empty_line = head.fields().len() + 2;
        if head.framing() == Framing::None && looks_like_fields(self.buffer.unread()) {
            let defect = Defect {
                kind: DefectKind::EarlyEnd,
                line: empty_line,
                field: last_field,
            };
            return Head::Refused(Box::new(Refused {
                defect,
                bytes: self.with_rest(&bytes),
            }));
        }
        self.last_head = last_field
            .filter(|_| head.framing() == Framing::None)
            .map(|field| (empty_line, field));
        Head::Request(Box::new(head))
    }

    fn refuse(&mut self, defect: Defect) -> Head {
        let bytes = self.buffer.take_all();
        Head::Refused(Box::new(Refused { defect, bytes }))
    }

    /// The refused head and what followed it: the fields after an early end belong to what its sender meant.
    fn with_rest(&mut self, head: &Bytes) -> Bytes {
        if self.buffer.is_empty() {
            return head.clone();
        }
        let mut all = BytesMut::from(&head[..]);
        all.extend_from_slice(&self.buffer.take_all());
        all.freeze()
    }
}

/// What came where a request head was due.
pub(super) enum Head {
    /// A head that every reader reads alike.
    Request(Box<RequestHead>),
    /// Something that must not be forwarded.
    Refused(Box<Refused>),
    /// The peer closed between requests.
    Closed,
    /// The peer sent nothing in time.
    Silent,
    /// The connection broke between requests.
    Failed(io::Error),
}

/// Bytes that must not be forwarded, and why.
pub(super) struct Refused {
    pub(super) defect: Defect,
    pub(super) bytes: Bytes,
}

/// How long a head may take.
#[derive(Clone, Copy)]
pub(super) struct HeadTimers {
    /// Until its first byte.
    pub(super) idle: Duration,
    /// From its first byte to its last.
    pub(super) head: Duration,
}

/// The writing half.
pub(super) struct Writer {
    half: WriteHalf<Box<dyn Stream>>,
}

impl Writer {
    /// Writes all, and hands it to the kernel.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.half.write_all(bytes).await?;
        self.half.flush().await
    }

    /// Ends this direction.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.half.shutdown().await
    }
}

/// What a first byte, or the first two, give away.
fn not_a_request(buffer: &[u8]) -> Option<DefectKind> {
    match buffer {
        [] | [b'\r'] => None,
        [0x16, ..] => Some(DefectKind::TlsHello),
        [0x04 | 0x05, ..] => Some(DefectKind::SocksGreeting),
        // A bare LF in front is a blank line with a bare end.
        [b'\n', ..] => Some(DefectKind::BareLf),
        [first, ..] if !crate::http1::is_token_byte(*first) => Some(DefectKind::BadRequestLine),
        _ => None,
    }
}

fn too_large(buffer: &[u8], limits: &Limits) -> Defect {
    let line = memchr::memchr(b'\n', buffer).unwrap_or(buffer.len());
    let kind = if line > limits.target {
        DefectKind::TargetTooLong
    } else {
        DefectKind::HeadTooLarge
    };
    Defect::whole(kind)
}

/// Whether these bytes begin with `Name:`, which no request line does.
fn looks_like_fields(bytes: &[u8]) -> bool {
    let name = bytes
        .iter()
        .take_while(|byte| crate::http1::is_token_byte(**byte))
        .count();
    name > 0 && bytes.get(name) == Some(&b':')
}

fn is_line_end(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

const MOST_BLANK_LINES: usize = 8;
const LINGER: Duration = Duration::from_secs(1);
