//! The journal: exactly one record for each admitted exchange, tunnel and refused connection.
//!
//! A place in the queue is reserved *before* the first byte is forwarded, and the record is sent when its ticket is
//! dropped: on success, failure, cancellation and panic alike. Dropping only sends; facts of the reply, rules,
//! diagnosis and masking run on the writer's own thread. The order of the queue is the order of learning.
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::egress::News;
use crate::record::{Record, Start, Word};
use crate::redact::Redactor;
use crate::redact::seal::Masked;
use draft::{ConnectionDraft, Draft, Event, RequestPart, StartLine, TunnelDraft};
use queue::{Permit, Sender, Urgency};

pub mod draft;
mod once;
mod outbound;
mod queue;
mod seal;
mod view;
mod writer;

pub use queue::Bell;
pub use seal::findings;
pub use writer::{Writer, WriterHandle};

/// Where sealed records go.
pub trait Sink: Send {
    /// Takes a record, and the same as its JSON line (no line end). May keep it in memory until [`Sink::flush`].
    fn write(&mut self, record: &Arc<Record<Masked>>, line: &[u8]) -> io::Result<()>;

    /// Hands all that was taken to the kernel; called once after each batch of records.
    fn flush(&mut self) -> io::Result<()>;

    /// Whether what it misses is not recorded, as with the log; the others show what is in the log.
    fn is_the_record(&self) -> bool {
        false
    }

    /// Records that were taken and could not be kept, since the start.
    fn lost(&self) -> u64 {
        0
    }

