//! `nicetap status` and `nicetap stop`: the one that runs in this home, and settings that were changed for clients.
use std::fmt::Write as _;
use std::net::SocketAddr;

use clap::Args;
use jiff::tz::TimeZone;

use crate::config::{Config, reached_here};
use crate::setup::{Ledger, To, take_back};

use super::error::Error;
use super::instance::Presence;
use super::setup::{failed, told};
use super::{instance, print};

/// Nothing to choose.
#[derive(Debug, Args)]
pub(super) struct Status {}

/// Nothing to choose.
#[derive(Debug, Args)]
pub(super) struct Stop {}

/// Says what runs, and what is set up.
pub(super) fn run(config: &Config) -> Result<(), Error> {
    let ledger = Ledger::read(&config.home).map_err(|error| failed(error.into()))?;
    let mut text = String::new();
    let running = Presence::running(&config.home);
    // Writing to a string cannot fail.
    match &running {
        Some(found) => described(&mut text, found),
        None => match elsewhere(config)? {
            Some(addr) => {
                let _ = writeln!(
                    text,
                    "no nicetap runs in {}; one with another home answers on {addr}",
                    config.home.display()
                );
            }
            None => {
                let _ = writeln!(text, "no nicetap runs in {}", config.home.display());
            }
        },
    }
    if !ledger.is_empty() {
        let _ = writeln!(
            text,
            "set up      {}, pointing at {}",
            ledger.targets().join(", "),
            ledger.proxy()
        );
        for path in ledger.paths() {
            let _ = writeln!(text, "            {}", path.display());
        }
        if running.is_none() {
            let _ = writeln!(
                text,
                "undo        nicetap setup --undo (clients go on without nicetap meanwhile)"
            );
        }
    }
    print::to_stdout(&text)?;
    match running {
        Some(_) => Ok(()),
        None => Err(Error::failed("it does not run").hint("start it: nicetap serve")),
    }
}

fn described(text: &mut String, found: &Presence) {
    let listen: Vec<String> = found
        .listen
        .iter()
        .map(|addr| format!("http://{addr}"))
        .collect();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "running     process {} since {}",
        found.pid(),
        found.since.minute_in(TimeZone::system())
    );
    let _ = writeln!(text, "proxy       {}", listen.join(", "));
    if let Some(ui) = found.ui {
        let _ = writeln!(text, "inspector   http://{ui}");
    }
    let log = found
        .log
        .as_ref()
        .map_or_else(|| "none".to_owned(), |log| log.display().to_string());
    let _ = writeln!(text, "log         {log}");
    let ends = found.ends.map(|end| end.minute_in(TimeZone::system()));
    let _ = writeln!(
        text,
        "looks until {}",
        ends.as_deref().unwrap_or("it is ended")
    );
}

/// Ends the one that runs, and takes back what is set up.
pub(super) fn stop(config: &Config) -> Result<(), Error> {
    let mut text = String::new();
    let running = Presence::running(&config.home);
    if let Some(found) = &running {
        found.end()?;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "ended: process {}", found.pid());
    }
    let ledger = Ledger::read(&config.home).map_err(|error| failed(error.into()))?;
    if !ledger.is_empty() {
        let proxy = config
            .listen
            .first()
            .copied()
            .map(reached_here)
            .ok_or(Error::bug("no address"))?;
        text.push_str(&told(&take_back(&To::of(config, proxy)).map_err(failed)?));
    }
    if !text.is_empty() {
        return print::to_stdout(&text);
    }
    let error = Error::failed(format!("no nicetap runs in {}", config.home.display()));
    Err(match elsewhere(config)? {
        Some(addr) => error.hint(format!(
            "one with another home answers on {addr}: give its --home"
        )),
        None => error,
    })
}

/// One that answers at our address, from another home.
fn elsewhere(config: &Config) -> Result<Option<SocketAddr>, Error> {
    let runtime = instance::runtime()?;
    Ok(runtime.block_on(super::check::running(config)))
}

pub(super) const STATUS_END: &str = "\
Examples:
  nicetap status              Does one run, where, until when; what is set up

Exit codes:
  0   one runs
  1   none runs
  2   the command line or a setting is wrong
  70  a bug in nicetap";
pub(super) const STOP_END: &str = "\
What --with has changed is taken back before it ends, what `setup --write` has
changed right after. Calls that are under way get time to end.

Examples:
  nicetap stop                End the one that runs in this home
  nicetap stop --home DIR     The one of another home

Exit codes:
  0   it has ended, and what was set up is as before
  1   none runs, or it did not end
  2   the command line or a setting is wrong
  70  a bug in nicetap";
