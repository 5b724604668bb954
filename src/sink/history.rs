//! The history: the newest records, in memory, for those who look while nicetap runs.
//!
//! A ring that is bounded in bytes. The writer puts records in and never waits for a reader: readers are woken, and
//! take what has changed since they last looked. One that was away for too long is told so, and begins anew.
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::clock::Time;
use crate::journal::Sink;
use crate::record::{Record, Start};
use crate::redact::seal::Masked;

/// The newest records. Clones are one history.
#[derive(Clone)]
pub struct History {
    ring: Arc<Mutex<Ring>>,
    news: watch::Sender<u64>,
    epoch: i64,
}

/// A record that is kept.
#[derive(Clone)]
pub struct Entry {
    /// Its number: that of the exchange, the tunnel or the connection.
    pub id: u64,
    /// Grows with each change; what happened later has the greater one.
    pub seq: u64,
    /// The record.
    pub record: Arc<Record<Masked>>,
    /// Whether the user has marked it.
    pub is_marked: bool,
}

/// What has changed since a reader last looked.
#[derive(Default)]
pub struct News {
    /// Whether something is gone that the reader has not seen: it should begin anew.
    pub is_reset: bool,
    /// The entries that are new or have changed, oldest change first.
    pub entries: Vec<Entry>,
    /// Up to where the reader knows now.
    pub seq: u64,
}

impl History {
    /// An empty history of at most so many bytes, counted as lines of the log.
    pub fn new(limit: usize) -> Self {
        Self {
            ring: Arc::new(Mutex::new(Ring {
                limit,
                ..Ring::default()
            })),
            news: watch::Sender::new(0),
            epoch: Time::now().as_millis(),
        }
    }

    /// The end that the writer puts records into.
    pub fn sink(&self) -> impl Sink + use<> {
        Intake(self.clone())
    }

    /// Which history it is: numbers of another one mean nothing here.
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }

    /// The newest entries, the greatest number first; only those below `before`. Also up to where they are known.
    pub fn newest(&self, before: Option<u64>, most: usize) -> (Vec<Entry>, u64) {
        let ring = self.lock();
        let below = ring.entries.range(..before.unwrap_or(u64::MAX)).rev();
        let entries = below.take(most).map(|(id, kept)| ring.entry(*id, kept));
        (entries.collect(), ring.seq)
    }

    /// The entry with this number.
    pub fn find(&self, id: u64) -> Option<Entry> {
        let ring = self.lock();
        ring.entries.get(&id).map(|kept| ring.entry(id, kept))
    }

    /// What has changed since `seq`: at most so many entries.
    pub fn since(&self, seq: u64, most: usize) -> News {
        let ring = self.lock();
        if seq < ring.lost || seq > ring.seq {
            return News {
                is_reset: true,
                entries: Vec::new(),
                seq: ring.seq,
            };
        }
        let later = ring.changes.range(seq + 1..).take(most);
        let entries: Vec<Entry> = later
            .filter_map(|(_, id)| ring.entries.get(id).map(|kept| ring.entry(*id, kept)))
            .collect();
        let seq = match entries.last() {
            Some(last) if entries.len() == most => last.seq,
            _ => ring.seq,
        };
        News {
            is_reset: false,
            entries,
            seq,
        }
    }

    /// Wakes whoever waits on it when something has changed. It never holds up the writer.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// The `start` record of this run.
    pub fn start(&self) -> Option<Arc<Record<Masked>>> {
        self.lock().start.clone()
    }

    /// The last `egress` record.
    pub fn egress(&self) -> Option<Arc<Record<Masked>>> {
        self.lock().egress.clone()
    }

    /// Forgets all entries.
    pub fn clear(&self) {
        let mut ring = self.lock();
        ring.entries.clear();
        ring.changes.clear();
        ring.marks.clear();
        ring.bytes = 0;
        ring.seq += 1;
        ring.lost = ring.seq;
        self.tell(ring);
    }

    /// Whether new calls are left out, as after [`History::pause`].
    pub fn is_paused(&self) -> bool {
        self.lock().is_paused
    }

    /// Leaves out calls that begin from now on, or takes them in again. The log goes on in any case.
    pub fn pause(&self, is_paused: bool) {
        let mut ring = self.lock();
        ring.is_paused = is_paused;
        ring.seq += 1;
        self.tell(ring);
    }

    /// Marks an entry, or takes the mark away; `false`: there is no such entry.
    pub fn mark(&self, id: u64, is_marked: bool) -> bool {
        let mut ring = self.lock();
        if !ring.entries.contains_key(&id) {
            return false;
        }
        if is_marked {
            ring.marks.insert(id);
        } else {
            ring.marks.remove(&id);
        }
        ring.touch(id);
        self.tell(ring);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the readers, with the ring free for them.
    fn tell(&self, ring: MutexGuard<'_, Ring>) {
        let seq = ring.seq;
        drop(ring);
        self.news.send_replace(seq);
    }
}

