//! Counts of a run, for `/metrics` and the session view: how often, how long. They hold no text from the wire.
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::catalogue::Catalogue;
use crate::journal::Sink;
use crate::record::{Exchange, Record, Verdict, Word};
use crate::redact::seal::Masked;
use crate::stumble::{self, Place};

/// The counts. Clones are one tally.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<Counts>>);

/// What was counted since the start of the run.
#[derive(Clone, Default)]
pub struct Counts {
    /// Exchanges by action and verdict. The action is a word of the catalogue, or `other`.
    pub exchanges: BTreeMap<(&'static str, Verdict), u64>,
    /// Findings by the rule's code.
    pub findings: BTreeMap<Word, u64>,
    /// Tunnels that were not looked into.
    pub tunnels: u64,
    /// Connections that never became a request.
    pub connections: u64,
    /// How long exchanges took.
    pub latency: Latency,
}

/// How long exchanges took, by [`BOUNDS`].
#[derive(Clone, Copy, Default)]
pub struct Latency {
    /// How many took at most so long; each counts what is above the bound before. The last has no bound.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// All of them together, in seconds.
    pub sum: f64,
}

impl Tally {
    /// The end that the writer puts records into.
    pub fn sink(&self) -> impl Sink + use<> {
        Counter(self.clone())
    }

    /// The counts as they are now.
    pub fn counts(&self) -> Counts {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Counts {
    /// Exchanges by verdict.
    pub fn verdicts(&self) -> BTreeMap<Verdict, u64> {
        let mut verdicts = BTreeMap::new();
        for ((_, verdict), count) in &self.exchanges {
            *verdicts.entry(*verdict).or_default() += count;
        }
        verdicts
    }

    fn count(&mut self, record: &Record<Masked>) {
        match record {
            Record::Exchange(exchange) => {
                let key = (action(exchange), exchange.diagnosis.verdict);
                *self.exchanges.entry(key).or_default() += 1;
                self.latency.count(exchange.timing.total_ms / 1e3);
            }
            Record::Tunnel(_) => self.tunnels += 1,
            Record::Connection(_) => self.connections += 1,
            Record::Start(_) | Record::Request(_) | Record::Egress(_) | Record::Stop(_) => {}
        }
        for finding in record.final_findings() {
            *self.findings.entry(finding.code.clone()).or_default() += 1;
        }
    }
}

impl Latency {
    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.buckets.iter().sum()
    }

    fn count(&mut self, seconds: f64) {
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound);
        self.buckets[bucket.unwrap_or(BOUNDS.len())] += 1;
        self.sum += seconds;
    }
}

/// The writer's end.
struct Counter(Tally);

impl Sink for Counter {
    fn write(&mut self, record: &Arc<Record<Masked>>, line: &[u8]) -> io::Result<()> {
        let mut counts = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        stumble::at(Place::Sink, line);
        counts.count(record);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The action in the catalogue's own word: what a client sends is no label.
fn action(exchange: &Exchange<Masked>) -> &'static str {
    let (Some(category), Some(action)) = (&exchange.call.category, &exchange.call.action) else {
        return OTHER;
    };
    let known = Catalogue::builtin().action(category.as_str(), action.as_str());
    known.map_or(OTHER, |known| known.action.as_str())
}

const OTHER: &str = "other";
/// Upper bounds of the buckets, in seconds.
pub const BOUNDS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