    /// Opens its file anew, where it has one.
    fn reopen(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The wire's end of the journal.
#[derive(Clone)]
pub struct Journal {
    events: Arc<Sender>,
    shared: Arc<Shared>,
}

/// What the wire and the writer count together.
#[derive(Default)]
struct Shared {
    last_id: AtomicU64,
    not_recorded: AtomicU64,
    late_lines: AtomicU64,
    denied: AtomicU64,
}

impl Shared {
    fn lose_one(&self) {
        self.not_recorded.fetch_add(1, Ordering::Relaxed);
    }
}

impl Journal {
    /// The number of the next exchange, tunnel or connection.
    fn next_id(&self) -> u64 {
        self.shared.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Admits an exchange: two places are reserved, one for its `request` line, one for its record. Back-pressure is
    /// felt here, for at most 2 s, and nowhere else; then the exchange passes unrecorded, and is counted.
    pub async fn admit(&self, part: Arc<RequestPart>) -> Ticket {
        let places = timeout(PATIENCE, self.events.reserve())
            .await
            .ok()
            .flatten();
        let (notice, record) = places.map(|[notice, record]| (notice, record)).unzip();
        let id = self.next_id();
        Ticket {
            id,
            draft: Some(Box::new(Draft::new(part))),
            notice,
            record,
            shared: Some(self.shared.clone()),
        }
    }

    /// Reserves a place for a tunnel or a connection; the same patience as [`Journal::admit`].
    pub async fn place(&self) -> Place {
        let permit = self.permit().await;
        Place {
            id: self.next_id(),
            permit,
            is_used: false,
            shared: self.shared.clone(),
        }
    }

    /// Writes the `start` line; when this returns, it is in the kernel.
    pub async fn start(&self, line: impl FnOnce(&mut Redactor) -> Start<Masked> + Send + 'static) {
        let Some(place) = self.permit().await else {
            return;
        };
        let (written, is_written) = oneshot::channel();
        place.send(
            Event::Start(StartLine(Box::new(line)), written),
            Urgency::Now,
        );
        let _ = is_written.await;
    }

    /// A look at the journal's counts. It does not keep the writer from ending.
    pub fn gauge(&self) -> Gauge {
        Gauge {
            events: Arc::downgrade(&self.events),
            shared: self.shared.clone(),
        }
    }

    /// Writes an `egress` line.
    pub async fn egress(&self, news: News) {
        if let Some(place) = self.permit().await {
            place.send(Event::Egress(Box::new(news)), Urgency::Now);
        }
    }

    /// Has the log opened anew, as after a rotation by somebody else.
    pub async fn reopen(&self) {
        if let Some(place) = self.permit().await {
            place.send(Event::Reopen, Urgency::Now);
        }
    }

    /// Writes the `stop` line. What is dropped later is still recorded, before the writer ends.
    pub async fn stop(&self, undo: Vec<Word>) {
        if let Some(place) = self.permit().await {
            place.send(Event::Stop { undo }, Urgency::Soon);
        }
    }

    async fn permit(&self) -> Option<Permit> {
        let reserved = timeout(PATIENCE, self.events.reserve())
            .await
            .ok()
            .flatten();
        reserved.map(|[permit]| permit)
    }
}

/// A look at the journal's counts.
#[derive(Clone)]
pub struct Gauge {
    events: Weak<Sender>,
    shared: Arc<Shared>,
}

/// The journal's counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Places in the queue.
    pub places: usize,
    /// Places that are reserved or taken.
    pub taken: usize,
    /// Exchanges, tunnels and connections that passed without a record.
    pub not_recorded: u64,
    /// Requests that were answered before their `request` line was written.
    pub late_lines: u64,
}

impl Gauge {
    /// The counts now.
    pub fn read(&self) -> Reading {
        let free = self.events.upgrade().map(|events| events.free());
        Reading {
            places: PLACES,
            taken: free.map_or(0, |free| PLACES.saturating_sub(free)),
            not_recorded: self.shared.not_recorded.load(Ordering::Relaxed),
            late_lines: self.shared.late_lines.load(Ordering::Relaxed),
        }
    }
}

/// An admitted exchange. Its record is sent when it is dropped.
pub struct Ticket {
    id: u64,
    draft: Option<Box<Draft>>,
    notice: Option<Permit>,
    record: Option<Permit>,
    /// `None`: on purpose without a record.
    shared: Option<Arc<Shared>>,
}

impl Ticket {
    /// An exchange that is not recorded on purpose: it is not looked into. Not counted as lost either.
    pub fn aside(part: Arc<RequestPart>) -> Self {
        let draft = Some(Box::new(Draft::new(part)));
        Self {
            id: 0,
            draft,
            notice: None,
            record: None,
            shared: None,
        }
    }

    /// The exchange's number.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// What is gathered of it.
    ///
    /// # Panics
    /// Never: the draft is there until the ticket is dropped.
    pub fn draft(&mut self) -> &mut Draft {
        match &mut self.draft {
            Some(draft) => draft,
            None => unreachable!("the draft is taken by Drop only"),
        }
    }

    /// Puts the `request` line in its place, ahead of the request itself. The writer is woken when the request is on its
    /// way, by [`Announced::bell`], so that the request does not wait for that.
    pub fn announce(&mut self) -> Announced {
        let part = self.draft().request.clone();
        let (written, bell) = (self.notice.take())
            .map(|place| {
                let (sender, receiver) = oneshot::channel();
                let bell = place.leave(Event::Request {
                    id: self.id,
                    part,
                    written: sender,
                });
                (receiver, bell)
            })
            .unzip();
        Announced {
            written,
            bell,
            shared: self.shared.clone(),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(mut draft) = self.draft.take() else {
            return;
        };
        let Some(place) = self.record.take() else {
            if let Some(shared) = &self.shared {
                shared.lose_one();
            }
            return;
        };
        draft.finish();
        place.send(Event::Exchange { id: self.id, draft }, Urgency::Soon);
    }
}

/// A `request` line on its way to the log.
pub struct Announced {
    written: Option<oneshot::Receiver<()>>,
    bell: Option<Bell>,
    shared: Option<Arc<Shared>>,
}

impl Announced {
    /// Wakes the writer for it: the request has to wait anyway.
    pub fn ring(&mut self) {
        self.bell = None;
    }

    /// What wakes the writer for it, unless that has been done.
    pub const fn bell(&mut self) -> Option<Bell> {
        self.bell.take()
    }

    /// Waits until the line is in the kernel, so that an answered request never lacks it; for at most 250 ms, then
    /// the reply goes on and the late line is counted.
    pub async fn written(&mut self) {
        let Some(written) = self.written.take() else {
            return;
        };
        self.ring();
        if timeout(LATEST_LINE, written).await.is_err()
            && let Some(shared) = &self.shared
        {
            shared.late_lines.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A place for the record of a tunnel or a connection.
pub struct Place {
    id: u64,
    permit: Option<Permit>,
    is_used: bool,
    shared: Arc<Shared>,
}

impl Place {
    /// Records a tunnel.
    pub fn tunnel(self, draft: TunnelDraft) {
        let id = self.id;
        self.send(Event::Tunnel {
            id,
            draft: Box::new(draft),
        });
    }

    /// Records a connection that never became a request.
    pub fn connection(self, draft: ConnectionDraft) {
        let id = self.id;
        self.send(Event::Connection {
            id,
            draft: Box::new(draft),
        });
    }

    fn send(mut self, event: Event) {
        if let Some(place) = self.permit.take() {
            place.send(event, Urgency::Soon);
            self.is_used = true;
        }
    }
}

impl Drop for Place {
    /// What was broken off before it could say how it ended is counted, too.
    fn drop(&mut self) {
        if !self.is_used {
            self.shared.lose_one();
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(2);
const LATEST_LINE: Duration = Duration::from_millis(250);
/// Events in flight or queued: two for each of 1,024 exchanges.
const PLACES: usize = 2 * 1024;
