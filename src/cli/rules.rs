//! `nicetap rules`: the table of all rules, or the catalogue.
use clap::Args;

use crate::catalogue::Catalogue;
use crate::rules;

use super::error::Error;
use super::print;

/// How to list them.
#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// List the API's actions and codes instead, as far as they are known
    ///
    /// Those of the documentation, and those of the user's file (`catalogue` in nicetap.toml, or
    /// `NICETAP_CATALOGUE`).
    #[arg(long)]
    pub(super) catalogue: bool,
}

/// Prints the table of all rules, or the catalogue.
pub(super) fn run(options: &Rules) -> Result<(), Error> {
    print::to_stdout(&match (options.catalogue, options.json) {
        (false, false) => rules::table(),
        (false, true) => rules::table_json(),
        (true, false) => Catalogue::current().table(),
        (true, true) => Catalogue::current().table_json(),
    })
}

pub(super) const HELP_END: &str = "\
Examples:
  nicetap rules               Code, severity and name of each rule
  nicetap rules --json        The same for a program
  nicetap rules --catalogue   The API's actions, their risk and their parameters

Exit codes:
  0   done
  2   the command line or a setting is wrong
  70  a bug in nicetap";
