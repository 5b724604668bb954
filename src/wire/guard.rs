//! The guard: paid calls to production, and paid calls that come twice, are flagged or held.
//!
//! Under `warn` nothing waits for it. Under `block` a body is read before the first byte goes on, where the head does
//! not tell; it stays in the read buffer, so that what is forwarded afterwards is what came. A held request never gets
//! an upstream connection.
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::capture::{End, Prefix};
use crate::catalogue::Catalogue;
use crate::config::{self, Config, Expect};
use crate::diagnose;
use crate::facts::{self, BodyInput, Cost, Environment, Safety, Watch};
use crate::http1::{BodyScan, DefectKind, Framing};
use crate::journal::draft::{ClientEnd, Draft, RequestPart};
use crate::journal::{Announced, Ticket};
use crate::record::Verdict;
use crate::stumble;

use super::exchange::body_idle;
use super::front::Front;
use super::origin::Failure;
use super::page::Page;
use super::sending::{CLOSED_MIDWAY, SILENT_MIDWAY};

/// The guard of a run.
pub(super) struct Guard {
    mode: config::Guard,
    window: Option<Duration>,
    expected: Option<Environment>,
    /// The paid actions of the last while, by action, host and domain.
    recent: Mutex<Recent>,
}

/// What the guard says of a request.
pub(super) enum Ruling {
    /// It may go on.
    Pass,
    /// It is answered here.
    Held(Page),
    /// The client left before its body was read.
    Gone(Failure),
}

/// A request that the guard watches, until it is known what became of it. Dropped without [`Attempt::settle`], as when
/// nicetap is stopped in the middle, it counts: nobody knows.
pub(super) struct Attempt {
    guard: Arc<Guard>,
    /// Its entry among the recent ones.
    entry: Option<Entry>,
}

struct Entry {
    id: u64,
    keys: Vec<u64>,
}

#[derive(Default)]
struct Recent {
    by_key: HashMap<u64, Vec<(u64, Instant)>>,
    last_id: u64,
    hasher: RandomState,
}

impl Guard {
    pub(super) fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            mode: config.guard,
            window: config.repeat_window,
            expected: config.expect.map(|expect| match expect {
                Expect::Sandbox => Environment::Sandbox,
                Expect::Production => Environment::Production,
            }),
            recent: Mutex::default(),
        })
    }

    /// Takes a request under watch, as far as its head tells; says in its facts what is known around it.
    pub(super) fn watch(self: &Arc<Self>, facts: &mut facts::Request) -> Attempt {
        let entry = self.look(facts);
        Attempt {
            guard: self.clone(),
            entry,
        }
    }

    fn look(&self, facts: &mut facts::Request) -> Option<Entry> {
        facts.safety = Safety {
            watch: match self.mode {
                config::Guard::Off => Watch::Off,
                config::Guard::Warn => Watch::Paid,
                config::Guard::Block => Watch::PaidOrUnknown,
            },
            expected: self.expected,
            repeated: None,
        };
        let window = self.window.filter(|_| facts.cost() == Cost::Paid)?;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let (entry, repeated) = recent.enter(facts, window, Instant::now());
        facts.safety.repeated = repeated;
        entry
    }

    /// Why a request of these facts is held, if it is.
    fn objection(&self, facts: &facts::Request) -> Option<Page> {
        if self.mode != config::Guard::Block {
            return None;
        }
        if let Some(ago) = facts.safety.repeated {
            return Some(Page::repeated(ago));
        }
        let is_production = facts.target.environment == Environment::Production;
        match facts.cost() {
            Cost::Paid if is_production => Some(Page::paid()),
            Cost::Unknown if is_production => Some(Page::cost_unknown()),
            _ => None,
        }
    }
}

impl Recent {
    /// Checks and enters in one go. Once it is full, an attempt is checked and not entered.
    fn enter(
        &mut self,
        facts: &facts::Request,
        window: Duration,
        now: Instant,
    ) -> (Option<Entry>, Option<Duration>) {
        let keys = self.keys(facts);
        let is_live = |(_, at): &(u64, Instant)| now.duration_since(*at) < window;
        let last = keys
            .iter()
            .filter_map(|key| self.by_key.get(key))
            .flatten()
            .filter(|attempt| is_live(attempt))
            .map(|(_, at)| now.duration_since(*at))
            .min();
        if self.by_key.len() + keys.len() > MOST_KEYS {
            self.by_key.retain(|_, attempts| {
                attempts.retain(is_live);
                !attempts.is_empty()
            });
        }
        if keys.is_empty() || self.by_key.len() + keys.len() > MOST_KEYS {
            return (None, last);
        }
        self.last_id += 1;
        for key in &keys {
            let attempts = self.by_key.entry(*key).or_default();
            attempts.retain(is_live);
            if attempts.len() >= MOST_ATTEMPTS {
                attempts.remove(0);
            }
            attempts.push((self.last_id, now));
        }
        let id = self.last_id;
        (Some(Entry { id, keys }), last)
    }

