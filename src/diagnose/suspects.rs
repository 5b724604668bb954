//! Causes that are being weighed: evidence is added to them, and the order follows the weights;
//! equal ones stand in the order of NiceNIC's article.
use crate::record::{Confidence, Who};

use super::catalogue::{self, Kind};

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

/// The causes that something speaks for.
#[derive(Default)]
pub(super) struct Suspects(Vec<Suspect>);

/// A cause that is being weighed.
struct Suspect {
    kind: &'static Kind,
    weight: i32,
    /// Whether something said it outright.
    is_said: bool,
    pros: Vec<String>,
    cons: Vec<String>,
}

impl Suspects {
    /// Adds evidence for a cause; it becomes a suspect if it was none.
    pub(super) fn add(&mut self, cause: &str, weight: i32, evidence: String) {
        let Some(kind) = catalogue::kind(cause) else {
            return;
        };
        let Some(suspect) = self.0.iter_mut().find(|one| one.kind.cause == cause) else {
            self.0.push(Suspect {
                kind,
                weight,
                is_said: false,
                pros: vec![evidence],
                cons: Vec::new(),
            });
            return;
        };
        suspect.weight += weight;
        if !suspect.pros.contains(&evidence) {
            suspect.pros.push(evidence);
        }
    }

    /// Adds evidence that says a cause outright.
    pub(super) fn say(&mut self, cause: &str, evidence: String) {
        self.add(cause, SAID, evidence);
        if let Some(suspect) = self.0.iter_mut().find(|one| one.kind.cause == cause) {
            suspect.is_said = true;
        }
    }

    /// Adds a remark to a cause that is a suspect already.
    pub(super) fn note(&mut self, cause: &str, evidence: String) {
        if let Some(suspect) = self.0.iter_mut().find(|one| one.kind.cause == cause) {
            suspect.pros.push(evidence);
        }
    }

    /// Adds evidence against a cause that is a suspect already.
    pub(super) fn against(&mut self, cause: &str, evidence: &str) {
        if let Some(suspect) = self.0.iter_mut().find(|one| one.kind.cause == cause) {
            suspect.cons.push(evidence.to_owned());
        }
    }

    /// Shifts a suspect's weight.
    pub(super) fn weigh(&mut self, cause: &str, weight: i32) {
        if let Some(suspect) = self.0.iter_mut().find(|one| one.kind.cause == cause) {
            suspect.weight += weight;
        }
    }

    /// Drops causes, unless something said them outright.
    pub(super) fn acquit(&mut self, causes: &[&str]) {
        self.0
            .retain(|suspect| suspect.is_said || !causes.contains(&suspect.kind.cause));
    }

    /// Drops what is neither said nor likely.
    pub(super) fn keep_likely(&mut self) {
        self.0
            .retain(|suspect| suspect.is_said || suspect.weight >= LIKELY);
    }

    /// The causes that are told, the likeliest first; `outbound`: the addresses to enter at NiceNIC.
    pub(super) fn ranked(&self, outbound: &str) -> Vec<Cause> {
        let mut suspects: Vec<&Suspect> = self.0.iter().collect();
        suspects.retain(|suspect| suspect.weight > 0);
        suspects.sort_by_key(|suspect| (-suspect.weight, suspect.kind.order()));
        let fix = |kind: &Kind| match kind.cause {
            "3" | "4" if !outbound.is_empty() => {
                format!("enter {outbound} at NiceNIC: Reseller, API Settings, IP whitelist; save")
            }
            _ => kind.fix.to_owned(),
        };
        suspects
            .into_iter()
            .take(MOST)
            .map(|suspect| Cause {
                cause: suspect.kind.cause,
                title: suspect.kind.title,
                who: suspect.kind.who,
                likelihood: suspect.likelihood(),
                evidence_for: suspect.pros.clone(),
                evidence_against: suspect.cons.clone(),
                fix: fix(suspect.kind),
            })
            .collect()
    }
}

impl Suspect {
    fn likelihood(&self) -> Confidence {
        match self.weight {
            _ if self.is_said => Confidence::Is,
            weight if weight >= LIKELY => Confidence::Likely,
            _ => Confidence::May,
        }
    }
}

/// The weight from which a cause is likely.
pub(super) const LIKELY: i32 = 60;
/// The weight of what something said outright.
const SAID: i32 = 120;
/// Causes that are told.
const MOST: usize = 5;
