//! `nicetap diff`: what differs between a call that failed and one that worked.
use std::fmt::Write as _;

use clap::Args;

use crate::config::Config;
use crate::diagnose::{self, Sketch};
use crate::sink::escape;

use super::error::Error;
use super::history::History;
use super::print;

/// Which calls.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The call that failed [default: the last that did]
    #[arg(value_name = "ID")]
    pub(super) id: Option<u64>,
    /// The call to compare it with [default: the nearest that worked]
    #[arg(value_name = "ID2")]
    pub(super) other: Option<u64>,
}

/// Prints the differences.
pub(super) fn run(options: &Diff, config: &Config) -> Result<(), Error> {
    let history = History::read(config)?;
    let call = history.call(options.id)?;
    let now = Sketch::of(call);
    let (id, differences) = if let Some(other) = options.other {
        let then = history.call(Some(other))?;
        (other, diagnose::differences(&now, &Sketch::of(then)))
    } else {
        let memory = history.memory_before(u64::MAX);
        diagnose::nearest(&now, &memory).ok_or_else(|| {
            Error::failed("no call that worked is in the last run")
                .hint("make a read-only call that works, or name two calls: nicetap diff ID ID2")
        })?
    };
    let mut text = format!("#{} compared with #{id}\n", call.id);
    if differences.is_empty() {
        text.push_str("  nothing that nicetap sees differs\n");
    }
    for difference in differences {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}", escape(&difference.to_string()));
    }
    print::lines(&text)
}

pub(super) const HELP_END: &str = "\
Examples:
  nicetap diff                The last failed call and the nearest that worked
  nicetap diff 7 3            Call #7 against call #3

Exit codes:
  0   done
  1   there is nothing to compare with
  2   the command line or a setting is wrong
  3   the log cannot be read
  70  a bug in nicetap";
