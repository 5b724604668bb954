//! `HOME/instance.json`: which nicetap runs in this home, for `status`, `stop` and the next one.
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::cli::error::Error;
use crate::clock::Time;
use crate::config::Config;
use crate::store::{Access, Dir, StoreError};

/// One that runs, or that was killed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Presence {
    pid: i32,
    /// When the process began, in the kernel's ticks: a number that is used again has another one.
    began: u64,
    pub(in crate::cli) listen: Vec<SocketAddr>,
    pub(in crate::cli) ui: Option<SocketAddr>,
    pub(in crate::cli) log: Option<PathBuf>,
    /// Whether clients must log in.
    #[serde(default)]
    pub(in crate::cli) wants_login: bool,
    pub(in crate::cli) since: Time,
    pub(in crate::cli) ends: Option<Time>,
}

impl Presence {
    /// Of this process.
    pub(super) fn of_this_process(
        listen: &[SocketAddr],
        ui: Option<SocketAddr>,
        config: &Config,
        ends: Option<Time>,
    ) -> Self {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        Self {
            pid,
            began: began(pid).unwrap_or(0),
            listen: listen.to_vec(),
            ui,
            log: config.log.clone(),
            wants_login: config.proxy_auth.is_some(),
            since: Time::now(),
            ends,
        }
    }

    /// Leaves word in this home.
    pub(super) fn announce(&self, home: &Path) -> Result<(), StoreError> {
        // Numbers and strings of our own, which always serialise.
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        Dir::open(home, Access::Passage)?.replace(NAME, &text, Access::Private)
    }

    /// Takes the word back, unless it is another one's by now.
    pub(super) fn withdraw(&self, home: &Path) {
        if Self::read(home).is_some_and(|found| found.pid == self.pid)
            && let Ok(Some(dir)) = Dir::existing(home)
        {
            // One that stays names a process that does not run, which is noticed.
            let _ = dir.remove(NAME);
        }
    }

    /// The one that runs in this home.
    pub(in crate::cli) fn running(home: &Path) -> Option<Self> {
        Self::read(home).filter(Self::is_alive)
    }

    fn read(home: &Path) -> Option<Self> {
        let text = Dir::existing(home)
            .ok()??
            .read(NAME, Access::Private, LIMIT)
            .ok()??;
        serde_json::from_slice(&text).ok()
    }

    fn is_alive(&self) -> bool {
        began(self.pid).is_some_and(|began| began == self.began)
    }

    pub(in crate::cli) fn pid(&self) -> i32 {
        self.pid
    }

    /// Asks it to end, and waits until it has.
    pub(in crate::cli) fn end(&self) -> Result<(), Error> {
        let pid = Pid::from_raw(self.pid).ok_or(Error::bug("a process without a number"))?;
        kill_process(pid, Signal::TERM).map_err(|errno| {
            Error::failed(format!("process {} cannot be ended", self.pid)).caused_by(errno)
        })?;
        let begin = Instant::now();
        while self.is_alive() {
            if begin.elapsed() > PATIENCE {
                return Err(Error::failed(format!(
                    "process {} has not ended within 45 s",
                    self.pid
                ))
                .hint("calls may be under way; a second `nicetap stop` cuts them off"));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

/// When this process began; `None`: there is none.
fn began(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may hold anything, blanks and brackets too.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let is_over = matches!(fields.next()?, "Z" | "X");
    let began = fields.nth(18)?.parse().ok()?;
    (!is_over).then_some(began)
}

const NAME: &str = "instance.json";
const LIMIT: usize = 64 << 10;
/// Longer than calls under way are given, and PHP-FPM for its settings.
const PATIENCE: Duration = Duration::from_secs(45);
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_number_and_its_beginning() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().join("home");
        assert!(Presence::running(&home).is_none());
        let mut ours = Presence::of_this_process(&[], None, &Config::at(&home), None);
        ours.announce(&home).unwrap();
        assert_eq!(Presence::running(&home).unwrap().pid, ours.pid);
        ours.began += 1;
        ours.announce(&home).unwrap();
        assert!(Presence::running(&home).is_none());
        ours.withdraw(&home);
        assert!(Presence::read(&home).is_none());
    }
}
