//! What earlier exchanges of this run say of a request. Bounded, in memory only, and without any credential or name in
//! it: all that is kept are hashes under a key that lives as long as the run.
use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash as _, Hasher};

use crate::catalogue::Risk;
use crate::clock::Time;

use super::{Environment, Request};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The API did it.
    Succeeded,
    /// The API accepted it, and has not finished.
    Pending,
    /// The API said no, or it never got there.
    Failed,
    /// Nobody can say: there was no reply, or none that could be read.
    Unknown,
}

/// The same call, earlier in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// Seconds between the two.
    pub seconds: u64,
    /// How the earlier one ended.
    pub ended: Attempt,
}

/// What is known from before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The last attempt at the same paid call.
    pub repeat: Option<Repeat>,
    /// Whether this credential went to the API's other environment before, and is not known to be of this one alone.
    pub other_environment: bool,
}

/// The memory of a run.
#[derive(Default)]
pub struct Session {
    keys: RandomState,
    calls: VecDeque<Call>,
    credentials: VecDeque<Seen>,
}

struct Call {
    hash: u64,
    time: Time,
    ended: Attempt,
}

struct Seen {
    hash: u64,
    environment: Environment,
    is_accepted: bool,
}

impl Session {
    /// What is known of this request from before; then remembers it.
    ///
    /// `time`: when the request arrived.
    pub fn observe(&mut self, request: &Request, time: Time, ended: Attempt) -> Past {
        Past {
            repeat: self.observe_call(request, time, ended),
            other_environment: self.observe_credential(request, ended),
        }
    }

    fn observe_call(&mut self, request: &Request, time: Time, ended: Attempt) -> Option<Repeat> {
        // Of an action that the catalogue does not list nobody knows whether it costs anything.
        if request.call.risk != Risk::Spend || !request.is_for_api() {
            return None;
        }
        let hash = self.hash_of_call(request);
        let known = self.calls.iter().position(|call| call.hash == hash);
        let before = known.and_then(|index| self.calls.remove(index));
        keep(&mut self.calls, Call { hash, time, ended });
        let before = before?;
        let millis = (time.as_millis() - before.time.as_millis()).max(0);
        Some(Repeat {
            seconds: millis.unsigned_abs() / 1_000,
            ended: before.ended,
        })
    }

    /// The order of parameters and the case of domain names make no other call of it.
    fn hash_of_call(&self, request: &Request) -> u64 {
        let of_param = |name: &str, value: &str| {
            let mut hasher = self.keys.build_hasher();
            name.trim().to_ascii_lowercase().hash(&mut hasher);
            value.trim().to_ascii_lowercase().hash(&mut hasher);
            hasher.finish()
        };
        let params = request
            .params
            .iter()
            .map(|param| of_param(&param.name, param.value.expose()));
        let sum = params.fold(0_u64, u64::wrapping_add);
        let mut hasher = self.keys.build_hasher();
        request.target.authority.hash(&mut hasher);
        sum.hash(&mut hasher);
        hasher.finish()
    }

    fn observe_credential(&mut self, request: &Request, ended: Attempt) -> bool {
        let environment = request.target.environment;
        let Some(credential) = &request.credential else {
            return false;
        };
        if environment == Environment::Other || request.flaws.placeholder.is_some() {
            return false;
        }
        let mut hasher = self.keys.build_hasher();
        credential.username.expose().hash(&mut hasher);
        credential.secret.expose().hash(&mut hasher);
        let hash = hasher.finish();
        let (mut is_known, mut is_mine, mut elsewhere) = (false, false, None);
        for seen in self.credentials.iter_mut().filter(|seen| seen.hash == hash) {
            if seen.environment == environment {
                seen.is_accepted |= accepts(ended);
                (is_known, is_mine) = (true, seen.is_accepted);
            } else {
                elsewhere = Some(seen.is_accepted);
            }
        }
        if !is_known {
            is_mine = accepts(ended);
            let is_accepted = is_mine;
            let seen = Seen {
                hash,
                environment,
                is_accepted,
            };
            keep(&mut self.credentials, seen);
        }
        // Sent to the other system by mistake once, and refused there: it is this one's own all the same.
        elsewhere.is_some_and(|is_accepted| is_accepted || !is_mine)
    }
}

