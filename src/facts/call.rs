//! Which action of the API is called, and what it can do.
use crate::catalogue::{Catalogue, Risk};
use crate::redact::seal::Raw;

use super::params::Param;

/// Which action of the API is called.
pub struct Call {
    /// The first `category` parameter.
    pub category: Option<Raw<Box<str>>>,
    /// The first `action` parameter.
    pub action: Option<Raw<Box<str>>>,
    /// What the call can do, by the catalogue, as the riskiest reading has it.
    pub risk: Risk,
    /// The domain names it speaks of; at most 100.
    pub domains: Vec<Raw<Box<str>>>,
}

impl Call {
    /// A call of which nothing is known.
    pub(super) const fn unread() -> Self {
        Self {
            category: None,
            action: None,
            risk: Risk::Unknown,
            domains: Vec::new(),
        }
    }

    /// `is_opaque`: a body that may hold parameters could not be read, or not yet, or not to its end.
    pub(super) fn derive(params: &[Param], is_opaque: bool) -> Self {
        let first = |name| {
            let mut found = params.iter().filter(|param| param.is(name));
            found.next().map(|param| param.value.clone())
        };
        Self {
            category: first("category"),
            action: first("action"),
            risk: risk(params, is_opaque),
            domains: domains(params),
        }
    }
}

/// A server may take the first or the last of two parameters, and those of the query or of the body: every pair counts.
fn risk(params: &[Param], is_opaque: bool) -> Risk {
    let all = |name| {
        params
            .iter()
            .filter(move |param| param.is(name))
            .map(|param| &**param.value.expose())
    };
    let (categories, actions) = (all("category").count(), all("action").count());
    if categories == 0 || actions == 0 {
        return Risk::Unknown;
    }
    let is_crowded = categories > MOST_READINGS || actions > MOST_READINGS;
    let floor = if is_opaque || is_crowded {
        Risk::Unknown
    } else {
        Risk::Read
    };
    all("category")
        .take(MOST_READINGS)
        .flat_map(|category| {
            all("action")
                .take(MOST_READINGS)
                .map(move |action| risk_of(category, action))
        })
        .fold(floor, riskier)
}

/// A name in another case may or may not be the same to the API.
fn risk_of(category: &str, action: &str) -> Risk {
    let catalogue = Catalogue::current();
    if let Some(action) = catalogue.action(category, action) {
        return action.risk;
    }
    let is_same = |have: &str, sent: &str| have.eq_ignore_ascii_case(sent.trim());
    let mut alike = catalogue
        .actions
        .iter()
        .filter(|have| is_same(&have.category, category) && is_same(&have.action, action));
    alike
        .next()
        .map_or(Risk::Unknown, |have| riskier(have.risk, Risk::Unknown))
}

const fn riskier(one: Risk, other: Risk) -> Risk {
    const fn rank(risk: Risk) -> u8 {
        match risk {
            Risk::Read => 0,
            Risk::Change => 1,
            Risk::Unknown => 2,
            Risk::Spend => 3,
        }
    }
    if rank(one) >= rank(other) { one } else { other }
}

fn domains(params: &[Param]) -> Vec<Raw<Box<str>>> {
    params
        .iter()
        .filter(|param| param.is("domain") || param.is("domains"))
        .flat_map(|param| param.value.expose().split(','))
        .map(str::trim)
        .filter(|domain| !domain.is_empty())
        .take(MOST_DOMAINS)
        .map(|domain| Raw::new(domain.into()))
        .collect()
}

const MOST_READINGS: usize = 8;
const MOST_DOMAINS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Place;

    fn call(text: &str, is_opaque: bool) -> Call {
        let (mut params, mut secrets) = (vec![], vec![]);
        crate::facts::params::read(text.as_bytes(), Place::Query, &mut params, &mut secrets);
        Call::derive(&params, is_opaque)
    }

    #[test]
    fn the_riskiest_reading_counts() {
        for (text, want) in [
            ("category=domain&action=check", Risk::Read),
            ("category=domain&action=change_contact", Risk::Change),
            ("category=domain&action=register", Risk::Spend),
            ("category=domain&action=check&action=register", Risk::Spend),
            ("category=domain&action=register&action=check", Risk::Spend),
            (
                "category=domain&action=check&action=nonsense",
                Risk::Unknown,
            ),
            ("category=user&action=register", Risk::Unknown),
            ("category=domain&action=REGISTER", Risk::Spend),
            ("category=domain&action=CHECK", Risk::Unknown),
            ("category=domain", Risk::Unknown),
            ("action=check", Risk::Unknown),
            ("", Risk::Unknown),
        ] {
            assert_eq!(call(text, false).risk, want, "{text}");
        }
        let opaque = call("category=domain&action=check", true);
        assert_eq!(opaque.risk, Risk::Unknown);
        let crowd = "category=domain&".to_owned() + &"action=check&".repeat(20_000);
        assert_eq!(call(&crowd, false).risk, Risk::Unknown);
    }

    #[test]
    fn domains_are_listed() {
        let call = call("domains=a.com,+b.net,&domain=c.org", false);
        let domains: Vec<_> = call
            .domains
            .iter()
            .map(|domain| &**domain.expose())
            .collect();
        assert_eq!(domains, ["a.com", "b.net", "c.org"]);
    }
}
