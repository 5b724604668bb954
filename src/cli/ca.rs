//! `nicetap ca`: the local CA.
use clap::{Args, Subcommand};

/// What to do with the CA.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "WHAT")]
pub(super) struct Ca {
    #[command(subcommand)]
    what: Option<What>,
}

impl Ca {
    /// What to do; `info` when nothing was said.
    #[expect(dead_code, reason = "the command's body is wired by the lead")]
    pub(super) fn what(&self) -> What {
        self.what.unwrap_or(What::Info)
    }
}

/// What can be done with the CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(super) enum What {
    /// Print the path of the root that clients are to trust
    Path,
    /// Print that root (PEM)
    Pem,
    /// Print the path of the bundle: the system's roots and that root
    Bundle,
    /// Print names, dates, fingerprint and files [default]
    Info,
    /// Make a new CA; every client must then trust the new root
    Rotate,
}

pub(super) const HELP_END: &str = "\
Examples:
  nicetap ca                                    What it is and how long it holds
  curl --cacert \"$(nicetap ca path)\" -x http://127.0.0.1:8899 …
  nicetap ca rotate                             Begin anew

Exit codes:
  0   done
  2   the command line or a setting is wrong
  3   the CA or a file of it cannot be used
  70  a bug in nicetap";