/// The writer's end.
struct Intake(History);

impl Sink for Intake {
    fn write(&mut self, record: &Arc<Record<Masked>>, line: &[u8]) -> io::Result<()> {
        let mut ring = self.0.lock();
        match (number(record), &**record) {
            (Some(id), _) => ring.keep(id, record, line.len()),
            (None, Record::Start(_)) => ring.start = Some(record.clone()),
            (None, Record::Egress(_)) => ring.egress = Some(record.clone()),
            (None, _) => {}
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let ring = self.0.lock();
        self.0.tell(ring);
        Ok(())
    }
}

/// What the `start` record says; `None` for any other.
pub fn start_of(record: &Record<Masked>) -> Option<&Start<Masked>> {
    match record {
        Record::Start(start) => Some(start),
        _ => None,
    }
}

#[derive(Default)]
struct Ring {
    limit: usize,
    bytes: usize,
    /// By number: a finished exchange takes the place of its early notice.
    entries: BTreeMap<u64, Kept>,
    /// Each entry's last change.
    changes: BTreeMap<u64, u64>,
    marks: BTreeSet<u64>,
    seq: u64,
    /// A reader that knows less than this has missed something.
    lost: u64,
    start: Option<Arc<Record<Masked>>>,
    egress: Option<Arc<Record<Masked>>>,
    is_paused: bool,
    /// Calls that began during a pause and have not come to their end: that may come after the pause.
    left_out: BTreeSet<u64>,
}

struct Kept {
    seq: u64,
    record: Arc<Record<Masked>>,
    bytes: usize,
}

impl Ring {
    fn entry(&self, id: u64, kept: &Kept) -> Entry {
        Entry {
            id,
            seq: kept.seq,
            record: kept.record.clone(),
            is_marked: self.marks.contains(&id),
        }
    }

    fn keep(&mut self, id: u64, record: &Arc<Record<Masked>>, bytes: usize) {
        let is_begun = matches!(**record, Record::Request(_));
        if !is_begun && self.left_out.remove(&id) {
            return;
        }
        if self.is_paused && !self.entries.contains_key(&id) {
            if is_begun {
                self.left_out.insert(id);
            }
            return;
        }
        self.seq += 1;
        let kept = Kept {
            seq: self.seq,
            record: record.clone(),
            bytes,
        };
        self.bytes += bytes;
        self.changes.insert(self.seq, id);
        if let Some(before) = self.entries.insert(id, kept) {
            self.bytes -= before.bytes;
            self.changes.remove(&before.seq);
        }
        while self.bytes > self.limit && self.entries.len() > 1 {
            let Some((id, oldest)) = self.entries.pop_first() else {
                return;
            };
            self.bytes -= oldest.bytes;
            self.changes.remove(&oldest.seq);
            self.marks.remove(&id);
            self.lost = self.lost.max(oldest.seq);
        }
    }

