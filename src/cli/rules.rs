//! `nicetap rules`: the table of all rules.
use clap::Args;

/// How to list them.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Print JSON, one array
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) const HELP_END: &str = "\
Examples:
  nicetap rules               Code, severity and name of each rule
  nicetap rules --json        The same for a program

Exit codes:
  0   done
  2   the command line or a setting is wrong
  70  a bug in nicetap";
