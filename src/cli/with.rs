//! `--with`: clients' settings, changed while nicetap serves, and as before at its end.
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::config::Config;
use crate::setup::{Ledger, Plan, To, Undone, take_back};

use super::error::Error;
use super::setup::{agree, failed};
use super::{print, setup};

/// The settings that were agreed to.
pub(super) struct With {
    to: Arc<To>,
    plans: Arc<Vec<Plan>>,
    /// Whether clients have been given the CA.
    trusted: bool,
    written: bool,
}

impl With {
    /// Looks, shows and asks; `None`: nothing is to be changed. What an earlier nicetap has left is taken back first.
    pub(super) fn agreed(config: &Config, proxy: SocketAddr) -> Result<Option<Self>, Error> {
        let to = To::of(config, proxy);
        let left = Ledger::read(&to.home).map_err(|error| failed(error.into()))?;
        if config.with.is_empty() {
            if !left.is_empty() && config.proxy_auth.is_some() {
                let targets = left.targets().join(", ");
                return Err(setup::no_login(&format!(
                    "the set-up for {targets} stands, and does not log in"
                )));
            }
            if !left.is_empty() {
                print::to_stderr(&stale(&left));
            }
            return Ok(None);
        }
        if !left.has_only_ca_files() {
            print::to_stderr(
                "note: an earlier nicetap was killed; what it left is taken back first\n",
            );
            let undone = take_back(&to).map_err(failed)?;
            print::to_stderr(&setup::told(&undone));
            if !undone.left.is_empty() {
                // Written over, what somebody has made of it would be lost.
                return Err(Error::failed("an earlier set-up is not taken back yet"));
            }
        }
        to.prepare().map_err(failed)?;
        let plans = config.with.iter().map(|target| Plan::look(target, &to));
        let plans = plans.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        if !agree(&plans, &to, config.yes)? {
            return Err(Error::failed("nothing was changed"));
        }
        Ok(Some(Self {
            to: Arc::new(to),
            plans: Arc::new(plans),
            trusted: false,
            written: false,
        }))
    }

    /// Writes the settings, without the CA.
    pub(super) async fn write(&mut self) -> Result<(), Error> {
        self.written = true;
        self.put(false).await
    }

    /// Gives the CA to clients, once; says whether this was the time.
    pub(super) async fn trust(&mut self) -> Result<bool, Error> {
        if self.trusted || !self.written {
            return Ok(false);
        }
        self.trusted = true;
        self.put(true).await?;
        Ok(true)
    }

    /// Takes everything back, once.
    pub(super) async fn undo(&mut self) -> Option<Result<Undone, Error>> {
        if !self.written {
            return None;
        }
        self.written = false;
        let to = self.to.clone();
        let undone = spawn_blocking(move || take_back(&to)).await;
        Some(
            undone
                .map_err(|_| Error::bug("taking back panicked"))
                .and_then(|undone| undone.map_err(failed)),
        )
    }

    /// Writes all, or nothing: what fails is taken back at once.
    async fn put(&self, trust: bool) -> Result<(), Error> {
        let (to, plans) = (self.to.clone(), self.plans.clone());
        let put = spawn_blocking(move || plans.iter().try_for_each(|plan| plan.write(&to, trust)));
        put.await
            .map_err(|_| Error::bug("writing settings panicked"))?
            .map_err(failed)
    }
}

/// Settings that this nicetap did not write, and will not take back.
fn stale(left: &Ledger) -> String {
    format!(
        "note: settings for {} point at {}: `nicetap setup --write` put them there, or a nicetap that was killed; \
         they stay until nicetap setup --undo\n",
        left.targets().join(", "),
        left.proxy()
    )
}