    fn touch(&mut self, id: u64) {
        self.seq += 1;
        let seq = self.seq;
        if let Some(kept) = self.entries.get_mut(&id) {
            self.changes.remove(&kept.seq);
            kept.seq = seq;
            self.changes.insert(seq, id);
        }
    }
}

fn number(record: &Record<Masked>) -> Option<u64> {
    match record {
        Record::Request(it) => Some(it.id),
        Record::Exchange(it) => Some(it.id),
        Record::Tunnel(it) => Some(it.id),
        Record::Connection(it) => Some(it.id),
        Record::Start(_) | Record::Egress(_) | Record::Stop(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Client, Event, Tunnel, TunnelBytes, TunnelEgress, TunnelWhy, VERSION};
    use crate::redact::{FingerprintKey, Redactor};

    fn tunnel(id: u64) -> Arc<Record<Masked>> {
        let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
        Arc::new(Record::Tunnel(Box::new(Tunnel {
            v: VERSION,
            event: Event::Tunnel,
            time: Time::from_millis(0),
            id,
            client: Client {
                addr: ([127, 0, 0, 1], 1).into(),
                user_agent: None,
                via: None,
                uid: None,
                user: None,
                pid: None,
                process: None,
                kind: None,
            },
            host: redactor.text(b"example.com"),
            port: 443,
            why: TunnelWhy::Scope,
            egress: TunnelEgress {
                local: None,
                peer: None,
                family: None,
            },
            bytes: TunnelBytes::default(),
            duration_ms: 1.0,
            end: "client".into(),
            failure: None,
            findings: Vec::new(),
        })))
    }

    fn put(history: &History, ids: impl IntoIterator<Item = u64>) {
        let mut sink = history.sink();
        for id in ids {
            sink.write(&tunnel(id), &[b'x'; 100]).unwrap();
        }
        sink.flush().unwrap();
    }

    fn ids(entries: &[Entry]) -> Vec<u64> {
        entries.iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn the_oldest_goes_when_the_bytes_are_used_up() {
        let history = History::new(350);
        put(&history, 1..=5);
        assert_eq!(ids(&history.newest(None, 9).0), [5, 4, 3]);
        assert_eq!(ids(&history.newest(Some(5), 1).0), [4]);
        assert!(history.find(2).is_none() && history.find(3).is_some());
    }

    #[test]
    fn a_reader_resumes_where_it_was_and_is_told_what_it_missed() {
        let history = History::new(350);
        put(&history, 1..=3);
        let news = history.since(1, 9);
        assert_eq!((ids(&news.entries), news.seq), (vec![2, 3], 3));
        assert_eq!(ids(&history.since(1, 1).entries), [2]);
        assert_eq!(history.since(1, 1).seq, 2);
        assert!(history.since(3, 9).entries.is_empty());
        put(&history, 4..=9);
        assert!(history.since(3, 9).is_reset);
        assert!(history.since(99, 9).is_reset, "of another history");
    }

    #[test]
    fn a_later_record_takes_the_place_of_the_earlier_one() {
        let history = History::new(10_000);
        put(&history, [1, 2, 1]);
        assert_eq!(ids(&history.newest(None, 9).0), [2, 1]);
        let news = history.since(2, 9);
        assert_eq!((ids(&news.entries), news.is_reset), (vec![1], false));
    }

    #[test]
    fn while_paused_only_what_was_begun_is_taken() {
        let history = History::new(10_000);
        put(&history, [1]);
        history.pause(true);
        put(&history, [1, 2]);
        assert_eq!(ids(&history.newest(None, 9).0), [1]);
        history.pause(false);
        put(&history, [3]);
        assert_eq!(ids(&history.newest(None, 9).0), [3, 1]);
    }

    #[test]
    fn marks_are_news_and_go_with_their_entry() {
        let history = History::new(10_000);
        put(&history, [1, 2]);
        let waiting = history.watch();
        assert!(history.mark(1, true) && !history.mark(7, true));
        assert!(waiting.has_changed().unwrap());
        assert!(history.since(2, 9).entries[0].is_marked);
        history.clear();
        assert!(history.newest(None, 9).0.is_empty() && history.since(3, 9).is_reset);
        put(&history, [1]);
        assert!(!history.find(1).unwrap().is_marked);
    }
}
