//! The outbound address: what echo services saw of it over the route that calls take, and what the API itself named.
//!
//! The prober writes an [`Outlook`], the journal reads it; neither waits for the other, and no request waits for
//! either. An address is always told with who saw it and when: another route, such as another destination behind a
//! provider's NAT, may have another one.
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::clock::Time;
use crate::config::{Config, Family, Network, UpstreamProxy};
use crate::facts;

mod beside;
mod echo;
mod probe;
mod round;
mod watch;

pub(crate) use beside::is_of_this_machine;
pub use echo::named_in;
pub use probe::{Connection, Dial, Dialing, NoWay, Over, Resolving, Stream};
pub use round::{Found, Prober, Unanswered};
pub use watch::Watch;

/// What is known of the way out; shared by the prober, which writes it, and the journal, which reads it.
pub struct Outlook {
    whitelist: Vec<Network>,
    /// Whether echo services are asked through another proxy.
    behind_proxy: bool,
    /// Whether the user chose the family or the address.
    family_is_set: bool,
    state: Mutex<State>,
    /// Rings when the prober should look what is to be asked.
    bell: Notify,
}

/// What all probes so far have found. Replaced as a whole, so that a record never mixes two of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// What was seen over IPv4.
    pub v4: Option<Sighting>,
    /// What was seen over IPv6.
    pub v6: Option<Sighting>,
    /// The addresses of the user's website.
    pub site: Vec<IpAddr>,
}

/// An address, and who saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The address that most services saw.
    pub address: IpAddr,
    /// Our own address at that time.
    pub local: Option<IpAddr>,
    /// Further addresses of this machine that a client could have bound.
    pub beside: Vec<IpAddr>,
    /// The hosts of the services that saw it.
    pub by: Vec<String>,
    /// Other addresses that were seen meanwhile.
    pub others: Vec<IpAddr>,
    /// When.
    pub at: Time,
}

/// Why services were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// nicetap began.
    Start,
    /// A call was refused.
    Refusal,
    /// Our own address changed.
    LocalAddress,
    /// Time has passed, and calls still do.
    Interval,
}

impl Why {
    /// As it stands in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Refusal => "refusal",
            Self::LocalAddress => "local-address",
            Self::Interval => "interval",
        }
    }
}

/// What a round of questions brought that was not known before.
#[derive(Clone, Debug)]
pub struct News {
    /// What is known now.
    pub now: Arc<Snapshot>,
    /// What was known before; `None` the first time.
    pub before: Option<Arc<Snapshot>>,
    /// Why the services were asked.
    pub why: Why,
    /// The questions that found no answer.
    pub unanswered: Vec<Unanswered>,
}

/// What the journal tells of an exchange that is over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passed {
    /// Our own address on its upstream connection.
    pub local: Option<IpAddr>,
    /// Whether the API refused it.
    pub is_refused: bool,
    /// The address that the API named in its reply.
    pub named: Option<IpAddr>,
}

/// What is known of the way of one exchange.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// The address that the API named; it outranks every probe.
    pub named: Option<(IpAddr, Time)>,
    /// What was seen over this way's family; `None` also if it was seen from another address of this machine.
    pub own: Option<Sighting>,
    /// What was seen over the other family.
    pub other: Option<Sighting>,
    /// The addresses of the user's website.
    pub site: Vec<IpAddr>,
    /// Whether another proxy stands between.
    pub through_proxy: bool,
}

#[derive(Default)]
struct State {
    snapshot: Arc<Snapshot>,
    has_asked: bool,
    /// What the API named, over IPv4 and over IPv6, with our own address at that time.
    named: [Option<Named>; 2],
    /// Our own addresses of the last exchange over each family.
    local: [Option<IpAddr>; 2],
    due: Option<Why>,
    has_traffic: bool,
}

#[derive(Clone, Copy)]
struct Named {
    address: IpAddr,
    local: Option<IpAddr>,
    at: Time,
}

impl State {
    fn named(&self, through_proxy: bool, is_v6: bool) -> Option<Named> {
        if through_proxy {
            let both = self.named.iter().flatten();
            return both.max_by_key(|named| named.at).copied();
        }
        self.named[usize::from(is_v6)]
    }
}

