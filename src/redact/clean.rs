//! Texts that were found clean: names of headers, content types and the API's words come again with each exchange.
//!
//! A text in which nothing was found is clean until the next secret is learned. Where clients bring a new cookie with
//! each call nothing would live long enough to be found again, so nothing is kept then. It holds only what the log
//! shows as it is.
use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;

use super::seal::Masked;

/// Clean texts, so many at most.
#[derive(Default)]
pub(super) struct Clean {
    /// Bounded, and of no secret text: hence a hash that is quick before it is strong.
    texts: HashSet<Text, RandomState>,
    /// How many secrets had been learned when they were searched.
    learned: u32,
    /// Whether the last record taught nothing new.
    is_settled: bool,
}

#[derive(PartialEq, Eq)]
struct Text(Masked);

impl Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        self.0.as_str().as_bytes()
    }
}

impl Hash for Text {
    // As `Borrow` demands, like the hash of a slice.
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrow::<[u8]>::borrow(self).hash(state);
    }
}

impl Clean {
    /// Begins a record; so many secrets have been learned by now.
    pub(super) fn begin(&mut self, learned: u32) {
        self.is_settled = self.learned == learned;
        if !self.is_settled {
            self.texts.clear();
            self.learned = learned;
        }
    }

    /// This text, if it was found clean.
    pub(super) fn find(&self, text: &[u8], learned: u32) -> Option<Masked> {
        if self.learned != learned || text.len() > LONGEST {
            return None;
        }
        self.texts.get(text).map(|found| found.0.clone())
    }

    /// Keeps a text that was found clean.
    pub(super) fn keep(&mut self, text: &Masked, learned: u32) {
        let is_fit = self.is_settled && text.as_str().len() <= LONGEST;
        if self.learned != learned || !is_fit {
            return;
        }
        if self.texts.len() >= MOST {
            self.texts.clear();
        }
        self.texts.insert(Text(text.clone()));
    }
}

/// Longer texts seldom come again.
const LONGEST: usize = 256;
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_clean_until_the_next_secret_is_learned() {
        let mut clean = Clean::default();
        let text = Masked::sealed("application/json");
        let bytes = text.as_str().as_bytes();
        clean.begin(3);
        clean.keep(&text, 3);
        assert!(clean.find(bytes, 3).is_none(), "the last record taught");
        clean.begin(3);
        clean.keep(&text, 3);
        assert_eq!(clean.find(bytes, 3), Some(text.clone()));
        assert!(clean.find(b"application/jso", 3).is_none());
        assert!(clean.find(bytes, 4).is_none(), "learned in mid-record");
        clean.keep(&text, 4);
        clean.begin(4);
        assert!(clean.find(bytes, 4).is_none());
    }

    #[test]
    fn it_is_bounded() {
        let mut clean = Clean::default();
        clean.begin(0);
        for number in 0..3 * MOST {
            clean.keep(&Masked::sealed(number.to_string()), 0);
            assert!(clean.texts.len() <= MOST);
        }
        let long = Masked::sealed("x".repeat(LONGEST + 1));
        clean.keep(&long, 0);
        assert!(clean.find(long.as_str().as_bytes(), 0).is_none());
    }
}
