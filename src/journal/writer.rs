//! The writer: one thread that learns, judges, seals and hands on, in the order in which things happened.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::{io, thread};

use tokio::sync::oneshot;

use crate::clock::Time;
use crate::diagnose::Memory;
use crate::egress::Outlook;
use crate::facts::Session;
use crate::redact::Redactor;
use crate::redact::seal::Masked;
use crate::rule::levels::Levels;
use crate::stumble::caught;

use super::draft::{Event, RequestPart};
use super::once::Once;
use super::outbound::Scene;
use super::queue::{Receiver, queue};
use super::seal::stumbled;
use super::{Journal, PLACES, Shared, Sink, outbound, seal};
use crate::record::{Event as Kind, Record, Stop, VERSION, Verdict, Word};

/// What the writer works with; owned by its thread.
pub struct Writer {
    redactor: Redactor,
    levels: Levels,
    sinks: Vec<Box<dyn Sink>>,
    once: Once,
    totals: Totals,
    scene: Scene,
    /// The line that was written last: its memory serves the next one.
    line: Vec<u8>,
    shared: Arc<Shared>,
}

/// What the `stop` line says.
#[derive(Default)]
struct Totals {
    exchanges: u64,
    tunnels: u64,
    connections: u64,
    findings: BTreeMap<Word, u64>,
    hidden: BTreeMap<Word, u64>,
    verdicts: BTreeMap<Verdict, u64>,
}

/// The writer's thread.
pub struct WriterHandle {
    thread: JoinHandle<()>,
    shared: Arc<Shared>,
}

impl WriterHandle {
    /// Waits until everything is written, and gives the number of denied findings; all [`Journal`]s and tickets must
    /// be gone.
    pub fn join(self) -> u64 {
        // A panic in it has been reported by the panic hook already.
        let _ = self.thread.join();
        self.shared.denied.load(Ordering::Relaxed)
    }

    /// Whether the writer has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }
}

impl Writer {
    /// Starts the writer's thread.
    pub fn spawn(
        redactor: Redactor,
        levels: Levels,
        sinks: Vec<Box<dyn Sink>>,
    ) -> io::Result<(Journal, WriterHandle)> {
        let outlook = Arc::new(Outlook::blind());
        Self::spawn_with(redactor, levels, sinks, outlook, Memory::default())
    }

