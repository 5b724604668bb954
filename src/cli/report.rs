//! `nicetap report`: a support ticket about one call, masked, and looked through once more before it is written.
use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;

use crate::config::Config;
use crate::config::value::Value;
use crate::diagnose::{self, Sketch};
use crate::sink::report::{self, Ticket};

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
    print::to_file(&file.0, "report", &text)
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
