//! When it ends: what is watched while the proxy serves.
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::cli::error::Error;
use crate::cli::setup::still_points_here;
use crate::cli::with::With;
use crate::config::{Config, Then};
use crate::journal::{Journal, WriterHandle};
use crate::sink::console;
use crate::wire::Control;

use super::signals::{Asked, Signals};

/// When looking ends.
pub(super) struct Ends {
    pub(super) at: Option<Instant>,
    pub(super) idle: Option<Duration>,
    pub(super) then: Then,
    /// What becomes of connections once nothing is looked into.
    pub(super) unread: &'static str,
}

impl Ends {
    pub(super) fn of(config: &Config) -> Self {
        let at = config.duration;
        Self {
            at: at.and_then(|duration| Instant::now().checked_add(duration)),
            idle: config.idle_exit,
            then: config.then,
            unread: if config.mock {
                "the mock's calls through CONNECT are refused"
            } else {
                "connections are passed through unread"
            },
        }
    }
}

/// Why it ends.
pub(super) enum End {
    Asked,
    TimeOver,
    NoWriter,
    Failed(Error),
}

/// What is watched while the proxy serves.
pub(super) struct Watched<'a> {
    pub(super) control: Control,
    pub(super) journal: &'a Journal,
    pub(super) writer: &'a WriterHandle,
    pub(super) teller: console::Teller,
    pub(super) ends: Ends,
    /// What the user has to take back by hand.
    pub(super) undo: Option<&'a str>,
    /// Whether it is a child's proxy, which ends when the child does.
    pub(super) is_childs: bool,
    /// The settings that nicetap takes back by itself.
    pub(super) with: Option<&'a mut With>,
}

impl Watched<'_> {
    /// `signals`: those that are for nicetap; `None`: they are a child's.
    pub(super) async fn until_the_end(mut self, mut signals: Option<&mut Signals>) -> End {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut carrying: Option<Carrying> = None;
        loop {
            let is_carrying = carrying.is_some();
            let why = tokio::select! {
                asked = next(&mut signals) => match asked {
                    Asked::Reopen => {
                        self.journal.reopen().await;
                        None
                    }
                    Asked::End => return End::Asked,
                },
                () = over(self.ends.at), if !is_carrying => Some("the time is over"),
                () = self.control.distrusted(), if self.with.is_some() => {
                    self.give_the_ca().await;
                    None
                }
                _ = tick.tick() => None,
            };
            if self.writer.is_finished() {
                return End::NoWriter;
            }
            let idle = self.control.idle();
            let is_unused = !is_carrying && self.ends.idle.is_some_and(|limit| idle >= limit);
            let why = why.or(is_unused.then_some("nobody has used it for a while"));
            match (why, &mut carrying) {
                (Some(_), _) if self.ends.then == Then::Exit => return End::TimeOver,
                (Some(why), _) => {
                    self.stop_looking(why).await;
                    carrying = Some(Carrying::begin());
                }
                (None, Some(_)) if self.is_childs => {}
                (None, Some(carrying)) if carrying.since.elapsed() >= CARRY && idle >= CARRY => {
                    return End::TimeOver;
                }
                (None, Some(carrying)) => carrying.remind(&self.teller, self.undo),
                (None, None) => {}
            }
        }
    }

    /// A client has refused our certificate: those whose settings are ours to change are given the CA.
    async fn give_the_ca(&mut self) {
        let Some(with) = &mut self.with else { return };
        match with.trust().await {
            Ok(true) => {
                self.control.forget_distrust();
                self.teller.tell(
                    "a client refused nicetap's certificate, so its PHP was given the CA: that call failed, the next is read",
                );
            }
            Ok(false) => {}
            Err(error) => self
                .teller
                .tell(format!(
                    "the CA could not be given to PHP, so all settings were put back, and its calls are not seen any more: {error}"
                )),
        }
    }

    async fn stop_looking(&mut self, why: &str) {
        self.control.stop_looking();
        if let Some(with) = &mut self.with {
            take_back(with, &self.teller).await;
        }
        let undo = self
            .undo
            .map_or_else(String::new, |undo| format!("; {undo}"));
        self.teller
            .tell(format!("{why}: {} from now on{undo}", self.ends.unread));
    }
}

/// Looking has ended, and connections are carried on.
struct Carrying {
    since: Instant,
    reminded: Instant,
}

impl Carrying {
    fn begin() -> Self {
        let now = Instant::now();
        Self {
            since: now,
            reminded: now,
        }
    }

    fn remind(&mut self, teller: &console::Teller, undo: Option<&str>) {
        if self.reminded.elapsed() >= REMIND {
            self.reminded = Instant::now();
            let undo = undo.unwrap_or("nothing has to be taken back");
            teller.tell(format!("still carrying connections unread: {undo}"));
        }
    }
}

/// Takes settings back, and tells it; what is left to do by hand is returned.
pub(super) async fn take_back(with: &mut With, teller: &console::Teller) -> Vec<String> {
    match with.undo().await {
        None => Vec::new(),
        Some(Ok(undone)) => {
            for path in &undone.restored {
                teller.tell(format!("as before: {}", path.display()));
            }
            for path in &undone.theirs {
                teller.tell(format!("left as somebody has made it: {}", path.display()));
            }
            let left = undone.left.iter().map(|path| still_points_here(path));
            let not_read = undone
                .not_reloaded
                .iter()
                .map(|(conf, why)| format!("restart the PHP-FPM of {}: {why}", conf.display()));
            left.chain(not_read).collect()
        }
        Some(Err(error)) => vec![format!("nicetap setup --undo (it failed: {error})")],
    }
}

async fn over(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn next(signals: &mut Option<&mut Signals>) -> Asked {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

const TICK: Duration = Duration::from_secs(1);
const CARRY: Duration = Duration::from_mins(10);
const REMIND: Duration = Duration::from_mins(5);
