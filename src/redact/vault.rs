//! The secrets that are known, and for how long.
//!
//! *Lasting* ones (credentials) stay until [`LASTING`] newer ones have come; *passing* ones (cookies, transfer
//! codes) for [`PASSING_TIME`], and at most [`PASSING`] of them. What the user *gave* stays for good.
use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::forms;
use super::needles::Needles;
use super::views::View;

/// All known secrets.
pub(super) struct Vault {
    needles: Needles,
    held: HashMap<u32, Holding>,
    by_value: HashMap<Value, u32>,
    lasting: BTreeMap<u64, u32>,
    passing: BTreeMap<u64, u32>,
    passing_bytes: usize,
    clock: u64,
    next: u32,
    evictions: u64,
}

/// How long a secret is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stay {
    Passing,
    Lasting,
    Pinned,
}

/// What stands in place of a secret, and the kind that it counts as.
#[derive(Clone)]
pub(super) struct Mark {
    pub(super) kind: &'static str,
    pub(super) text: Box<str>,
}

/// A part of a text where a known secret stands.
pub(super) struct Sighting {
    pub(super) range: Range<usize>,
    /// Its secret; `None` where nothing is known, because the search was given up.
    pub(super) owner: Option<u32>,
}

struct Holding {
    value: Value,
    open: usize,
    mark: Mark,
    stay: Stay,
    age: u64,
    learned: Instant,
}

#[derive(Clone, PartialEq, Eq)]
struct Value(Arc<Zeroizing<Vec<u8>>>);

impl Borrow<[u8]> for Value {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl Hash for Value {
    // As `Borrow` demands, like the hash of a slice.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

impl Vault {
    pub(super) fn new() -> Self {
        Self {
            needles: Needles::new(),
            held: HashMap::new(),
            by_value: HashMap::new(),
            lasting: BTreeMap::new(),
            passing: BTreeMap::new(),
            passing_bytes: 0,
            clock: 0,
            next: 0,
            evictions: 0,
        }
    }

    /// Learns a value, or hears of it again. `mark` is asked only if it is new.
    pub(super) fn learn(
        &mut self,
        value: &[u8],
        open: usize,
        stay: Stay,
        now: Instant,
        mark: impl FnOnce() -> Mark,
    ) {
        match self.by_value.get(value) {
            Some(&id) => self.touch(id, stay, now),
            None => self.insert(value, open, stay, now, mark()),
        }
        while self.lasting.len() > LASTING {
            self.forget_oldest(Stay::Lasting);
            self.evictions += 1;
        }
    }

    /// Forgets the passing secrets that are too old or too many. Not done while a record is being made: its own
    /// secrets may be more than fit.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some((_, id)) = self.passing.first_key_value() {
            let is_old = self
                .held
                .get(id)
                .is_none_or(|held| now.saturating_duration_since(held.learned) > PASSING_TIME);
            let is_full = self.passing.len() > PASSING || self.passing_bytes > PASSING_BYTES;
            if !is_old && !is_full {
                return;
            }
            self.forget_oldest(Stay::Passing);
            self.evictions += u64::from(!is_old);
        }
    }

    /// How many values were new so far.
    pub(super) const fn learned(&self) -> u32 {
        self.next
    }

    /// Whether the value is known, so that it need not be judged again. A credential is judged more mildly than a
    /// passing secret: that it was fit to be looked for as the one says nothing of the other.
    pub(super) fn knows(&self, value: &[u8], stay: Stay) -> bool {
        let held = self.by_value.get(value).and_then(|id| self.held.get(id));
        held.is_some_and(|held| held.stay == Stay::Passing || stay != Stay::Passing)
    }

    /// The mark of a known value.
    pub(super) fn mark_of(&self, value: &[u8]) -> Option<&Mark> {
        self.by_value.get(value).and_then(|id| self.mark(*id))
    }

    /// The mark of a sighting's secret.
    pub(super) fn mark(&self, id: u32) -> Option<&Mark> {
        self.held.get(&id).map(|held| &held.mark)
    }