impl Outlook {
    /// Nothing is known yet.
    pub fn new(config: &Config) -> Self {
        Self {
            whitelist: config.whitelist.clone(),
            behind_proxy: is_behind_proxy(config),
            family_is_set: config.source_ip.is_some() || config.family != Family::Any,
            state: Mutex::default(),
            bell: Notify::new(),
        }
    }

    /// Of nothing, for where nobody asks.
    pub fn blind() -> Self {
        Self {
            whitelist: Vec::new(),
            behind_proxy: false,
            family_is_set: false,
            state: Mutex::default(),
            bell: Notify::new(),
        }
    }

    /// What the user entered at NiceNIC.
    pub fn whitelist(&self) -> &[Network] {
        &self.whitelist
    }

    /// What is known now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.lock(|state| state.snapshot.clone())
    }

    /// What is known of a way from this address of ours, and whether through another proxy. `None`: no connection was
    /// made, or it ended inside nicetap.
    pub fn route(&self, local: Option<SocketAddr>, through_proxy: bool) -> Route {
        if through_proxy != self.behind_proxy && local.is_some() {
            // Nobody was asked over this way.
            return Route {
                through_proxy,
                site: self.snapshot().site.clone(),
                ..Route::default()
            };
        }
        let local = local.map(|local| local.ip().to_canonical());
        let over_v6 = local.is_some_and(|local| local.is_ipv6());
        self.lock(|state| {
            let snapshot = &state.snapshot;
            // Another proxy takes the family that it likes.
            let is_v6 = if through_proxy {
                snapshot.v4.is_none()
            } else {
                over_v6
            };
            let (own, other) = if is_v6 {
                (&snapshot.v6, &snapshot.v4)
            } else {
                (&snapshot.v4, &snapshot.v6)
            };
            let is_same =
                |before: Option<IpAddr>| local.is_none() || before.is_none() || before == local;
            Route {
                through_proxy,
                named: state
                    .named(through_proxy, is_v6)
                    .filter(|named| is_same(named.local))
                    .map(|named| (named.address, named.at)),
                own: own.clone().filter(|seen| is_same(seen.local)),
                other: other.clone(),
                site: snapshot.site.clone(),
            }
        })
    }

    /// Takes note of an exchange that is over: its reply may name the address, or give a reason to ask again.
    pub fn note(&self, passed: Passed) {
        let is_due = self.lock(|state| {
            state.has_traffic = true;
            let local = passed.local.map(|local| local.to_canonical());
            let family = usize::from(local.or(passed.named).is_some_and(|ip| ip.is_ipv6()));
            if let Some(address) = passed.named {
                state.named[usize::from(address.is_ipv6())] = Some(Named {
                    address,
                    local,
                    at: Time::now(),
                });
            }
            let before = local.and_then(|local| state.local[family].replace(local));
            if before.is_some_and(|before| Some(before) != local) {
                state.due = Some(Why::LocalAddress);
            } else if passed.is_refused && state.due.is_none() {
                state.due = Some(Why::Refusal);
            }
            state.due.is_some()
        });
        if is_due {
            self.bell.notify_one();
        }
    }

    /// Takes in what a round found; `None` if it is nothing new.
    fn learn(&self, found: round::Found, why: Why) -> Option<News> {
        let round::Found {
            mut snapshot,
            unanswered,
        } = found;
        self.lock(|state| {
            let before = state.snapshot.clone();
            // A service that fails for a moment takes nothing away: the older sighting keeps its time.
            let (old_v4, old_v6) = (before.v4.clone(), before.v6.clone());
            let is_news = differs(old_v4.as_ref(), snapshot.v4.as_ref())
                || differs(old_v6.as_ref(), snapshot.v6.as_ref());
            for (family, new) in [&snapshot.v4, &snapshot.v6].into_iter().enumerate() {
                let old = if family == 0 { &old_v4 } else { &old_v6 };
                let has_moved =
                    matches!((old, new), (Some(old), Some(new)) if old.address != new.address);
                if has_moved {
                    // What the API named was the address before this change.
                    state.named[family] = None;
                }
            }
            snapshot.v4 = snapshot.v4.or(old_v4);
            snapshot.v6 = snapshot.v6.or(old_v6);
            if snapshot.site.is_empty() {
                snapshot.site.clone_from(&before.site);
            }
            state.snapshot = Arc::new(snapshot);
            let is_first = !std::mem::replace(&mut state.has_asked, true);
            (is_first || is_news).then(|| News {
                now: state.snapshot.clone(),
                before: (!is_first).then_some(before),
                why,
                unanswered,
            })
        })
    }

    fn lock<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether the addresses differ; a family without an answer says nothing.