/// Whether the API took the credential.
const fn accepts(ended: Attempt) -> bool {
    matches!(ended, Attempt::Succeeded | Attempt::Pending)
}

fn keep<T>(list: &mut VecDeque<T>, entry: T) {
    if list.len() == MOST_KEPT {
        list.pop_front();
    }
    list.push_back(entry);
}

const MOST_KEPT: usize = 256;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::facts::{Arrival, Authority, BodyInput, Scheme, Target, Via};
    use crate::http1::{Limits, RequestHead};

    fn request(host: &str, query: &str) -> Request {
        let head = format!(
            "GET /v2/?{query} HTTP/1.1\r\nHost: {host}\r\nAuthorization: alice:s3cr3t-one\r\n\r\n"
        );
        let head = RequestHead::parse(Bytes::from(head), &Limits::default());
        let head = head.ok().unwrap();
        let authority = Authority::parse(host.as_bytes(), Some(443)).unwrap();
        let target = Target::new(authority, true, Some(Scheme::Https), Via::Connect);
        let arrival = Arrival {
            target: &target,
            head: &head,
            path_and_query: head.target(),
            sni: None,
            time: None,
        };
        Request::derive(&arrival, BodyInput::None)
    }

    const LIVE: &str = "api.nicenic.net";
    const SANDBOX: &str = "sandbox-api.nicenic.net";
    const RENEW: &str = "category=domain&action=renew&domain=a.com&year=1";

    #[test]
    fn the_same_paid_call_is_known_again() {
        let mut session = Session::default();
        let mut observe = |query: &str, seconds: i64, ended| {
            let time = Time::from_millis(seconds * 1_000);
            session.observe(&request(LIVE, query), time, ended).repeat
        };
        let repeat = |seconds: u64, ended| Some(Repeat { seconds, ended });
        assert_eq!(observe(RENEW, 10, Attempt::Unknown), None);
        let in_another_order = "action=renew&category=domain&year=1&domain=A.com";
        let second = observe(in_another_order, 15, Attempt::Pending);
        assert_eq!(second, repeat(5, Attempt::Unknown));
        let third = observe(RENEW, 16, Attempt::Succeeded);
        assert_eq!(third, repeat(1, Attempt::Pending));
        let other = RENEW.replace("a.com", "b.com");
        assert_eq!(observe(&other, 17, Attempt::Succeeded), None);
        let check = "category=domain&action=check&domains=a.com";
        assert_eq!(observe(check, 18, Attempt::Succeeded), None);
        assert_eq!(observe(check, 19, Attempt::Succeeded), None);
    }

    #[test]
    fn a_credential_on_both_systems_is_known() {
        let mut session = Session::default();
        let mut elsewhere = |host, ended| {
            let request = request(host, "category=domain&action=check&domains=a.com");
            let past = session.observe(&request, Time::from_millis(0), ended);
            past.other_environment
        };
        assert!(!elsewhere(LIVE, Attempt::Failed));
        assert!(!elsewhere(LIVE, Attempt::Failed));
        assert!(!elsewhere("www.example.com", Attempt::Failed));
        assert!(elsewhere(SANDBOX, Attempt::Failed));
        assert!(elsewhere(LIVE, Attempt::Failed));
        // Accepted by one of the two, it is that one's own.
        assert!(!elsewhere(LIVE, Attempt::Succeeded));
        assert!(!elsewhere(LIVE, Attempt::Failed));
        assert!(elsewhere(SANDBOX, Attempt::Failed));
        // Accepted by both, it is one for both.
        assert!(elsewhere(SANDBOX, Attempt::Succeeded));
        assert!(elsewhere(LIVE, Attempt::Succeeded));
    }

    #[test]
    fn memory_is_bounded() {
        let mut session = Session::default();
        for number in 0..MOST_KEPT + 10 {
            let query = RENEW.replace("a.com", &format!("a{number}.com"));
            session.observe(
                &request(LIVE, &query),
                Time::from_millis(0),
                Attempt::Succeeded,
            );
        }
        assert_eq!(session.calls.len(), MOST_KEPT);
    }
}
