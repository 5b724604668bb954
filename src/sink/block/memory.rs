//! What the renderer remembers, within bounds.
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{Hash, Hasher};

use crate::record::{Finding, Leaf};

/// What was shown already.
#[derive(Default)]
pub(super) struct Memory {
    /// The findings that stood under the `→` block of exchanges that are not answered yet.
    pending: BTreeMap<u64, Vec<u64>>,
    sightings: HashMap<u64, Sighting>,
    order: VecDeque<u64>,
}

#[derive(Clone, Copy)]
pub(super) struct Sighting {
    /// In how many exchanges, this one included.
    pub(super) times: u64,
    pub(super) first: u64,
}

impl Memory {
    /// Counts a finding of this exchange.
    pub(super) fn sight(&mut self, key: u64, id: u64) -> Sighting {
        if let Some(sighting) = self.sightings.get_mut(&key) {
            sighting.times += 1;
            return *sighting;
        }
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.sightings.remove(&oldest);
        }
        self.order.push_back(key);
        let sighting = Sighting {
            times: 1,
            first: id,
        };
        self.sightings.insert(key, sighting);
        sighting
    }

    pub(super) fn leave(&mut self, id: u64, findings: Vec<u64>) {
        if self.pending.len() >= REMEMBERED {
            self.pending.pop_first();
        }
        self.pending.insert(id, findings);
    }

    pub(super) fn answer(&mut self, id: u64) -> Option<Vec<u64>> {
        self.pending.remove(&id)
    }
}

/// Findings with equal keys are the same finding again. A hash, so that long texts are not kept.
pub(super) fn key<T: Leaf>(finding: &Finding<T>) -> u64 {
    let mut hasher = DefaultHasher::new();
    let parts: [&str; 4] = [
        &finding.code,
        finding.at.as_ref(),
        finding.seen.as_ref(),
        finding.fix.as_ref(),
    ];
    parts.hash(&mut hasher);
    hasher.finish()
}

/// Findings, and unanswered exchanges, that are remembered.
const REMEMBERED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let mut memory = Memory::default();
        for number in 0..=REMEMBERED as u64 {
            memory.sight(number, number);
            memory.leave(number, Vec::new());
        }
        assert_eq!(memory.sightings.len(), REMEMBERED);
        assert_eq!(memory.pending.len(), REMEMBERED);
        assert_eq!(memory.sight(0, 9).first, 9);
        assert_eq!(memory.sight(5, 9).times, 2);
        assert!(memory.answer(0).is_none() && memory.answer(5).is_some());
    }
}
