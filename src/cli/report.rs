//! `nicetap report`: a support ticket about one call, masked, and looked through once more before it is written.
use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;

use crate::config::Config;
use crate::config::value::Value;
use crate::diagnose::{self, Sketch};
use crate::sink::report::{self, Ticket};
use crate::store::{Access, Dir};

use super::error::Error;
use super::history::History;
use super::print;

/// Which call, and where to.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The call's number [default: the last that failed]
    #[arg(value_name = "ID")]
    pub(super) id: Option<u64>,
    /// Write it there instead of to the terminal (mode 0600)
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<Value<PathBuf>>,
    /// The version of your WHMCS, for the ticket
    #[arg(long, value_name = "VERSION")]
    pub(super) whmcs_version: Option<String>,
}

/// Writes the ticket.
pub(super) fn run(options: &Report, config: &Config) -> Result<(), Error> {
    let history = History::read(config)?;
    let call = history.call(options.id)?;
    let points = diagnose::checklist(call, &history.all());
    let memory = history.memory_before(u64::MAX);
    let ticket = Ticket {
        call,
        points: &points,
        good: diagnose::nearest(&Sketch::of(call), &memory).filter(|(id, _)| *id != call.id),
        zone: TimeZone::system(),
        whmcs: options.whmcs_version.as_deref(),
    };
    let text = report::looked_through(&ticket.text())
        .map_err(|_| Error::failed("the system gives no random numbers"))?;
    let Some(file) = &options.output else {
        return print::to_stdout(&text);
    };
    let file = std::path::absolute(&file.0)
        .map_err(|error| Error::usage("the report has no sound path").caused_by(error))?;
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|it| it.to_str()))
    else {
        return Err(Error::usage("--output must name a file"));
    };
    let fail = || Error::cannot_start(format!("the report {} cannot be written", file.display()));
    let folder = Dir::existing(folder).map_err(|error| fail().caused_by(error))?;
    let folder = folder.ok_or_else(|| fail().hint("its folder does not exist"))?;
    folder
        .replace(name, text.as_bytes(), Access::Private)
        .map_err(|error| fail().caused_by(error))
}

pub(super) const HELP_END: &str = "\
Examples:
  nicetap report              A ticket about the last call that failed
  nicetap report 7 -o t.txt   About call #7, into a file

Exit codes:
  0   done
  1   the log holds no call
  2   the command line or a setting is wrong
  3   the log cannot be read, or the report not written
  70  a bug in nicetap";
