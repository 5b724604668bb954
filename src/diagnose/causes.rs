//! Ranked causes of a reply that is no success.
use crate::record::{Confidence, Exchange, Leaf, Who};

use super::memory::Memory;

/// What was found out about an exchange.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The causes, the likeliest first.
    pub causes: Vec<Cause>,
    /// The nearest call that worked, and what differs.
    pub compared_with: Option<(u64, Vec<String>)>,
}

/// A cause, with what speaks for and against it. Its texts hold masked text only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `1` to `8` of NiceNIC's article, or a word.
    pub cause: &'static str,
    /// In words.
    pub title: &'static str,
    /// Who must act.
    pub who: Who,
    /// How likely.
    pub likelihood: Confidence,
    /// What speaks for it.
    pub evidence_for: Vec<String>,
    /// What speaks against it.
    pub evidence_against: Vec<String>,
    /// What to do.
    pub fix: String,
}

/// Looks at an exchange in the light of those before it.
pub fn diagnose<T: Leaf>(_exchange: &Exchange<T>, _memory: &Memory) -> Found {
    Found::default()
}