    /// Secrets that were forgotten because there were too many, not because they were old.
    pub(super) const fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Finds all known secrets in a text and in its views.
    pub(super) fn search(&self, text: &[u8], views: &[View]) -> Vec<Sighting> {
        let mut seen = Vec::new();
        let given_up = self.needles.find(text, |hit| {
            seen.push(Sighting {
                range: hit.range,
                owner: Some(hit.owner),
            });
        });
        if let Some(at) = given_up {
            seen.push(Sighting {
                range: at..text.len(),
                owner: None,
            });
        }
        for view in views {
            let given_up = self.needles.find(&view.bytes, |hit| {
                seen.push(Sighting {
                    range: view.place(&hit.range),
                    owner: Some(hit.owner),
                });
            });
            if let Some(at) = given_up {
                seen.push(Sighting {
                    range: view.place(&(at..view.bytes.len())),
                    owner: None,
                });
            }
        }
        seen
    }

    /// Where the end of a cut text begins a known secret, in itself or in one of its views.
    pub(super) fn beginning(&self, text: &[u8], views: &[View]) -> Option<usize> {
        let in_views = views.iter().filter_map(|view| {
            let at = self.needles.beginning(&view.bytes)?;
            Some(view.place(&(at..at + 1)).start)
        });
        in_views.chain(self.needles.beginning(text)).min()
    }

    /// Whether nothing is known: then nothing need be searched.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// How much is reserved.
    #[cfg(test)]
    fn capacity(&self) -> usize {
        self.held.capacity() + self.by_value.capacity() + self.needles.capacity()
    }

    fn insert(&mut self, value: &[u8], open: usize, stay: Stay, now: Instant, mark: Mark) {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        for needle in forms::expand(value, open) {
            self.needles.insert(needle, id);
        }
        let value = Value(Arc::new(Zeroizing::new(value.to_vec())));
        self.by_value.insert(value.clone(), id);
        let age = self.tick();
        self.shelve(id, stay, age, value.0.len());
        self.held.insert(
            id,
            Holding {
                value,
                open,
                mark,
                stay,
                age,
                learned: now,
            },
        );
    }

    fn touch(&mut self, id: u32, stay: Stay, now: Instant) {
        let age = self.tick();
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let (old_age, stayed, length) = (held.age, held.stay, held.value.0.len());
        // A credential that comes again as a cookie is still a credential.
        let stay = stay.max(stayed);
        held.age = age;
        held.learned = now;
        held.stay = stay;
        self.unshelve(stayed, old_age, length);
        self.shelve(id, stay, age, length);
    }

    fn forget_oldest(&mut self, stay: Stay) {
        let shelf = match stay {
            Stay::Passing => &self.passing,
            Stay::Lasting => &self.lasting,
            Stay::Pinned => return,
        };
        let Some((&age, &id)) = shelf.first_key_value() else {
            return;
        };
        let Some(held) = self.held.remove(&id) else {
            return;
        };
        self.unshelve(stay, age, held.value.0.len());
        self.by_value.remove(&held.value);
        for needle in forms::expand(&held.value.0, held.open) {
            self.needles.remove(&needle, id);
        }
    }

    fn shelve(&mut self, id: u32, stay: Stay, age: u64, length: usize) {
        match stay {
            Stay::Passing => {
                self.passing.insert(age, id);
                self.passing_bytes += length;
            }
            Stay::Lasting => {
                self.lasting.insert(age, id);
            }
            Stay::Pinned => {}
        }
    }

