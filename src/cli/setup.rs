//! `nicetap setup`: a client's settings, shown, written, proved and taken back.
use std::fmt::Write as _;
use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use crate::config::value::{Mismatch, Value};
use crate::config::{Config, Target, Whose, reached_here};
use crate::setup::lines::lines;
use crate::setup::whmcs::{Cron, Whmcs};
use crate::setup::{Ledger, Plan, SetupError, To, Undone, check, probe_page, take_back};

use super::error::Error;
use super::instance::Presence;
use super::{instance, print};

/// For whom, and what is done.
#[derive(Debug, Args)]
pub(super) struct Setup {
    /// whmcs[=FOLDER], php-fpm[=CONF], php[=PROGRAM], cron, guzzle, curl, python, node, go, java, docker, or probe-php
    #[arg(value_name = "TARGET", required_unless_present_any = ["undo", "ca_file"])]
    target: Option<What>,
    /// Change the settings, after asking
    #[arg(long, conflicts_with_all = ["undo", "check"])]
    write: bool,
    /// Take back all that was changed, byte for byte
    #[arg(long, conflicts_with = "check")]
    undo: bool,
    /// Ask each PHP whether the settings are live
    #[arg(long)]
    check: bool,
    /// Add nicetap's root to this CA file, which a module has of its own
    #[arg(long, value_name = "FILE", requires = "write")]
    ca_file: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Debug)]
enum What {
    Target(Target),
    ProbePhp,
}

impl FromStr for What {
    type Err = Mismatch;

    fn from_str(text: &str) -> Result<Self, Mismatch> {
        if text == "probe-php" {
            return Ok(Self::ProbePhp);
        }
        text.parse::<Value<Target>>()
            .map(|target| Self::Target(target.0))
    }
}

/// Does it.
pub(super) fn run(options: &Setup, config: &Config) -> Result<(), Error> {
    let ledger = Ledger::read(&config.home).map_err(|error| failed(error.into()))?;
    // What comes to a set-up that stands points where that does.
    let proxy = ledger.proxy().parse().ok();
    let proxy = proxy.or(config.listen.first().copied().map(reached_here));
    let to = To::of(config, proxy.ok_or(Error::bug("no address"))?);
    if options.undo {
        let undone = take_back(&to).map_err(failed)?;
        return print::to_stdout(&told(&undone));
    }
    if let Some(file) = &options.ca_file {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        if ledger.paths().any(|path| path == file) {
            refuse_a_second(&ledger)?;
        }
        let plan = Plan::authorities(&file).map_err(failed)?;
        return write(&[plan], &to, config, options.yes);
    }
    match &options.target {
        Some(What::ProbePhp) => print::to_stdout(&probe_page().map_err(failed)?),
        Some(What::Target(target)) if options.check => {
            to.prepare().map_err(failed)?;
            print::to_stdout(&check(target, &to).map_err(failed)?)
        }
        Some(What::Target(target)) if options.write => {
            if !ledger.has_only_ca_files() {
                refuse_a_second(&ledger)?;
            }
            to.prepare().map_err(failed)?;
            let plan = Plan::look(target, &to).map_err(failed)?;
            write(&[plan], &to, config, options.yes)
        }
        Some(What::Target(target)) => print::to_stdout(&shown(target, &to)),
        None => Err(Error::usage("for whom?").hint("nicetap setup whmcs")),
    }
}

fn shown(target: &Target, to: &To) -> String {
    let mut text = lines(target.whose, to);
    if target.whose == Whose::Whmcs {
        let found = match &target.place {
            Some(root) => Whmcs::at(root).into_iter().collect(),
            None => Whmcs::all(&Cron::all()),
        };
        for note in found
            .iter()
            .filter_map(|whmcs| whmcs.proxy_note(to.is_chained))
        {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "note: {note}");
        }
    }
    text
}

