//! `nicetap ca`: the local CA.
use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::ca::{self, Info};
use crate::config::Config;

use super::error::Error;
use super::instance::{ca_error, open_ca};
use super::print;

/// What to do with the CA.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "WHAT")]
pub(super) struct Ca {
    #[command(subcommand)]
    what: Option<What>,
}

impl Ca {
    /// What to do; `info` when nothing was said.
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

/// Shows the CA, or makes a new one.
pub(super) fn run(command: &Ca, config: &Config) -> Result<(), Error> {
    let public = config.public_dir();
    if command.what() == What::Rotate {
        let names: Vec<String> = config
            .intercept
            .iter()
            .map(|host| host.host.clone())
            .collect();
        let made =
            ca::Ca::rotate(&config.home, &public, &names, Timestamp::now()).map_err(ca_error)?;
        return print::to_stdout(&described(made.info()));
    }
    let info = match Info::read(&config.home, &public).map_err(ca_error)? {
        Some(info) => info,
        // A client is often set up before the proxy has run.
        None => open_ca(config, &public)?.info().clone(),
    };
    match command.what() {
        What::Path => print::to_stdout(&format!("{}\n", info.paths.root.display())),
        What::Bundle => print::to_stdout(&format!("{}\n", info.paths.bundle.display())),
        What::Pem => {
            let pem = std::fs::read_to_string(&info.paths.root).map_err(|error| {
                Error::cannot_start(format!("{} cannot be read", info.paths.root.display()))
                    .caused_by(error)
            })?;
            print::to_stdout(&pem)
        }
        What::Info | What::Rotate => print::to_stdout(&described(&info)),
    }
}

fn described(info: &Info) -> String {
    format!(
        "\
subject      {}
covers       {} and their subdomains; nothing else, no IP addresses
valid        {} to {}
fingerprint  SHA-256 {}
root         {}
bundle       {} (the system's roots and this one)
private      {}
",
        info.subject,
        info.names.join(", "),
        info.not_before.strftime("%Y-%m-%d %H:%M UTC"),
        info.not_after.strftime("%Y-%m-%d %H:%M UTC"),
        info.fingerprint_sha256,
        info.paths.root.display(),
        info.paths.bundle.display(),
        info.folder.display(),
    )
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