fn differs(before: Option<&Sighting>, now: Option<&Sighting>) -> bool {
    let addresses = |seen: &Sighting| (seen.address, seen.others.clone());
    now.is_some_and(|now| before.map(addresses) != Some(addresses(now)))
}

/// The facts that rules look at.
pub fn facts(
    outlook: &Outlook,
    route: &Route,
    local: Option<SocketAddr>,
    is_refused: bool,
) -> facts::Egress {
    let mut seen: Vec<IpAddr> = Vec::new();
    let named = route.named.iter().map(|(address, _)| *address);
    // Over which of its families another proxy went out is not known.
    let other = route.other.iter();
    let own = route
        .own
        .iter()
        .chain(other.filter(|_| route.through_proxy));
    let own = own.flat_map(|own| std::iter::once(own.address).chain(own.others.iter().copied()));
    for address in named.chain(own) {
        if !seen.contains(&address) {
            seen.push(address);
        }
    }
    let local = local.map(|local| local.ip().to_canonical());
    facts::Egress {
        local,
        over_v6: local
            .filter(|_| !route.through_proxy)
            .map(|local| local.is_ipv6()),
        other_family: route.other.as_ref().map(|other| other.address),
        beside: (route.own.iter().filter(|_| !route.through_proxy))
            .flat_map(|own| own.beside.iter().copied())
            .collect(),
        family_is_set: outlook.family_is_set,
        is_refused,
        seen,
        named_by_api: route.named.is_some(),
        listed: outlook.whitelist.clone(),
        site: route.site.clone(),
        last_good: None,
        behind_proxy: route.through_proxy,
    }
}

/// The proxy that calls to the API go through, if they do; echo services are asked over the same route.
pub fn proxy(config: &Config) -> Option<&UpstreamProxy> {
    let api = &config.base_url;
    config.upstream_proxy.proxy_for(api.https, &api.host)
}

/// Whether calls to the API go through another proxy.
pub fn is_behind_proxy(config: &Config) -> bool {
    proxy(config).is_some()
}

