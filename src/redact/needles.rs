//! A set of byte strings that can be searched for all at once, and that changes with each exchange.
//!
//! Not an automaton: one of those must be rebuilt for each new cookie, which costs more than the search. Here a
//! needle is filed under its first six bytes; a small filter says which places of a text are worth a look.
//! Inserting and removing cost the same however many needles there are.
use std::collections::HashMap;
use std::ops::Range;

use zeroize::Zeroizing;

/// A byte string to look for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Needle {
    /// At least [`SHORTEST`] bytes, at most [`LONGEST`].
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// How many of its first bytes may be seen: a user name in front of its secret.
    pub(super) open: usize,
    /// Whether the base64 digit before it holds bits of the secret too.
    pub(super) reaches_left: bool,
    /// The same for the digit after it, and for the padding.
    pub(super) reaches_right: bool,
}

/// The place of a needle in a text.
pub(super) struct Hit {
    pub(super) range: Range<usize>,
    pub(super) owner: u32,
}

/// All needles, each with the number of its owner.
pub(super) struct Needles {
    /// One bit for each hash of six bytes.
    filter: Vec<u64>,
    /// How many needles stand behind each of those bits.
    counts: Vec<u16>,
    buckets: HashMap<u64, Vec<(Needle, u32)>>,
}

impl Needles {
    pub(super) fn new() -> Self {
        Self {
            filter: vec![0; FILTER_BITS / 64],
            counts: vec![0; FILTER_BITS],
            buckets: HashMap::new(),
        }
    }

    /// Adds a needle; one that is too short to be told from ordinary text is left out.
    pub(super) fn insert(&mut self, needle: Needle, owner: u32) {
        let Some(key) = key_at(&needle.bytes, 0) else {
            return;
        };
        let slot = slot_of(key);
        self.counts[slot] = self.counts[slot].saturating_add(1);
        self.filter[slot / 64] |= 1 << (slot % 64);
        self.buckets.entry(key).or_default().push((needle, owner));
    }

    /// Removes a needle of this owner.
    pub(super) fn remove(&mut self, needle: &Needle, owner: u32) {
        let Some(key) = key_at(&needle.bytes, 0) else {
            return;
        };
        let Some(bucket) = self.buckets.get_mut(&key) else {
            return;
        };
        let Some(at) = bucket
            .iter()
            .position(|(have, of)| *of == owner && have == needle)
        else {
            return;
        };
        bucket.swap_remove(at);
        if bucket.is_empty() {
            self.buckets.remove(&key);
        }
        let slot = slot_of(key);
        // A count that has been at its limit is no longer known, and stays.
        if self.counts[slot] < u16::MAX {
            self.counts[slot] -= 1;
            if self.counts[slot] == 0 {
                self.filter[slot / 64] &= !(1 << (slot % 64));
            }
        }
    }

    /// Reports every place where a needle stands, overlapping ones too.
    ///
    /// Returns where it gave up, if the text was made to cost too much: nothing is known of the rest.
    pub(super) fn find(&self, text: &[u8], mut report: impl FnMut(Hit)) -> Option<usize> {
        if self.buckets.is_empty() || text.len() < SHORTEST {
            return None;
        }
        let mut budget = 64 * text.len() + (1 << 20);
        let (windows, ()) = (text.windows(8), ());
        for (at, window) in windows.enumerate() {
            let mut eight = [0; 8];
            eight.copy_from_slice(window);
            let key = u64::from_le_bytes(eight) & KEY_MASK;
            if self.may_hold(key) && !self.look(text, at, key, &mut budget, &mut report) {
                return Some(at);
            }
        }
        // The last places have no eight bytes left.
        for at in text.len().saturating_sub(7)..text.len() {
            if let Some(key) = key_at(text, at)
                && self.may_hold(key)
                && !self.look(text, at, key, &mut budget, &mut report)
            {
                return Some(at);
            }
        }
        None
    }

    /// Where the end of a cut text begins a needle, with at least [`BEGINNING`] bytes of it.
    pub(super) fn beginning(&self, text: &[u8]) -> Option<usize> {
        let first = text.len().saturating_sub(LONGEST);
        let last = text.len().checked_sub(BEGINNING)?;
        (first..=last).find_map(|at| {
            let tail = &text[at..];
            let begins = |needle: &Needle| {
                (needle.bytes.starts_with(tail) && tail.len() >= needle.open + BEGINNING)
                    .then(|| at + needle.open - usize::from(needle.reaches_left && at > 0))
            };
            match key_at(text, at) {
                Some(key) if !self.may_hold(key) => None,
                Some(key) => self
                    .buckets
                    .get(&key)?
                    .iter()
                    .find_map(|(needle, _)| begins(needle)),
                None => self
                    .buckets
                    .values()
                    .flatten()
                    .find_map(|(needle, _)| begins(needle)),
            }
        })
    }

