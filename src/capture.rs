//! Bounded copies of bodies, under one budget for all exchanges.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of captured bodies that may exist at once, over all exchanges.
pub struct Budget(AtomicUsize);

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(bytes)))
    }

    /// Bytes that are free now.
    pub fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self, want: usize) -> usize {
        let mut got = 0;
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                got = want.min(left);
                Some(left - got)
            });
        got
    }

    fn give(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its last byte was seen.
    Complete,
    /// Its sender broke off, or sent something unsound.
    Failed,
    /// Nobody waited for its end.
    Abandoned,
}

/// The copied beginning of a body; gives its bytes back to the budget when dropped.
pub struct Prefix {
    bytes: Vec<u8>,
    seen: u64,
    limit: usize,
    /// How the body ended.
    pub end: End,
    budget: Arc<Budget>,
}

impl Prefix {
    /// An empty copy that will hold at most `limit` bytes.
    pub const fn new(limit: usize, budget: Arc<Budget>) -> Self {
        Self {
            bytes: Vec::new(),
            seen: 0,
            limit,
            end: End::Abandoned,
            budget,
        }
    }

    /// Counts this payload, and copies of it what limit and budget allow.
    pub fn push(&mut self, payload: &[u8]) {
        let gap_before = self.is_truncated();
        self.seen += payload.len() as u64;
        if gap_before {
            return;
        }
        let room = self
            .limit
            .saturating_sub(self.bytes.len())
            .min(payload.len());
        if room > 0 {
            let granted = self.budget.take(room);
            self.bytes.extend_from_slice(&payload[..granted]);
        }
    }

    /// The copied bytes: raw, for the redactor's eyes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Payload bytes that went past, copied or not.
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// Whether more went past than was copied.
    pub const fn is_truncated(&self) -> bool {
        self.seen > self.bytes.len() as u64
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        self.budget.give(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_bounded_and_gives_its_bytes_back() {
        let budget = Budget::new(100);
        let mut prefix = Prefix::new(5, budget.clone());
        prefix.push(b"hel");
        prefix.push(b"lo world");
        assert_eq!(
            (prefix.bytes(), prefix.seen(), prefix.is_truncated()),
            (&b"hello"[..], 11, true)
        );
        assert_eq!(budget.left(), 95);
        drop(prefix);
        assert_eq!(budget.left(), 100);
    }

    #[test]
    fn an_empty_budget_sheds_the_copy_and_leaves_no_gap() {
        let budget = Budget::new(2);
        let mut first = Prefix::new(5, budget.clone());
        first.push(b"abc");
        let mut second = Prefix::new(5, budget.clone());
        second.push(b"xyz");
        drop(first);
        second.push(b"uvw");
        assert_eq!((second.bytes(), second.seen()), (&b""[..], 6));
    }
}