/// The ways that calls can take.
pub fn ways(config: &Config) -> &'static [Over] {
    if is_behind_proxy(config) {
        return &[Over::Proxy];
    }
    let over_v6 = match (config.source_ip, config.family) {
        (Some(ip), _) => Some(ip.is_ipv6()),
        (None, Family::V4) => Some(false),
        (None, Family::V6) => Some(true),
        (None, Family::Any) => None,
    };
    match over_v6 {
        None => &[Over::V4, Over::V6],
        Some(false) => &[Over::V4],
        Some(true) => &[Over::V6],
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;
    use crate::config::Upstream;
    use crate::config::value::Value;

    fn outlook() -> Outlook {
        Outlook::new(&Config::at("/h".as_ref()))
    }

    fn sighting(address: &str, local: &str) -> Sighting {
        Sighting {
            address: address.parse().unwrap(),
            local: Some(local.parse().unwrap()),
            beside: Vec::new(),
            by: vec!["a.example".to_owned()],
            others: Vec::new(),
            at: Time::now(),
        }
    }

    fn found(v4: impl Into<Option<Sighting>>) -> Found {
        Found {
            snapshot: Snapshot {
                v4: v4.into(),
                ..Snapshot::default()
            },
            unanswered: Vec::new(),
        }
    }

    fn local(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().unwrap(), 1)
    }

    fn own(outlook: &Outlook, from: &str) -> Option<String> {
        let route = outlook.route(Some(local(from)), false);
        route.own.map(|seen| seen.address.to_string())
    }

    #[test]
    fn the_first_round_and_every_change_is_news() {
        let outlook = outlook();
        let first = outlook.learn(found(None), Why::Start).unwrap();
        assert!(first.before.is_none() && first.now.v4.is_none());
        assert!(outlook.learn(found(None), Why::Interval).is_none());
        let seen = sighting("203.0.113.9", "10.0.0.5");
        assert!(outlook.learn(found(seen.clone()), Why::Interval).is_some());
        assert!(outlook.learn(found(seen), Why::Interval).is_none());
        assert!(
            outlook.learn(found(None), Why::Interval).is_none(),
            "a failure is no news"
        );
        let moved = sighting("198.51.100.1", "10.0.0.5");
        let news = outlook.learn(found(moved), Why::Refusal).unwrap();
        let before = news.before.unwrap().v4.clone().unwrap().address;
        assert_eq!(before.to_string(), "203.0.113.9");
    }

    #[test]
    fn what_was_seen_from_another_local_address_is_not_claimed() {
        let outlook = outlook();
        outlook.learn(found(sighting("203.0.113.9", "10.0.0.5")), Why::Start);
        assert_eq!(own(&outlook, "10.0.0.5").as_deref(), Some("203.0.113.9"));
        assert_eq!(own(&outlook, "10.0.0.6"), None);
        assert_eq!(own(&outlook, "2001:db8::1"), None);
    }

    #[test]
    fn what_was_seen_through_a_proxy_is_claimed_for_calls_through_it_only() {
        let proxy = Value::<UpstreamProxy>::from_str("http://p.example:3128").unwrap();
        let outlook = Outlook::new(&Config {
            upstream_proxy: Upstream::all_through(Some(proxy.0)),
            ..Config::at("/h".as_ref())
        });
        let v6 = Some(sighting("2001:db8::80", "10.0.0.5"));
        let mut round = found(sighting("203.0.113.80", "10.0.0.5"));
        round.snapshot.v6 = v6;
        outlook.learn(round, Why::Start);
        let from = Some(local("10.0.0.5"));
        let direct = outlook.route(from, false);
        assert!(direct.own.is_none() && direct.other.is_none());
        let through = outlook.route(from, true);
        let facts = facts(&outlook, &through, from, true);
        // Which of its families it took is not known.
        assert_eq!((facts.seen.len(), facts.over_v6), (2, None));
        assert!(facts.behind_proxy);
    }

    #[test]
    fn what_the_api_names_outranks_a_probe_until_the_address_moves() {
        let outlook = outlook();
        outlook.learn(found(sighting("203.0.113.9", "10.0.0.5")), Why::Start);
        outlook.note(Passed {
            local: Some("10.0.0.5".parse().unwrap()),
            is_refused: true,
            named: Some("198.51.100.7".parse().unwrap()),
        });
        let route = outlook.route(Some(local("10.0.0.5")), false);
        let facts = facts(&outlook, &route, Some(local("10.0.0.5")), true);
        let seen: Vec<String> = facts.seen.iter().map(ToString::to_string).collect();
        assert_eq!(seen, ["198.51.100.7", "203.0.113.9"]);
        assert!(facts.named_by_api);
        outlook.learn(found(sighting("203.0.113.10", "10.0.0.5")), Why::Refusal);
        assert!(
            outlook
                .route(Some(local("10.0.0.5")), false)
                .named
                .is_none()
        );
    }

    #[test]
    fn a_refusal_and_a_new_local_address_are_reasons_to_ask() {
        let outlook = outlook();
        let passed = |local: &str, is_refused| Passed {
            local: Some(local.parse().unwrap()),
            is_refused,
            named: None,
        };
        outlook.note(passed("10.0.0.5", false));
        assert_eq!(outlook.lock(|state| state.due.take()), None);
        outlook.note(passed("10.0.0.5", true));
        assert_eq!(outlook.lock(|state| state.due.take()), Some(Why::Refusal));
        outlook.note(passed("2001:db8::1", false));
        assert_eq!(outlook.lock(|state| state.due.take()), None);
        outlook.note(passed("10.0.0.6", false));
        assert_eq!(
            outlook.lock(|state| state.due.take()),
            Some(Why::LocalAddress)
        );
    }
}
