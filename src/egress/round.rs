//! A round of questions: every service, over each family, on fresh connections; then what most of them saw.
use std::net::IpAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::clock::Time;
use crate::config::{Config, EchoUrl};

use super::beside::{beside, interfaces};
use super::probe::{self, Dial, Over, Seen};
use super::{Sighting, Snapshot, ways};

/// Asks the services.
pub struct Prober {
    dial: Option<Arc<dyn Dial>>,
    services: Vec<EchoUrl>,
    ways: &'static [Over],
    site: Option<String>,
}

/// What a round found.
#[derive(Debug)]
pub struct Found {
    /// What was seen.
    pub snapshot: Snapshot,
    /// The questions that found no answer.
    pub unanswered: Vec<Unanswered>,
}

/// A question that found no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The service's host.
    pub by: String,
    /// The way.
    pub over: Over,
    /// Why.
    pub reason: String,
}

type Answer = (usize, Over, Result<Seen, String>);

impl Prober {
    /// Asks the services of these settings over this way out.
    pub fn new(config: &Config, dial: Arc<dyn Dial>) -> Self {
        Self {
            dial: Some(dial),
            services: config.egress_probe.clone(),
            ways: ways(config),
            site: config.site.clone(),
        }
    }

    #[cfg(test)]
    pub(super) const fn idle() -> Self {
        Self {
            dial: None,
            services: Vec::new(),
            ways: &[],
            site: None,
        }
    }

    /// Whether there is a service to ask.
    pub(super) const fn asks_somebody(&self) -> bool {
        !self.services.is_empty()
    }

    /// Asks all services at once, `samples` times each, one after the other: a NAT may take another address for each
    /// connection.
    pub async fn ask(&self, samples: usize) -> Found {
        let mut found = Found {
            snapshot: Snapshot::default(),
            unanswered: Vec::new(),
        };
        let Some(dial) = &self.dial else {
            return found;
        };
        let mut asking = JoinSet::new();
        for over in self.ways.iter().copied() {
            for (index, url) in self.services.iter().cloned().enumerate() {
                let dial = dial.clone();
                asking.spawn(async move {
                    let mut answers: Vec<Answer> = Vec::new();
                    for _ in 0..samples {
                        let answer = probe::ask(&*dial, &url, over).await;
                        let has_failed = answer.is_err();
                        answers.push((index, over, answer));
                        if has_failed {
                            break;
                        }
                    }
                    answers
                });
            }
        }
        let site = async {
            match &self.site {
                Some(site) => dial.resolve(site).await,
                None => Vec::new(),
            }
        };
        let mut answers = Vec::new();
        let all = async {
            while let Some(done) = asking.join_next().await {
                answers.extend(done.into_iter().flatten());
            }
        };
        ((), found.snapshot.site) = tokio::join!(all, site);
        // What came first depends on the network; what is told must not.
        answers.sort_by_key(|(index, over, _)| (*over, *index));
        self.tell(&mut found, answers);
        found
    }

    fn tell(&self, found: &mut Found, answers: Vec<Answer>) {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (index, over, answer) in answers {
            let host = self.services[index].host.clone();
            match answer {
                Ok(seen) if seen.address.is_ipv4() => v4.push((host, seen)),
                Ok(seen) => v6.push((host, seen)),
                Err(reason) => found.unanswered.push(Unanswered {
                    by: host,
                    over,
                    reason,
                }),
            }
        }
        let interfaces = interfaces();
        for (seen, most) in [(v4, &mut found.snapshot.v4), (v6, &mut found.snapshot.v6)] {
            *most = most_seen(&seen);
            if let Some(most) = most
                && let Some(local) = most.local
            {
                most.beside = beside(local, &interfaces);
            }
        }
    }
}

/// The address that was seen most often; of equals the first.
fn most_seen(seen: &[(String, Seen)]) -> Option<Sighting> {
    let mut tally: Vec<(IpAddr, usize)> = Vec::new();
    for (_, one) in seen {
        match tally
            .iter_mut()
            .find(|(address, _)| *address == one.address)
        {
            Some((_, times)) => *times += 1,
            None => tally.push((one.address, 1)),
        }
    }
    let most = tally.iter().map(|(_, times)| *times).max()?;
    let (address, _) = *tally.iter().find(|(_, times)| *times == most)?;
    let mut by: Vec<String> = Vec::new();
    let mut local = None;
    for (host, one) in seen.iter().filter(|(_, one)| one.address == address) {
        local = local.or(one.local.map(|local| local.to_canonical()));
        if !by.contains(host) {
            by.push(host.clone());
        }
    }
    let others = tally.iter().map(|(other, _)| *other);
    Some(Sighting {
        address,
        local,
        beside: Vec::new(),
        by,
        others: others.filter(|other| *other != address).collect(),
        at: Time::now(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_most_saw_is_first_and_a_pool_is_told() {
        let seen = |by: &str, address: &str| {
            let address = address.parse().unwrap();
            (
                by.to_owned(),
                Seen {
                    address,
                    local: None,
                },
            )
        };
        let told = most_seen(&[
            seen("a", "203.0.113.1"),
            seen("b", "203.0.113.2"),
            seen("c", "203.0.113.2"),
            seen("b", "203.0.113.2"),
        ])
        .unwrap();
        assert_eq!(told.address.to_string(), "203.0.113.2");
        assert_eq!(told.by, ["b", "c"]);
        assert_eq!(told.others.len(), 1);
        let tie = most_seen(&[seen("a", "203.0.113.1"), seen("b", "203.0.113.2")]).unwrap();
        assert_eq!(tie.address.to_string(), "203.0.113.1");
        assert!(most_seen(&[]).is_none());
    }
}
