//! A read buffer that is allocated once and reused: small for heads, larger once a body flows.
use bytes::Bytes;

/// Bytes that have been read and not taken.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// The last read filled all the room it had: more is waiting.
    was_full: bool,
    /// Nothing has come for a while: the next bytes find little room, and those after them as much as ever.
    dozes: bool,
}

impl Buffer {
    /// A buffer that holds these bytes.
    pub(super) fn holding(first: &[u8]) -> Self {
        Self {
            bytes: first.to_vec(),
            start: 0,
            end: first.len(),
            was_full: false,
            dozes: false,
        }
    }

    /// What has been read and not taken.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Whether everything has been taken.
    pub(super) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes the next bytes: a copy, so that what is kept of them does not pin the buffer.
    pub(super) fn take(&mut self, count: usize) -> Bytes {
        let taken = Bytes::copy_from_slice(&self.unread()[..count]);
        self.skip(count);
        taken
    }

    /// Takes all.
    pub(super) fn take_all(&mut self) -> Bytes {
        self.take(self.end - self.start)
    }

    /// Drops the next bytes.
    pub(super) fn skip(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Drops all.
    pub(super) const fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Room for the next read; [`Buffer::filled`] says how much of it was used.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() - self.end < LEAST_ROOM && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let grown = match self.bytes.len() {
            _ if self.dozes => SIP,
            0 => SMALL,
            size if size - self.end < LEAST_ROOM => (size * 2).max(SMALL),
            size if self.was_full && size < LARGE => size * 2,
            size => size,
        };
        self.bytes.resize(grown.max(self.bytes.len()), 0);
        self.was_full = false;
        &mut self.bytes[self.end..]
    }

    /// Counts bytes that a read has put into the room.
    pub(super) fn filled(&mut self, count: usize) {
        let room = self.bytes.len() - self.end;
        self.was_full = count >= room;
        self.end += count.min(room);
        self.dozes &= count == 0;
    }

    /// Gives the memory of a body back.
    pub(super) fn rest(&mut self) {
        if self.is_empty() && self.bytes.len() > SMALL {
            self.bytes = Vec::new();
        }
    }

    /// Gives nearly all memory back.
    pub(super) fn doze(&mut self) {
        if self.is_empty() {
            self.bytes = Vec::new();
            self.dozes = true;
        }
    }
}

/// The room of a buffer for which nothing has come in a while. Under TLS what does not fit costs no system call: it
/// was decrypted already.
const SIP: usize = 64;
const SMALL: usize = 4 * 1024;
const LARGE: usize = 64 * 1024;
const LEAST_ROOM: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(buffer: &mut Buffer, bytes: &[u8]) {
        let room = buffer.room();
        room[..bytes.len()].copy_from_slice(bytes);
        buffer.filled(bytes.len());
    }

    #[test]
    fn a_buffer_is_reused_and_grows_with_what_flows() {
        let mut buffer = Buffer::holding(b"");
        for _ in 0..100 {
            read(&mut buffer, &[7; 300]);
            assert_eq!(&buffer.take(300)[..], [7; 300]);
        }
        assert_eq!(buffer.bytes.len(), SMALL);
        for _ in 0..10 {
            let room = buffer.room().len();
            buffer.filled(room);
            buffer.skip(room);
        }
        assert_eq!(buffer.bytes.len(), LARGE);
        buffer.rest();
        assert_eq!(buffer.bytes.capacity(), 0);
    }

    #[test]
    fn a_buffer_that_dozes_wakes_with_its_first_bytes() {
        let mut buffer = Buffer::holding(b"");
        read(&mut buffer, b"a head");
        buffer.doze();
        assert_eq!(
            buffer.unread(),
            b"a head",
            "what was not taken keeps it awake"
        );
        buffer.clear();
        buffer.doze();
        assert_eq!(buffer.room().len(), SIP);
        assert_eq!(buffer.room().len(), SIP, "a wait that was begun anew");
        assert_eq!(buffer.bytes.capacity(), SIP);
        read(&mut buffer, &[7; SIP]);
        assert_eq!(buffer.room().len(), SMALL - SIP);
        assert_eq!(buffer.unread(), [7; SIP]);
    }

    #[test]
    fn what_is_not_taken_stays() {
        let mut buffer = Buffer::holding(b"abc");
        buffer.skip(1);
        read(&mut buffer, b"de");
        assert_eq!(buffer.unread(), b"bcde");
        read(&mut buffer, &[b'x'; 1000]);
        assert_eq!(buffer.unread().len(), 1004);
        assert_eq!(&buffer.take(4)[..], b"bcde");
    }
}
