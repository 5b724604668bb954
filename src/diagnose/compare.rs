//! What differs between two calls.
use std::fmt;
use std::net::IpAddr;

use crate::record::AddressFamily;

use super::memory::{Memory, Sketch};

/// One thing that differs between two calls. Its texts are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is: `secret`, `header content-type`.
    pub what: String,
    /// What it is now; `None`: it is not there.
    pub now: Option<String>,
    /// What it was then; `None`: it was not there.
    pub then: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = &self.what;
        match (&self.now, &self.then) {
            (Some(now), Some(then)) => write!(f, "{what}: {now}, not {then}"),
            (_, None) => write!(f, "{what}: only now"),
            (None, _) => write!(f, "{what}: only then"),
        }
    }
}

/// The call of this run that worked and is nearest to this one, with what differs; `None`: none worked.
pub fn nearest(now: &Sketch, memory: &Memory) -> Option<(u64, Vec<Difference>)> {
    let good = memory
        .newest_first()
        .filter(|call| call.is_good() && !call.is_earlier);
    // `min_by_key` keeps the first of equals, which is the newest.
    let nearest = good.min_by_key(|call| distance(now, call))?;
    Some((nearest.id, differences(now, nearest)))
}

/// How far apart two calls are: the fewer differences that matter, the nearer.
fn distance(now: &Sketch, then: &Sketch) -> u32 {
    let differ = |is_same: bool, weight: u32| if is_same { 0 } else { weight };
    differ(now.environment == then.environment, 8)
        + differ(now.credential == then.credential, 4)
        + differ(now.has_action_of(then), 4)
        + differ(now.place() == then.place(), 2)
        + differ(now.outbound == then.outbound, 2)
        + differ(now.method == then.method, 1)
        + differ(now.process == then.process, 1)
}

/// What is different now from what it was then, most telling first.
pub fn differences(now: &Sketch, then: &Sketch) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut differ = |what: &str, now: &str, then: &str| {
        if now != then {
            all.push(Difference {
                what: what.to_owned(),
                now: Some(now.to_owned()),
                then: Some(then.to_owned()),
            });
        }
    };
    let (user, secret) = credential(now);
    let (old_user, old_secret) = credential(then);
    differ("user name", user, old_user);
    differ("secret", secret, old_secret);
    differ("place", now.place(), then.place());
    let both = |now: Option<IpAddr>, then: Option<IpAddr>| {
        now.zip(then)
            .map(|(now, then)| (now.to_string(), then.to_string()))
    };
    // What is not known of one of them is no difference.
    if let Some((now, then)) = both(now.outbound, then.outbound) {
        differ("outbound IP", &now, &then);
    }
    if let Some((now, then)) = both(now.local, then.local) {
        differ("local address", &now, &then);
    }
    if let Some((now, then)) = now.family.zip(then.family) {
        differ("family", family(now), family(then));
    }
    differ("method", &now.method, &then.method);
    differ("action", &now.action(), &then.action());
    let params = |call: &Sketch| call.params().collect::<Vec<_>>().join(" ");
    differ("parameters", &params(now), &params(then));
    if let Some((now, then)) = now.process.as_deref().zip(then.process.as_deref()) {
        differ("sent by", now, then);
    }
    differ("version", &now.http, &then.http);
    let body = |call: &Sketch| format!("{} bytes", call.body);
    differ("body", &body(now), &body(then));
    headers(now, then, &mut all);
    all
}

fn headers(now: &Sketch, then: &Sketch, all: &mut Vec<Difference>) {
    let names = |call: &Sketch| -> Vec<String> {
        let names = call.headers.iter();
        names.map(|(name, _)| name.to_ascii_lowercase()).collect()
    };
    let value = |call: &Sketch, name: &str| {
        let mut found = call.headers.iter();
        let found = found.find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_string())
    };
    let (new, old) = (names(now), names(then));
    for name in &new {
        if !old.contains(name) {
            all.push(Difference {
                what: format!("header {name}"),
                now: value(now, name),
                then: None,
            });
        }
    }
    for name in &old {
        if !new.contains(name) {
            all.push(Difference {
                what: format!("header {name}"),
                now: None,
                then: value(then, name),
            });
        }
    }
    let is_same_login = now.credential == then.credential;
    let tells = |name: &&String| {
        TELLING.contains(&name.as_str()) || (is_same_login && *name == "authorization")
    };
    for name in new.iter().filter(tells) {
        if let (Some(one), Some(two)) = (value(now, name), value(then, name))
            && one != two
        {
            all.push(Difference {
                what: format!("header {name}"),
                now: Some(one),
                then: Some(two),
            });
        }
    }
    let mut sorted = (new.clone(), old.clone());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    if sorted.0 == sorted.1 && new != old {
        all.push(Difference {
            what: "order of headers".to_owned(),
            now: Some(new.join(" ")),
            then: Some(old.join(" ")),
        });
    }
}

fn credential(call: &Sketch) -> (&str, &str) {
    let sent = call.credential.as_ref();
    sent.map_or(("none", "none"), |(user, secret)| (user, secret))
}

const fn family(family: AddressFamily) -> &'static str {
    match family {
        AddressFamily::V4 => "IPv4",
        AddressFamily::V6 => "IPv6",
    }
}

/// Headers of which the value tells something. Authorization does too, where not the credential itself differs.
const TELLING: [&str; 4] = ["content-type", "accept", "user-agent", "host"];
