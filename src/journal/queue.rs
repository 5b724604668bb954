//! The queue between the wire and the writer: bounded by places that are reserved beforehand, so that putting an event
//! in never waits and never fails.
//!
//! What somebody waits for (a `request` line) wakes the writer at once. Under load the rest lets itself be gathered for a
//! few milliseconds, since each wake costs more than the work; without, it is dealt with while nobody waits for anything.
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::draft::Event;

/// The wire's end; the queue closes when the last clone of its `Arc` is dropped.
pub(super) struct Sender {
    queue: Arc<Queue>,
    places: Arc<Semaphore>,
}

/// The writer's end.
pub(super) struct Receiver {
    queue: Arc<Queue>,
    last_event: Instant,
    /// Whether events come so fast that they are gathered.
    gathers: bool,
}

/// A reserved place for one event.
pub(super) struct Permit {
    sender: Arc<Sender>,
    place: OwnedSemaphorePermit,
}

/// A queue for so many events.
pub(super) fn queue(places: usize) -> (Arc<Sender>, Receiver) {
    let queue = Arc::new(Queue::default());
    let sender = Sender {
        queue: queue.clone(),
        places: Arc::new(Semaphore::new(places)),
    };
    (
        Arc::new(sender),
        Receiver {
            queue,
            last_event: Instant::now(),
            gathers: false,
        },
    )
}

impl Sender {
    /// Reserves places for `N` events; waits while there are too few.
    pub(super) async fn reserve<const N: usize>(self: &Arc<Self>) -> Option<[Permit; N]> {
        let count = u32::try_from(N).ok()?;
        let mut places = self.places.clone().acquire_many_owned(count).await.ok()?;
        let mut permits = Vec::with_capacity(N);
        for _ in 1..N {
            permits.push(Permit {
                sender: self.clone(),
                place: places.split(1)?,
            });
        }
        permits.push(Permit {
            sender: self.clone(),
            place: places,
        });
        permits.try_into().ok()
    }
}

impl Sender {
    /// Places that are free now.
    pub(super) fn free(&self) -> usize {
        self.places.available_permits()
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.bell.notify_one();
    }
}

impl Permit {
    /// Puts the event in its place.
    pub(super) fn send(self, event: Event, urgency: Urgency) {
        let Self { sender, place } = self;
        let state = sender.queue.put((event, place), urgency);
        sender.queue.wake(state, urgency);
    }

    /// Puts an urgent event in its place, and leaves to the caller when the writer is woken.
    pub(super) fn leave(self, event: Event) -> Bell {
        let Self { sender, place } = self;
        drop(sender.queue.put((event, place), Urgency::Now));
        Bell {
            queue: sender.queue.clone(),
            is_rung: AtomicBool::new(false),
        }
    }
}

/// Wakes the writer for an event that is in its place already; when it is dropped, at the latest.
pub struct Bell {
    queue: Arc<Queue>,
    is_rung: AtomicBool,
}

impl Bell {
    /// Wakes the writer, if that has not been done yet.
    pub fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::Relaxed) {
            self.queue.wake(self.queue.lock(), Urgency::Now);
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.ring();
    }
}

/// Whether somebody waits for an event to be dealt with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    Now,
    Soon,
}

impl Receiver {
    /// Moves all events into `batch`, as soon as one is urgent or the others have waited long enough. False when the
    /// queue is closed and empty. The places are free again at once.
    pub(super) fn receive(&mut self, batch: &mut Vec<Event>) -> bool {
        let mut state = self.queue.lock();
        while !state.is_urgent && !state.is_closed {
            if !self.gathers && !state.events.is_empty() {
                break;
            }
            let is_quiet = state.events.is_empty() && self.last_event.elapsed() > AWAKE;
            if is_quiet || !self.gathers {
                state.sleep = Sleep::Deep;
                state = self
                    .queue
                    .bell
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                self.last_event = Instant::now();
                continue;
            }
            state.sleep = Sleep::Dozing;
            let (woken, doze) = self
                .queue
                .bell
                .wait_timeout(state, DOZE)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if doze.timed_out() && !state.events.is_empty() {
                break;
            }
        }
        state.sleep = Sleep::Awake;
        state.is_urgent = false;
        let is_over = state.events.is_empty() && state.is_closed;
        if !state.events.is_empty() {
            self.last_event = Instant::now();
        }
        self.gathers = state.events.len() > FEW;
        batch.extend(state.events.drain(..).map(|(event, _place)| event));
        !is_over
    }
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    bell: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, event: (Event, OwnedSemaphorePermit), urgency: Urgency) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.events.push_back(event);
        state.is_urgent |= urgency == Urgency::Now;
        state
    }

    /// Wakes the writer, if it sleeps and an event of this urgency is worth it.
    fn wake(&self, mut state: MutexGuard<'_, State>, urgency: Urgency) {
        let rings = match state.sleep {
            Sleep::Awake => false,
            Sleep::Dozing => urgency == Urgency::Now,
            Sleep::Deep => true,
        };
        if rings {
            state.sleep = Sleep::Awake;
            drop(state);
            self.bell.notify_one();
        }
    }
}