    /// The same, with what is known of the way out, and of calls before this run.
    pub fn spawn_with(
        redactor: Redactor,
        levels: Levels,
        sinks: Vec<Box<dyn Sink>>,
        outlook: Arc<Outlook>,
        memory: Memory,
    ) -> io::Result<(Journal, WriterHandle)> {
        let (events, events_to_write) = queue(PLACES);
        let shared = Arc::new(Shared::default());
        let writer = Self {
            redactor,
            levels,
            sinks,
            once: Once::new(),
            totals: Totals::default(),
            scene: Scene {
                outlook,
                memory,
                session: Session::default(),
            },
            line: Vec::new(),
            shared: shared.clone(),
        };
        let thread = thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer.run(events_to_write))?;
        let handle = WriterHandle {
            thread,
            shared: shared.clone(),
        };
        Ok((Journal { events, shared }, handle))
    }

    fn run(mut self, mut events: Receiver) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut written = Vec::with_capacity(BATCH);
        let mut stop = None;
        while events.receive(&mut batch) {
            for event in batch.drain(..) {
                match event {
                    // The last line, whatever is still on its way.
                    Event::Stop { undo } => stop = Some(undo),
                    event => self.take(event, &mut written),
                }
            }
            self.flush(&mut written);
        }
        if let Some(undo) = stop {
            let line = self.stop(undo);
            self.emit(Record::Stop(Box::new(line)));
        }
        self.flush(&mut written);
    }

    fn take(&mut self, event: Event, written: &mut Vec<oneshot::Sender<()>>) {
        if matches!(event, Event::Reopen) {
            self.sinks.iter_mut().for_each(|sink| drop(sink.reopen()));
            return;
        }
        let line = caught(|| {
            let mut record = self.seal(event, written)?;
            if let Some(slip) = stumbled::slip(&mut self.redactor)
                && let Some(findings) = record.findings_mut()
            {
                findings.push(slip);
            }
            Some(record)
        });
        match line.flatten() {
            Some(record) => self.emit(record),
            None => self.shared.lose_one(),
        }
    }

    /// The record of what happened. If nicetap stumbles over it, one without anything from the wire.
    fn seal(
        &mut self,
        event: Event,
        written: &mut Vec<oneshot::Sender<()>>,
    ) -> Option<Record<Masked>> {
        let (redactor, scene) = (&mut self.redactor, &mut self.scene);
        Some(match event {
            Event::Start(line, is_written) => {
                written.push(is_written);
                Record::Start(Box::new((line.0)(redactor)))
            }
            Event::Request {
                id,
                part,
                written: line,
            } => {
                written.push(line);
                let notice = looked(&part, || seal::notice(redactor, id, &part));
                Record::Request(Box::new(
                    notice.unwrap_or_else(|| stumbled::failed_notice(redactor, id, &part)),
                ))
            }
            Event::Exchange { id, draft } => {
                let exchange = looked(&draft.request, || {
                    seal::exchange(redactor, scene, id, &draft)
                });
                Record::Exchange(Box::new(
                    exchange.unwrap_or_else(|| stumbled::failed_exchange(redactor, id, &draft)),
                ))
            }
            Event::Tunnel { id, draft } => {
                let tunnel = caught(|| seal::tunnel(redactor, id, &draft));
                Record::Tunnel(Box::new(
                    tunnel.unwrap_or_else(|| stumbled::failed_tunnel(redactor, id, &draft)),
                ))
            }
            Event::Connection { id, draft } => {
                let connection = caught(|| {
                    seal::settled(redactor, |redactor| seal::connection(redactor, id, &draft))
                });
                Record::Connection(Box::new(
                    connection.unwrap_or_else(|| stumbled::failed_connection(redactor, id, &draft)),
                ))
            }
            Event::Egress(news) => Record::Egress(Box::new(outbound::news(redactor, &news))),
            Event::Reopen | Event::Stop { .. } => return None,
        })
    }

    fn emit(&mut self, mut record: Record<Masked>) {
        let is_made = caught(|| {
            self.level(&mut record);
            self.totals.count(&record);
            self.line.clear();
            self.line.shrink_to(KEPT_LINE);
            serde_json::to_writer(&mut self.line, &record).is_ok()
        });
        if is_made != Some(true) {
            return self.shared.lose_one();
        }
        let record = Arc::new(record);
        for sink in &mut self.sinks {
            // A sink counts what it could not write, and says so when it can again. One that stumbles misses this
            // record, and neither the other sinks nor the next record do.
            let is_taken = caught(|| sink.write(&record, &self.line)).is_some();
            if !is_taken && sink.is_the_record() {
                self.shared.lose_one();
            }
        }
    }

    /// Treats the findings as the user wants them treated.
    fn level(&mut self, record: &mut Record<Masked>) {
        let (id, findings, is_last) = match record {
            Record::Request(notice) => (notice.id, &mut notice.findings, false),
            Record::Exchange(exchange) => (exchange.id, &mut exchange.findings, true),
            Record::Tunnel(tunnel) => (tunnel.id, &mut tunnel.findings, true),
            Record::Connection(connection) => (connection.id, &mut connection.findings, true),
            Record::Start(_) | Record::Egress(_) | Record::Stop(_) => return,
        };
        findings.retain(|finding| self.once.is_news(id, finding));
        let hidden = &mut self.totals.hidden;
        let levels = &self.levels;
        findings.retain_mut(|finding| {
            match levels.severity(&finding.code, finding.severity) {
                Some(severity) => finding.severity = severity,
                None if is_last => *hidden.entry(finding.code.clone()).or_default() += 1,
                None => {}
            }
            levels.shows(&finding.code)
        });
        findings.sort_by(|a, b| a.rank().cmp(&b.rank()));
        if is_last {
            let denied = findings.iter().filter(|found| levels.denies(&found.code));
            let denied = u64::try_from(denied.count()).unwrap_or(u64::MAX);
            self.shared.denied.fetch_add(denied, Ordering::Relaxed);
        }
    }

    fn flush(&mut self, written: &mut Vec<oneshot::Sender<()>>) {
        for sink in &mut self.sinks {
            let _ = caught(|| sink.flush());
        }
        for line in written.drain(..) {
            let _ = line.send(());
        }
    }

    fn stop(&mut self, undo: Vec<Word>) -> Stop {
        let totals = std::mem::take(&mut self.totals);
        let lost: u64 = self.sinks.iter().map(|sink| sink.lost()).sum();
        Stop {
            v: VERSION,
            event: Kind::Stop,
            time: Time::now(),
            exchanges: totals.exchanges,
            tunnels: totals.tunnels,
            connections: totals.connections,
            findings: totals.findings,
            hidden: totals.hidden,
            verdicts: totals.verdicts,
            not_recorded: self.shared.not_recorded.load(Ordering::Relaxed) + lost,
            late_lines: self.shared.late_lines.load(Ordering::Relaxed),
            undo,
        }
    }
}

impl Totals {
    fn count(&mut self, record: &Record<Masked>) {
        match record {
            Record::Exchange(exchange) => {
                self.exchanges += 1;
                *self.verdicts.entry(exchange.diagnosis.verdict).or_default() += 1;
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

/// What this gives; `None` if nicetap stumbled, here or before.
fn looked<T>(part: &RequestPart, seal: impl FnOnce() -> T) -> Option<T> {
    if part.facts.is_unread {
        return None;
    }
    caught(seal)
}

const BATCH: usize = 256;
/// Memory of a longer line is given back.
const KEPT_LINE: usize = 64 * 1024;
