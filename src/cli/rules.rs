//! `nicetap rules`: the table of all rules.
use clap::Args;

use crate::rules;

use super::error::Error;
use super::print;

/// How to list them.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Print JSON, one array
    #[arg(long)]
    pub(super) json: bool,
}

/// Prints the table of all rules.
pub(super) fn run(options: &Rules) -> Result<(), Error> {
    if options.json {
        print::to_stdout(&rules::table_json())
    } else {
        print::to_stdout(&rules::table())
    }
}

pub(super) const HELP_END: &str = "\
Examples:
  nicetap rules               Code, severity and name of each rule
  nicetap rules --json        The same for a program

Exit codes:
  0   done
  2   the command line or a setting is wrong
  70  a bug in nicetap";