    /// How many needles there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.values().map(Vec::len).sum()
    }

    /// How many buckets are reserved.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buckets.capacity()
    }

    fn may_hold(&self, key: u64) -> bool {
        let slot = slot_of(key);
        self.filter[slot / 64] & (1 << (slot % 64)) != 0
    }

    /// Tries the needles of one bucket; false when the budget is spent.
    fn look(
        &self,
        text: &[u8],
        at: usize,
        key: u64,
        budget: &mut usize,
        report: &mut impl FnMut(Hit),
    ) -> bool {
        let Some(bucket) = self.buckets.get(&key) else {
            return true;
        };
        for (needle, owner) in bucket {
            let Some(left) = budget.checked_sub(1 + needle.bytes.len() / 16) else {
                return false;
            };
            *budget = left;
            if text[at..].starts_with(&needle.bytes) {
                report(Hit {
                    range: needle.reach(text, at),
                    owner: *owner,
                });
            }
        }
        true
    }
}

impl Needle {
    /// What must be covered where the needle stands.
    fn reach(&self, text: &[u8], at: usize) -> Range<usize> {
        let mut start = at + self.open;
        let mut end = at + self.bytes.len();
        if self.reaches_left && at > 0 && is_base64(text[at - 1]) {
            start -= 1;
        }
        if self.reaches_right {
            end += usize::from(text.get(end).copied().is_some_and(is_base64));
            end += text[end..].iter().take_while(|&&byte| byte == b'=').count();
        }
        start..end
    }
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The six bytes at a place, as a number.
fn key_at(text: &[u8], at: usize) -> Option<u64> {
    let six = text.get(at..at + SHORTEST)?;
    let mut eight = [0; 8];
    eight[..SHORTEST].copy_from_slice(six);
    Some(u64::from_le_bytes(eight))
}

fn slot_of(key: u64) -> usize {
    // Fibonacci hashing: the high bits of the product depend on all bits of the key.
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS.trailing_zeros());
    // At most 17 bits are left.
    usize::try_from(mixed).unwrap_or(0)
}

/// Shorter byte strings are no needles.
pub(super) const SHORTEST: usize = 6;
/// Longer byte strings are cut into needles of this length.
pub(super) const LONGEST: usize = 512;
/// This much of a needle's beginning must not stand at a cut.
const BEGINNING: usize = 4;
const KEY_MASK: u64 = (1 << (8 * SHORTEST)) - 1;
/// 16 KiB of bits: they stay in the fastest cache, and 5,000 needles set one in 26.
const FILTER_BITS: usize = 1 << 17;

#[cfg(test)]
mod tests {
    use super::*;

    fn needle(text: &[u8]) -> Needle {
        Needle {
            bytes: Zeroizing::new(text.to_vec()),
            open: 0,
            reaches_left: false,
            reaches_right: false,
        }
    }

    fn places(needles: &Needles, text: &[u8]) -> Vec<(Range<usize>, u32)> {
        let mut places = Vec::new();
        assert!(
            needles
                .find(text, |hit| places.push((hit.range, hit.owner)))
                .is_none()
        );
        places
    }

    #[test]
    fn needles_are_found_at_every_place_of_a_text() {
        let mut needles = Needles::new();
        needles.insert(needle(b"sixsix"), 1);
        for front in 0..20 {
            for back in 0..20 {
                let text = [&vec![b'x'; front][..], b"sixsix", &vec![b's'; back]].concat();
                assert_eq!(places(&needles, &text), [(front..front + 6, 1)]);
            }
        }
    }

    #[test]
    fn what_is_removed_is_not_found_and_leaves_no_trace() {
        let mut needles = Needles::new();
        needles.insert(needle(b"hunter2hunter2"), 1);
        needles.insert(needle(b"hunter2"), 2);
        needles.insert(needle(b"hunter2"), 3);
        needles.remove(&needle(b"hunter2"), 2);
        assert_eq!(places(&needles, b"a hunter2 b"), [(2..9, 3)]);
        needles.remove(&needle(b"hunter2"), 3);
        needles.remove(&needle(b"hunter2"), 3);
        needles.remove(&needle(b"hunter2hunter2"), 1);
        assert_eq!(needles.len(), 0);
        assert!(needles.filter.iter().all(|word| *word == 0));
    }

    #[test]
    fn a_text_made_to_be_slow_is_given_up_and_said_so() {
        let mut needles = Needles::new();
        for length in 6..LONGEST {
            needles.insert(needle(&vec![b'a'; length]), 0);
        }
        let text = vec![b'a'; 64 * 1024];
        let given_up = needles.find(&text, |_| ());
        assert!(given_up.is_some_and(|at| at < text.len()));
    }

    #[test]
    fn the_end_of_a_text_can_begin_a_needle() {
        let mut needles = Needles::new();
        needles.insert(needle(b"hunter2-x"), 0);
        for (text, want) in [
            (&b"say hun"[..], None),
            (b"say hunt", Some(4)),
            (b"say hunte", Some(4)),
            (b"say hunter2-", Some(4)),
            (b"say hunter3-", None),
            (b"hunthunt", Some(4)),
            (b"hu", None),
        ] {
            assert_eq!(needles.beginning(text), want);
        }
    }

    #[test]
    fn base64_digits_that_share_bits_are_covered_too() {
        let mut needles = Needles::new();
        let mut shifted = needle(b"UzNjcjN0");
        shifted.reaches_left = true;
        shifted.reaches_right = true;
        needles.insert(shifted, 0);
        assert_eq!(places(&needles, b"'xUzNjcjN0Q=='"), [(1..13, 0)]);
        assert_eq!(places(&needles, b"'UzNjcjN0'"), [(1..9, 0)]);
    }
}