    fn leave(&mut self, entry: &Entry) {
        for key in &entry.keys {
            if let Some(attempts) = self.by_key.get_mut(key) {
                attempts.retain(|(id, _)| *id != entry.id);
                if attempts.is_empty() {
                    self.by_key.remove(key);
                }
            }
        }
    }

    /// One for each action that the request may ask for, and each domain.
    fn keys(&self, facts: &facts::Request) -> Vec<u64> {
        let host = facts.target.authority.to_string();
        let actions = facts.params.iter().filter(|param| param.is("action"));
        let mut keys: Vec<u64> = actions
            .take(MOST_ACTIONS)
            .map(|action| action.value.expose().trim().to_lowercase())
            .flat_map(|action| {
                let key = |domain: &str| {
                    let domain = domain.trim_end_matches('.').to_lowercase();
                    self.hasher.hash_one((&host, &action, domain))
                };
                let domains = facts.call.domains.iter();
                domains
                    .map(|domain| key(domain.expose()))
                    .collect::<Vec<_>>()
            })
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

impl Attempt {
    /// Says what became of the request. An attempt that never left, or that was refused, does not count.
    pub(super) fn settle(mut self, draft: &mut Draft) {
        self.look_late(draft);
        let Some(entry) = self.entry.take() else {
            return;
        };
        // If nicetap stumbles over the reply, nobody knows.
        if !stumble::caught(|| may_have_been_carried_out(draft)).unwrap_or(true) {
            let recent = &self.guard.recent;
            let mut recent = recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.leave(&entry);
        }
    }

    /// A body that was not read first has been copied while it passed.
    fn look_late(&mut self, draft: &mut Draft) {
        let was_pending = draft.request.facts.cost() == Cost::Pending && self.entry.is_none();
        if !was_pending || !draft.has_left {
            return;
        }
        if let Some(copy) = &draft.request_body {
            let mut whole = with_body(&draft.request, copy);
            self.entry = self.guard.look(&mut whole);
            draft.safety = whole.safety;
        }
    }
}

impl Front {
    /// The guard's word on a request that nothing else speaks against.
    pub(super) async fn ruling(
        &mut self,
        ticket: &mut Ticket,
        announced: &mut Announced,
        part: &RequestPart,
        attempt: &mut Attempt,
    ) -> Ruling {
        let guard = attempt.guard.clone();
        if let Some(page) = guard.objection(&part.facts) {
            return Ruling::Held(page);
        }
        let must_read = guard.mode == config::Guard::Block
            && part.facts.cost() == Cost::Pending
            && attempt.entry.is_none();
        if !must_read {
            return Ruling::Pass;
        }
        announced.ring();
        let copy = match self.read_first(ticket, part).await {
            Ok(copy) => copy,
            Err(Unread::Unsound(kind)) => return Ruling::Held(Page::unsound_body(kind, None)),
            Err(Unread::Gone(failure)) => return Ruling::Gone(failure),
        };
        let mut whole = with_body(part, &copy);
        attempt.entry = guard.look(&mut whole);
        let draft = ticket.draft();
        draft.safety = whole.safety;
        draft.request_body = Some(copy);
        match guard.objection(&whole) {
            Some(page) => Ruling::Held(page),
            None => Ruling::Pass,
        }
    }

    /// Copies the body without taking it out of the read buffer. What is longer than the limit is cut: then nobody
    /// knows what the call costs.
    async fn read_first(
        &mut self,
        ticket: &mut Ticket,
        part: &RequestPart,
    ) -> Result<Prefix, Unread> {
        let limit = self.shared.body_limit;
        let framing = part.head.framing();
        let mut copy = Prefix::new(limit, self.shared.budget.clone());
        if matches!(framing, Framing::Length(length) if length > limit as u64) {
            return Ok(copy);
        }
        if part.head.expects_continue() {
            ticket
                .draft()
                .fidelity
                .push("100 Continue sent by nicetap: --guard block reads the body first".into());
            let told = self.leg.writer.send(b"HTTP/1.1 100 Continue\r\n\r\n").await;
            told.map_err(|_| left("the client left before it sent its body"))?;
        }
        let mut scan = BodyScan::strict(framing);
        let mut at = 0;
        loop {
            let unseen = self.leg.reader.buffered().get(at..).unwrap_or_default();
            at += scan
                .scan(unseen, |payload| copy.push(payload))
                .map_err(Unread::Unsound)?;
            if scan.is_done() {
                copy.end = End::Complete;
                return Ok(copy);
            }
            if copy.is_truncated() || at > limit.saturating_mul(MOST_FRAMING) {
                return Ok(copy);
            }
            match timeout(body_idle(), self.leg.reader.fill()).await {
                Ok(Ok(count)) if count > 0 => {}
                Ok(_) => return Err(left(CLOSED_MIDWAY)),
                Err(_) => {
                    let failure = Failure::of_client(ClientEnd::Silent, SILENT_MIDWAY);
                    return Err(Unread::Gone(failure));
                }
            }
        }
    }
}

/// Why a body was not read.
enum Unread {
    Unsound(DefectKind),
    Gone(Failure),
}

fn left(reason: &'static str) -> Unread {
    Unread::Gone(Failure::of_client(ClientEnd::Left, reason))
}

/// The facts of a request with as much of its body as was copied. A compressed one is not looked into: its cost stays
/// unknown, and so does that of one over which nicetap stumbles.
fn with_body(part: &RequestPart, copy: &Prefix) -> facts::Request {
    let seen = BodyInput::Seen {
        prefix: copy.bytes(),
        whole: !copy.is_truncated() && copy.end == End::Complete,
    };
    stumble::caught(|| part.facts_with(seen)).unwrap_or_else(|| part.facts_unread())
}

/// Whether the origin may have done what was asked: it ended in success, pending or unknown.
fn may_have_been_carried_out(draft: &Draft) -> bool {
    if !draft.has_left {
        return false;
    }
    let reply = draft.reply.as_ref();
    let reply = reply.map(|reply| reply.facts(&draft.request.facts));
    let failed = draft.failure.as_ref().map(|broken| broken.stage);
    match diagnose::verdict(draft.answer.by, failed, reply.as_ref()) {
        Verdict::Refused => false,
        // A refusal that the documentation does not know could be anything.
        Verdict::Rejected => match reply.and_then(|reply| reply.envelope) {
            Some(envelope) => !is_known_refusal(&envelope),
            None => false,
        },
        _ => true,
    }
}

fn is_known_refusal(envelope: &facts::Envelope) -> bool {
    let catalogue = Catalogue::current();
    let is_listed = catalogue
        .codes
        .iter()
        .any(|code| code.code == envelope.code);
    is_listed
        || catalogue
            .meaning(envelope.code, envelope.msg.expose())
            .is_some()
}

/// Enough for hundreds of paid calls a second.
const MOST_KEYS: usize = 16 * 1024;
const MOST_ACTIONS: usize = 8;
const MOST_ATTEMPTS: usize = 8;
/// How many bytes on the wire a payload byte may take: chunks of one byte take six.
const MOST_FRAMING: usize = 8;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::facts::{Arrival, Authority, Scheme, Target, Via};
    use crate::http1::{Limits, RequestHead};

    fn renewal(domain: &str) -> facts::Request {
        let head = format!(
            "GET /v2/?category=domain&action=renew&domain={domain} HTTP/1.1\r\nHost: a\r\n\r\n"
        );
        let head = RequestHead::parse(Bytes::from(head), &Limits::default());
        let head = head.ok().unwrap();
        let authority = Authority::parse(b"api.nicenic.net", Some(443)).unwrap();
        let target = Target::new(authority, true, Some(Scheme::Https), Via::Connect);
        let arrival = Arrival {
            target: &target,
            head: &head,
            path_and_query: head.target(),
            sni: None,
            time: None,
        };
        facts::Request::derive(&arrival, BodyInput::None)
    }

    #[test]
    fn the_window_ends_and_what_leaves_is_forgotten() {
        let mut recent = Recent::default();
        let began = Instant::now();
        let window = Duration::from_mins(1);
        let mut enter = |domain: &str, seconds| {
            let now = began + Duration::from_secs(seconds);
            recent.enter(&renewal(domain), window, now)
        };
        assert_eq!(enter("a.com,b.com", 0).1, None);
        assert_eq!(enter("c.com", 1).1, None);
        let (second, ago) = enter("B.com.", 10);
        assert_eq!(ago, Some(Duration::from_secs(10)));
        assert_eq!(enter("b.com", 65).1, Some(Duration::from_secs(55)));
        assert_eq!(enter("a.com", 65).1, None);
        let second = second.unwrap();
        recent.leave(&second);
        let live = recent.by_key[&second.keys[0]].iter();
        assert!(live.clone().all(|(id, _)| *id != second.id));
        assert_eq!(live.count(), 1);
    }

    #[test]
    fn memory_is_bounded_and_frees_itself_when_the_window_is_over() {
        let mut recent = Recent::default();
        let began = Instant::now();
        let window = Duration::from_mins(1);
        let mut number = 0;
        let mut enter_all = |recent: &mut Recent, count, now| {
            for _ in 0..count {
                let domains: Vec<_> = (0..100)
                    .map(|index| format!("{number}-{index}.com"))
                    .collect();
                number += 1;
                recent.enter(&renewal(&domains.join(",")), window, now);
            }
        };
        enter_all(&mut recent, 200, began);
        assert!(recent.by_key.len() <= MOST_KEYS && recent.by_key.len() > MOST_KEYS - 200);
        enter_all(&mut recent, 1, began + window);
        assert_eq!(recent.by_key.len(), 100);
    }
}