fn write(plans: &[Plan], to: &To, config: &Config, is_agreed: bool) -> Result<(), Error> {
    let running = Presence::running(&config.home);
    if config.proxy_auth.is_some() || running.is_some_and(|running| running.wants_login) {
        return Err(no_login("what is set up does not log in"));
    }
    // The settings name the CA's files.
    instance::open_ca(config, &to.public)?;
    if !agree(plans, to, is_agreed)? {
        return Err(Error::failed("nothing was changed"));
    }
    for plan in plans {
        plan.write(to, true).map_err(failed)?;
    }
    print::to_stdout(&format!(
        "done; calls are seen while `nicetap serve` runs on {}; take it back with: nicetap setup --undo\n",
        to.proxy
    ))
}

/// `--proxy-auth` beside settings that nicetap has made: their calls would get 407, payments too.
pub(super) fn no_login(why: &str) -> Error {
    Error::usage(format!(
        "{why}, and with --proxy-auth all its calls would fail"
    ))
    .hint("serve without --proxy-auth; --only-user keeps others of this machine out")
}

fn refuse_a_second(ledger: &Ledger) -> Result<(), Error> {
    if ledger.is_empty() {
        return Ok(());
    }
    Err(
        Error::failed(format!("{} is set up already", ledger.targets().join(", ")))
            .hint("take that back first: nicetap setup --undo"),
    )
}

/// Shows the changes, and asks on the terminal, unless the answer was given.
pub(super) fn agree(plans: &[Plan], to: &To, is_agreed: bool) -> Result<bool, Error> {
    let text: String = plans.iter().map(|plan| plan.shown(to)).collect();
    print::to_stderr(&text);
    if is_agreed {
        return Ok(true);
    }
    print::to_stderr(
        "All of it is taken back at the end, byte for byte. Change these files? [y/N] ",
    );
    if !rustix::termios::isatty(rustix::stdio::stdin()) {
        print::to_stderr("\n");
        return Err(Error::usage("nobody can be asked here").hint("--yes answers the question"));
    }
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Error::failed("nothing could be read").caused_by(error))?;
    Ok(["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str()))
}

/// What was taken back, for people.
pub(super) fn told(undone: &Undone) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for path in &undone.restored {
        let _ = writeln!(text, "as before: {}", path.display());
    }
    for path in &undone.theirs {
        let _ = writeln!(
            text,
            "left as it is, since somebody has changed it and nothing in it points at nicetap: {}",
            path.display()
        );
    }
    for path in &undone.left {
        let _ = writeln!(text, "{}", still_points_here(path));
    }
    for (conf, why) in &undone.not_reloaded {
        let _ = writeln!(
            text,
            "PHP-FPM of {} still has the old settings: {why}",
            conf.display()
        );
    }
    if text.is_empty() {
        text.push_str("nothing was set up\n");
    }
    text
}

/// What is to be done about a file that somebody has changed.
pub(super) fn still_points_here(path: &Path) -> String {
    format!(
        "left, since somebody has changed it: {}; take the lines that name nicetap out of it, then: nicetap setup --undo",
        path.display()
    )
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped over")]
pub(super) fn failed(error: SetupError) -> Error {
    let failed = match error {
        SetupError::NotWritten(_) | SetupError::NotOne { .. } => Error::usage(error.to_string()),
        _ => Error::failed(error.to_string()),
    };
    match error.hint() {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}

pub(super) const HELP_END: &str = "\
Without --write it prints the exact lines, and changes nothing. --write shows the
changes and asks; it keeps what was there, lets each PHP prove that it still works,
and takes everything back if one does not. Should nicetap end or be killed, PHP
goes on without it.

Examples:
  nicetap setup guzzle             The lines for Guzzle
  sudo nicetap setup whmcs --write Pages and cron of WHMCS, until --undo
  sudo nicetap setup --undo        As it was before
  nicetap setup --ca-file /srv/whmcs/modules/registrars/x/cacert.pem --write
                                   A module that has a CA file of its own
  nicetap setup probe-php > p.php  No shell on the server: a page to upload

Exit codes:
  0   done
  1   nothing was changed, or all of it was taken back
  2   the command line or a setting is wrong
  3   the CA or a file of it cannot be used
  70  a bug in nicetap";
