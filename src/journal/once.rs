//! Findings that need saying once in a run: an action that the catalogue does not list, and the like.
use std::collections::BTreeMap;

use crate::record::{Finding, Word};
use crate::redact::seal::Masked;
use crate::rules;

/// What was said, and of which exchange first.
pub(super) struct Once {
    codes: Vec<&'static str>,
    said: BTreeMap<(Word, Masked, Masked), u64>,
}

impl Once {
    pub(super) fn new() -> Self {
        let once = rules::all().filter(|rule| rule.once);
        Self {
            codes: once.map(|rule| rule.code).collect(),
            said: BTreeMap::new(),
        }
    }

    /// Whether this is to be said of this exchange: it is the first of which it is true. The two lines of an exchange
    /// say the same.
    pub(super) fn is_news(&mut self, id: u64, finding: &Finding<Masked>) -> bool {
        if !self.codes.contains(&&*finding.code) {
            return true;
        }
        let what = (
            finding.code.clone(),
            finding.seen.clone(),
            finding.fix.clone(),
        );
        if self.said.len() >= MOST_SAID && !self.said.contains_key(&what) {
            return true;
        }
        *self.said.entry(what).or_insert(id) == id
    }
}

const MOST_SAID: usize = 1024;
