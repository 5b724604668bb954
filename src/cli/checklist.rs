//! `nicetap checklist`: NiceNIC's twelve points, answered from the log.
use clap::Args;

use crate::config::Config;
use crate::diagnose;
use crate::sink::report;

use super::error::Error;
use super::history::History;
use super::print;

/// Which call.
#[derive(Debug, Args)]
pub(super) struct Checklist {
    /// The call's number [default: the last that failed]
    #[arg(value_name = "ID")]
    pub(super) id: Option<u64>,
}

/// Prints the points.
pub(super) fn run(options: &Checklist, config: &Config) -> Result<(), Error> {
    let history = History::read(config)?;
    let call = history.call(options.id)?;
    let points = diagnose::checklist(call, &history.all());
    print::lines(&report::checklist(call.id, &points))
}

pub(super) const HELP_END: &str = "\
Examples:
  nicetap checklist           For the last call that failed
  nicetap checklist 7         For call #7 of the last run

Exit codes:
  0   done
  1   the log holds no call
  2   the command line or a setting is wrong
  3   the log cannot be read
  70  a bug in nicetap";