    fn unshelve(&mut self, stay: Stay, age: u64, length: usize) {
        match stay {
            Stay::Passing => {
                self.passing.remove(&age);
                self.passing_bytes -= length;
            }
            Stay::Lasting => {
                self.lasting.remove(&age);
            }
            Stay::Pinned => {}
        }
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

/// Lasting secrets that are kept.
const LASTING: usize = 32;
/// Passing secrets that are kept.
const PASSING: usize = 256;
/// How long passing secrets are kept.
const PASSING_TIME: Duration = Duration::from_mins(15);
/// How many bytes all passing secrets may have together; their forms take about thirty times as much.
const PASSING_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(vault: &mut Vault, value: &str, is_lasting: bool, now: Instant) {
        let stay = if is_lasting {
            Stay::Lasting
        } else {
            Stay::Passing
        };
        vault.learn(value.as_bytes(), 0, stay, now, || Mark {
            kind: "cookie",
            text: "‹›".into(),
        });
    }

    fn knows(vault: &Vault, value: &str) -> bool {
        !vault.search(value.as_bytes(), &[]).is_empty()
    }

    #[test]
    fn a_secret_that_is_used_outlives_one_that_is_not() {
        let (mut vault, now) = (Vault::new(), Instant::now());
        learn(&mut vault, "the-first-one", true, now);
        learn(&mut vault, "the-second-one", true, now);
        for n in 0..LASTING - 1 {
            learn(&mut vault, &format!("secret-number-{n}"), true, now);
            learn(&mut vault, "the-first-one", true, now);
        }
        assert!(knows(&vault, "the-first-one"));
        assert!(!knows(&vault, "the-second-one"));
        assert_eq!((vault.held.len(), vault.evictions()), (LASTING, 1));
    }

    #[test]
    fn passing_secrets_go_by_time_and_by_number() {
        let (mut vault, now) = (Vault::new(), Instant::now());
        learn(&mut vault, "an-old-cookie", false, now);
        let later = now + Duration::from_mins(10);
        for n in 0..2 * PASSING {
            learn(&mut vault, &format!("cookie-number-{n:03}"), false, later);
        }
        assert!(knows(&vault, "an-old-cookie"), "not while a record is made");
        vault.expire(later);
        assert!(!knows(&vault, "an-old-cookie"));
        assert!(knows(&vault, "cookie-number-511"));
        assert_eq!(vault.held.len(), PASSING);
        vault.expire(later + Duration::from_secs(901));
        assert_eq!((vault.held.len(), vault.needles.len()), (0, 0));
        assert_eq!((vault.by_value.len(), vault.passing_bytes), (0, 0));
    }

    #[test]
    fn a_credential_that_comes_again_as_a_cookie_still_lasts() {
        let (mut vault, now) = (Vault::new(), Instant::now());
        learn(&mut vault, "my-credential", false, now);
        learn(&mut vault, "my-credential", true, now);
        learn(&mut vault, "my-credential", false, now);
        vault.expire(now + Duration::from_hours(24));
        assert!(knows(&vault, "my-credential"));
    }

    #[test]
    fn what_was_given_outlives_all_credentials() {
        let (mut vault, now) = (Vault::new(), Instant::now());
        let mark = || Mark {
            kind: "given",
            text: "‹›".into(),
        };
        vault.learn(b"given-by-the-user", 0, Stay::Pinned, now, mark);
        for n in 0..2 * LASTING {
            learn(&mut vault, &format!("secret-number-{n}"), true, now);
        }
        // It also arrives as a credential, and as a cookie.
        learn(&mut vault, "given-by-the-user", true, now);
        learn(&mut vault, "given-by-the-user", false, now);
        vault.expire(now + Duration::from_hours(24));
        assert!(knows(&vault, "given-by-the-user"));
        assert_eq!(vault.held.len(), LASTING + 1);
    }

    /// A million exchanges under `NICETAP_THOROUGH=1`.
    #[test]
    fn a_new_cookie_with_each_exchange_leaves_memory_flat() {
        let is_thorough = std::env::var_os("NICETAP_THOROUGH").is_some();
        let exchanges = if is_thorough { 1_000_000 } else { 3_000 };
        let (mut vault, now) = (Vault::new(), Instant::now());
        learn(&mut vault, "a-lasting-secret", true, now);
        let (mut most, mut reserved) = (0, 0);
        for n in 0..exchanges {
            learn(&mut vault, &format!("session={n:016x}"), false, now);
            vault.expire(now);
            most = most.max(vault.needles.len());
            reserved = reserved.max(vault.capacity());
        }
        assert_eq!(vault.held.len(), PASSING + 1);
        assert_eq!(vault.by_value.len(), PASSING + 1);
        assert_eq!(vault.evictions(), exchanges - PASSING as u64);
        assert!(most <= (PASSING + 2) * 40, "{most}");
        // What is reserved is bounded too: maps grow by doubling.
        assert!(reserved <= (PASSING + 2) * 40 * 2, "{reserved}");
    }
}