#[derive(Default)]
struct State {
    events: VecDeque<(Event, OwnedSemaphorePermit)>,
    is_urgent: bool,
    is_closed: bool,
    sleep: Sleep,
}

/// What the writer is doing.
#[derive(Default, PartialEq, Eq)]
enum Sleep {
    #[default]
    Awake,
    /// It looks again within [`DOZE`].
    Dozing,
    /// It looks again when somebody rings.
    Deep,
}

/// So many events at once are no reason to gather them.
const FEW: usize = 2;
/// How long events that nobody waits for are gathered.
const DOZE: Duration = Duration::from_millis(5);
/// How long after the last event the writer still looks by itself.
const AWAKE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[tokio::test]
    async fn an_urgent_event_is_received_with_all_before_it() {
        let (sender, mut receiver) = queue(8);
        let [first, second] = sender.reserve().await.unwrap();
        first.send(Event::Reopen, Urgency::Soon);
        second.send(Event::Reopen, Urgency::Now);
        let mut batch = Vec::new();
        assert!(receiver.receive(&mut batch));
        assert_eq!(batch.len(), 2);
    }

    #[tokio::test]
    async fn an_event_that_nobody_waits_for_is_received_all_the_same() {
        let (sender, mut receiver) = queue(8);
        let reader = thread::spawn(move || {
            let mut batch = Vec::new();
            (receiver.receive(&mut batch), batch.len())
        });
        let [permit] = sender.reserve().await.unwrap();
        permit.send(Event::Reopen, Urgency::Soon);
        assert_eq!(reader.join().unwrap(), (true, 1));
    }

    #[tokio::test]
    async fn the_writer_is_woken_for_what_was_left_when_the_bell_rings_or_goes() {
        for rings in [true, false] {
            let (sender, mut receiver) = queue(8);
            let reader = thread::spawn(move || {
                let mut batch = Vec::new();
                (receiver.receive(&mut batch), batch.len())
            });
            let [permit] = sender.reserve().await.unwrap();
            let bell = permit.leave(Event::Reopen);
            if rings {
                bell.ring();
            } else {
                drop(bell);
            }
            assert_eq!(reader.join().unwrap(), (true, 1));
        }
    }

    #[tokio::test]
    async fn many_events_at_once_are_a_reason_to_gather_the_next_ones() {
        let (sender, mut receiver) = queue(8);
        for (events, gathers) in [(FEW + 1, true), (FEW, false)] {
            for _ in 0..events {
                let [permit] = sender.reserve().await.unwrap();
                permit.send(Event::Reopen, Urgency::Now);
            }
            assert!(receiver.receive(&mut Vec::new()));
            assert_eq!(receiver.gathers, gathers);
        }
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_its_event_was_received() {
        let (sender, mut receiver) = queue(1);
        let [permit] = sender.reserve().await.unwrap();
        let waiting = tokio::spawn({
            let sender = sender.clone();
            async move { sender.reserve::<1>().await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        permit.send(Event::Reopen, Urgency::Now);
        assert!(receiver.receive(&mut Vec::new()));
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn a_permit_keeps_the_queue_open_until_its_event_is_in() {
        let (sender, mut receiver) = queue(2);
        let [permit] = sender.reserve().await.unwrap();
        drop(sender);
        permit.send(Event::Reopen, Urgency::Soon);
        let mut batch = Vec::new();
        assert!(receiver.receive(&mut batch));
        assert_eq!(batch.len(), 1);
        assert!(!receiver.receive(&mut batch));
    }
}
