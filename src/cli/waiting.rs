//! Waits for the first call to the API, and says how far one has come if none comes.
//!
//! What it says holds nothing that came over the wire: only counts, and what this machine tells of its own processes.
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::{self, Sender};
use crate::config::{Config, Whose};
use crate::facts::{PRODUCTION, SANDBOX};
use crate::sink::escape;
use crate::wire::{Arrived, Control};

/// A process that talks to the API past nicetap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beside {
    /// Who.
    pub(super) sender: Sender,
    /// The API's name, as it was looked up.
    pub(super) host: &'static str,
    /// Its address.
    pub(super) address: SocketAddr,
}

/// Looks for such processes.
pub(super) struct PastUs {
    control: Control,
    addresses: Vec<(&'static str, SocketAddr)>,
    looked_up: Option<Instant>,
}

impl PastUs {
    /// Nothing is looked up yet.
    pub(super) const fn new(control: Control) -> Self {
        Self {
            control,
            addresses: Vec::new(),
            looked_up: None,
        }
    }

    /// Who talks to the API past nicetap right now.
    pub(super) async fn look(&mut self) -> Vec<Beside> {
        if self
            .looked_up
            .is_none_or(|at| at.elapsed() >= LOOK_UP_EVERY)
        {
            self.looked_up = Some(Instant::now());
            self.addresses.clear();
            for host in [PRODUCTION, SANDBOX] {
                let found = self.control.addresses_of(host).await;
                self.addresses
                    .extend(found.into_iter().map(|address| (host, address)));
            }
        }
        let targets: Vec<SocketAddr> = self.addresses.iter().map(|(_, address)| *address).collect();
        let looking = tokio::task::spawn_blocking(move || client::talking_to(&targets));
        let found = looking.await.unwrap_or_default();
        let name = |address| self.addresses.iter().find(|(_, have)| *have == address);
        let beside = found.into_iter().filter_map(|(sender, address)| {
            let (host, _) = name(address)?;
            Some(Beside {
                sender,
                host,
                address,
            })
        });
        beside.collect()
    }
}

/// What the one who waits works with.
pub(super) struct Waiting {
    /// Where the proxy listens.
    pub(super) listen: String,
    /// The root that clients must trust.
    pub(super) root: String,
    /// How long to wait before something is said.
    pub(super) patience: Duration,
    /// Whether a cron job's settings lead here, so that it should come.
    pub(super) expects_cron: bool,
}

impl Waiting {
    /// For a proxy that listens on these addresses. What a set-up leads here should come soon.
    pub(super) fn of(config: &Config, addrs: &[SocketAddr], root: &Path) -> Self {
        let set_up = || config.with.iter().map(|target| target.whose);
        Self {
            listen: addrs.first().map(ToString::to_string).unwrap_or_default(),
            root: root.display().to_string(),
            patience: if config.with.is_empty() {
                PATIENCE
            } else {
                PATIENCE_WITH
            },
            expects_cron: set_up().any(|whose| matches!(whose, Whose::Whmcs | Whose::Cron)),
        }
    }

    /// Returns when the first call has come. Until then it says what is known, each time that this has changed.
    pub(super) async fn for_a_call(
        &self,
        arrived: impl Fn() -> Arrived,
        mut beside: impl AsyncFnMut() -> Vec<Beside>,
        tell: impl Fn(String),
    ) {
        let began = Instant::now();
        let mut others: Vec<Beside> = Vec::new();
        let mut told = String::new();
        let mut due = self.patience;
        loop {
            sleep(LOOK_EVERY).await;
            let arrived = arrived();
            if arrived.calls > 0 {
                return;
            }
            for other in beside().await {
                let is_new = |have: &Beside| have.sender.process != other.sender.process;
                if others.len() < MOST_OTHERS && others.iter().all(is_new) {
                    others.push(other);
                }
            }
            if began.elapsed() < due {
                continue;
            }
            due = began.elapsed() + self.patience;
            let known = self.known(&arrived, &others);
            if known != told {
                tell(format!(
                    "no call to the API has come in {} s\n{known}",
                    began.elapsed().as_secs()
                ));
                told = known;
            }
        }
    }

