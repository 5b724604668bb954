//! `nicetap log`: a log as the console shows it.
use std::path::PathBuf;

use clap::Args;

use crate::config::value::Value;

/// What to show of which log.
#[derive(Debug, Args)]
pub(super) struct Log {
    /// The log [default: that of `nicetap serve`]
    #[arg(value_name = "FILE")]
    pub(super) file: Option<Value<PathBuf>>,
    /// Go on as the log grows, also when it is rotated
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Show only the calls that this describes
    #[arg(long, value_name = "EXPR")]
    pub(super) only: Option<String>,
    /// One line a call: time, action, domain, HTTP, code, message, outbound IP
    #[arg(long)]
    pub(super) table: bool,
}

pub(super) const HELP_END: &str = "\
Examples:
  nicetap log                 All that was logged
  nicetap log --follow        Watch the calls from another terminal
  nicetap log --table         One line a call, for a support ticket

Exit codes:
  0   done
  1   the log holds something that is no record
  2   the command line or a setting is wrong
  3   the log cannot be read
  70  a bug in nicetap";
