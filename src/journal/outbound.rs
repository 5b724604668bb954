//! The outbound address in records: what was seen of it, by whom, and whether the user's list holds it.
use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::Time;
use crate::diagnose::Memory;
use crate::egress::{self, News, Outlook, Passed, Route, Sighting, Snapshot};
use crate::facts::{self, Session};
use crate::record::{
    self, AddressFamily, Addresses, AnswerBy, EgressNews, Event, Public, VERSION, Verdict,
    Whitelist,
};
use crate::redact::Redactor;
use crate::redact::seal::Masked;

use super::draft::{Draft, Way};

/// What the writer knows besides the exchange that it seals.
pub(super) struct Scene {
    pub(super) outlook: Arc<Outlook>,
    pub(super) memory: Memory,
    pub(super) session: Session,
}

/// The way out of one exchange, as far as it is known.
pub(super) struct Outbound {
    route: Route,
    way: Option<Way>,
    /// What rules look at; `None`: it went nowhere, or not to the API.
    pub(super) facts: Option<facts::Egress>,
}

impl Outbound {
    /// Takes note of what the reply names, and of a refusal, then looks at the way.
    pub(super) fn of(
        outlook: &Outlook,
        draft: &Draft,
        request: &facts::Request,
        reply: Option<&facts::Reply>,
        verdict: Verdict,
    ) -> Self {
        let is_for_api = request.is_for_api();
        let was_sent = draft.way.is_some() || draft.answer.by == AnswerBy::Mock;
        let local = draft.way.map(|way| way.local);
        let is_refused = is_for_api && matches!(verdict, Verdict::Refused | Verdict::Rejected);
        if was_sent && is_for_api {
            outlook.note(Passed {
                local: local.map(|local| local.ip()),
                is_refused,
                named: reply
                    .filter(|_| is_refused)
                    .and_then(|reply| named(request, reply)),
            });
        }
        let through_proxy = draft.way.is_some_and(|way| way.through_proxy);
        let route = outlook.route(local, through_proxy);
        let facts =
            (was_sent && is_for_api).then(|| egress::facts(outlook, &route, local, is_refused));
        Self {
            route,
            way: draft.way,
            facts,
        }
    }

    /// The part of the record.
    pub(super) fn seal(&self, redactor: &mut Redactor) -> record::Egress<Masked> {
        let mut text = |address: IpAddr| redactor.text(address.to_string().as_bytes());
        let mut whitelist = Whitelist {
            inside: Vec::new(),
            outside: Vec::new(),
        };
        for facts in self.facts.iter().filter(|facts| !facts.listed.is_empty()) {
            let (inside, outside) = facts.seen.iter().partition(|seen| facts.lists(**seen));
            let (inside, outside): (Vec<IpAddr>, Vec<IpAddr>) = (inside, outside);
            whitelist.inside = inside.into_iter().map(&mut text).collect();
            whitelist.outside = outside.into_iter().map(&mut text).collect();
        }
        record::Egress {
            local: self.way.map(|way| way.local),
            peer: self.way.map(|way| way.peer),
            family: self.way.map(|way| AddressFamily::of(&way.peer)),
            chosen_by: chosen_by(self.way),
            public: self.public(redactor),
            whitelisted: self.facts.as_ref().and_then(facts::Egress::is_whitelisted),
            whitelist,
        }
    }

    fn public(&self, redactor: &mut Redactor) -> Option<Public<Masked>> {
        let Route {
            named, own, other, ..
        } = &self.route;
        if let Some((address, at)) = named {
            let seen = own.iter().chain(other);
            let mut others: Vec<IpAddr> = seen
                .flat_map(|seen| std::iter::once(seen.address).chain(seen.others.iter().copied()))
                .filter(|other| other != address)
                .collect();
            others.dedup();
            return Some(Public {
                v4: Some(*address).filter(IpAddr::is_ipv4),
                v6: Some(*address).filter(IpAddr::is_ipv6),
                at: *at,
                seen_by: vec![Redactor::word(THE_API)],
                others,
            });
        }
        let mut public = public(redactor, [own.as_ref(), other.as_ref()])?;
        if let Some(own) = own {
            // Who saw the address of this call's own family, and when.
            public.at = own.at;
            public.others.clone_from(&own.others);
            let by = own.by.iter();
            public.seen_by = by.map(|host| redactor.text(host.as_bytes())).collect();
        }
        Some(public)
    }
}

/// The part of the record of an exchange of which nothing but its way is told.
pub(super) fn bare(way: Option<Way>) -> record::Egress<Masked> {
    record::Egress {
        local: way.map(|way| way.local),
        peer: way.map(|way| way.peer),
        family: way.map(|way| AddressFamily::of(&way.peer)),
        chosen_by: chosen_by(way),
        public: None,
        whitelisted: None,
        whitelist: Whitelist {
            inside: Vec::new(),
            outside: Vec::new(),
        },
    }
}

/// The `egress` line.
pub(super) fn news(redactor: &mut Redactor, news: &News) -> EgressNews<Masked> {
    redactor.begin();
    let addresses = |snapshot: &Arc<Snapshot>| Addresses {
        v4: snapshot.v4.as_ref().map(|seen| seen.address),
        v6: snapshot.v6.as_ref().map(|seen| seen.address),
    };
    EgressNews {
        v: VERSION,
        event: Event::Egress,
        time: Time::now(),
        public: public(redactor, [news.now.v4.as_ref(), news.now.v6.as_ref()]),
        changed_from: news.before.as_ref().map(addresses),
        why: news.why.word().into(),
        unanswered: news
            .unanswered
            .iter()
            .map(|one| {
                let over = one.over.words();
                redactor.text(format!("{} {over}: {}", one.by, one.reason).as_bytes())
            })
            .collect(),
    }
}

fn public(redactor: &mut Redactor, seen: [Option<&Sighting>; 2]) -> Option<Public<Masked>> {
    let seen: Vec<&Sighting> = seen.into_iter().flatten().collect();
    let of_family = |is_v6: bool| {
        let mut found = seen.iter().map(|seen| seen.address);
        found.find(|address| address.is_ipv6() == is_v6)
    };
    let mut by: Vec<&str> = Vec::new();
    for host in seen.iter().flat_map(|seen| &seen.by) {
        if !by.contains(&host.as_str()) {
            by.push(host);
        }
    }
    Some(Public {
        v4: of_family(false),
        v6: of_family(true),
        // The older of two: neither is claimed to be newer than it is.
        at: seen.iter().map(|seen| seen.at).min()?,
        seen_by: by
            .into_iter()
            .map(|host| redactor.text(host.as_bytes()))
            .collect(),
        others: seen.iter().flat_map(|seen| seen.others.clone()).collect(),
    })
}

/// The one address that the refusal's message names, unless the request itself had sent it.
fn named(request: &facts::Request, reply: &facts::Reply) -> Option<IpAddr> {
    let envelope = reply.envelope.as_ref()?;
    let address = egress::named_in(envelope.msg.expose())?;
    let was_sent = request
        .params
        .iter()
        .any(|param| param.value.expose().contains(&*address.to_string()));
    (!was_sent).then_some(address)
}

fn chosen_by(way: Option<Way>) -> record::Word {
    if way.is_some_and(|way| way.through_proxy) {
        "upstream-proxy".into()
    } else {
        "nicetap".into()
    }
}

const THE_API: &str = "the API's own reply";