    /// Says once if no cron job has come although two were due.
    pub(super) async fn for_cron(&self, arrived: impl Fn() -> Arrived, tell: impl Fn(String)) {
        if !self.expects_cron {
            return;
        }
        sleep(TWO_CRON_RUNS).await;
        if !arrived().by_cron {
            tell(format!(
                "no cron job has connected in {} min, and WHMCS's is due every 5\n\
                 cron         it may run elsewhere: on another machine, in a container, or as a PHP with settings of its own",
                TWO_CRON_RUNS.as_secs() / 60
            ));
        }
    }

    /// One line for each step that a call takes, as far as it is known.
    fn known(&self, arrived: &Arrived, others: &[Beside]) -> String {
        let mut lines = vec![self.reached(arrived)];
        if arrived.elsewhere > 0 {
            lines.push(format!(
                "other hosts  {} came through, so this client's proxy setting works; is the API's name in its no_proxy?",
                count(arrived.elsewhere, "request or tunnel", "requests or tunnels")
            ));
        }
        if arrived.distrusting > 0 {
            lines.push(format!(
                "trust        a client refused nicetap's certificate: let it trust {}",
                self.root
            ));
        }
        for other in others {
            lines.push(format!(
                "past us      {} talks to {} ({}) directly: it has no proxy setting, or its no_proxy names the API",
                who(&other.sender),
                other.host,
                other.address
            ));
        }
        lines.push(
            "WHMCS        opening the Domains tab of a client calls the module; a domain search may not".to_owned(),
        );
        lines.join("\n")
    }

    fn reached(&self, arrived: &Arrived) -> String {
        if arrived.connections == 0 {
            return format!(
                "reached      nobody has connected to {}: no client has this proxy in its settings",
                self.listen
            );
        }
        let last = arrived
            .last
            .as_ref()
            .map(|sender| format!(", last from {}", who(sender)));
        format!(
            "reached      {}{}",
            count(arrived.connections, "connection", "connections"),
            last.unwrap_or_default()
        )
    }
}

/// `php-fpm pool www (www-data, pid 812)`
fn who(sender: &Sender) -> String {
    let process = sender.process.as_deref().unwrap_or("a process");
    let user = sender.user.as_deref().map(str::to_owned);
    let user = user.or_else(|| sender.uid.map(|uid| format!("uid {uid}")));
    let pid = sender.pid.map(|pid| format!("pid {pid}"));
    let about: Vec<String> = [user, pid].into_iter().flatten().collect();
    let text = match about.join(", ") {
        about if about.is_empty() => process.to_owned(),
        about => format!("{process} ({about})"),
    };
    escape(&text).into_owned()
}

fn count(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How long nothing is said though no call to the API comes.
const PATIENCE: Duration = Duration::from_mins(1);
/// The same where nicetap has changed the client's settings itself.
const PATIENCE_WITH: Duration = Duration::from_secs(20);
/// Short calls are missed between two looks; a client that is refused comes again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// WHMCS wants its cron job every five minutes; one run may take its time.
const TWO_CRON_RUNS: Duration = Duration::from_mins(11);
/// Addresses of big sites move.
const LOOK_UP_EVERY: Duration = Duration::from_mins(1);
const MOST_OTHERS: usize = 4;

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    fn waiting() -> Waiting {
        Waiting {
            listen: "127.0.0.1:8899".to_owned(),
            root: "/srv/root.pem".to_owned(),
            patience: Duration::from_mins(1),
            expects_cron: true,
        }
    }

    fn fpm() -> Sender {
        Sender {
            uid: Some(33),
            user: Some("www-data".into()),
            pid: Some(812),
            process: Some("php-fpm pool www".into()),
            kind: None,
        }
    }

    fn past_us() -> Beside {
        Beside {
            sender: fpm(),
            host: "api.nicenic.net",
            address: ([203, 0, 113, 1], 443).into(),
        }
    }

    #[test]
    fn each_step_that_is_proven_has_its_line() {
        let nobody = waiting().known(&Arrived::default(), &[]);
        assert!(nobody.starts_with("reached      nobody has connected to 127.0.0.1:8899: "));
        let arrived = Arrived {
            connections: 3,
            elsewhere: 1,
            distrusting: 1,
            last: Some(fpm()),
            ..Arrived::default()
        };
        let text = waiting().known(&arrived, &[past_us()]);
        let starts = [
            "reached      3 connections, last from php-fpm pool www (www-data, pid 812)",
            "other hosts  1 request or tunnel came through",
            "trust        a client refused nicetap's certificate: let it trust /srv/root.pem",
            "past us      php-fpm pool www (www-data, pid 812) talks to api.nicenic.net (203.0.113.1:443) directly",
            "WHMCS        opening the Domains tab",
        ];
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), starts.len(), "{text}");
        for (line, start) in lines.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
    }

    #[test]
    fn a_process_with_an_odd_name_moves_no_cursor() {
        let sender = Sender {
            process: Some("\u{1b}[2J".into()),
            ..Sender::default()
        };
        assert_eq!(who(&sender), "\\x1b[2J");
    }

    #[tokio::test(start_paused = true)]
    async fn it_speaks_only_when_something_has_changed_and_ends_with_the_first_call() {
        let began = Instant::now();
        let told = RefCell::new(Vec::new());
        let looks = Cell::new(0);
        let arrived = || Arrived {
            connections: u64::from(began.elapsed().as_secs() > 150),
            calls: u64::from(began.elapsed().as_secs() > 250),
            ..Arrived::default()
        };
        let beside = async || {
            looks.set(looks.get() + 1);
            Vec::new()
        };
        let tell = |text: String| {
            let first = text.lines().next().unwrap_or_default().to_owned();
            told.borrow_mut().push((began.elapsed().as_secs(), first));
        };
        waiting().for_a_call(arrived, beside, tell).await;
        let seconds: Vec<u64> = told.borrow().iter().map(|(at, _)| *at).collect();
        assert_eq!(seconds, [60, 180], "{told:?}");
        assert_eq!(told.borrow()[0].1, "no call to the API has come in 60 s");
        assert!(looks.get() >= 240);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cron_job_that_does_not_come_is_told_once_and_only_where_one_should() {
        for (expects_cron, by_cron, is_told) in [
            (true, false, true),
            (true, true, false),
            (false, false, false),
        ] {
            let told = RefCell::new(Vec::new());
            let waiting = Waiting {
                expects_cron,
                ..waiting()
            };
            let arrived = || Arrived {
                by_cron,
                ..Arrived::default()
            };
            let began = Instant::now();
            waiting
                .for_cron(arrived, |text| told.borrow_mut().push(text))
                .await;
            assert_eq!(told.borrow().len(), usize::from(is_told));
            assert_eq!(began.elapsed() >= TWO_CRON_RUNS, expects_cron);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_was_seen_once_is_told_later() {
        let looks = Cell::new(0);
        let told = RefCell::new(String::new());
        let arrived = || Arrived {
            calls: u64::from(!told.borrow().is_empty()),
            ..Arrived::default()
        };
        let beside = async || {
            looks.set(looks.get() + 1);
            if looks.get() == 3 {
                vec![past_us()]
            } else {
                Vec::new()
            }
        };
        let tell = |text: String| *told.borrow_mut() = text;
        waiting().for_a_call(arrived, beside, tell).await;
        assert!(
            told.borrow().contains("\npast us      php-fpm pool www"),
            "{told:?}"
        );
    }
}
