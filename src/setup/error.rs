//! Why settings cannot be changed, and what to do about it.
use std::io;
use std::path::{Path, PathBuf};

use super::{files, fpm, ledger, php};

/// Settings cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The settings of this client stand in the user's own code.
    #[error("the settings of {0} stand in your own code")]
    NotWritten(&'static str),
    /// There is nothing to change.
    #[error("nothing was found to set up for {target}{}{why}", if why.is_empty() { "" } else { ": " })]
    Nothing {
        /// For whom.
        target: String,
        /// What was left out.
        why: String,
    },
    /// WHMCS's folder is not known.
    #[error("{}", not_one(found))]
    NotOne {
        /// Those that were found.
        found: Vec<PathBuf>,
    },
    /// There is no such CA file.
    #[error("`{}` is missing or empty: nothing can be added to it", .0.display())]
    NoCaFile(PathBuf),
    /// A PHP cannot be asked.
    #[error("PHP `{}` cannot be asked: {source}", program.display())]
    Php {
        /// Which.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It goes out through another proxy.
    #[error("pool {pool} goes out through another proxy: {name}={value}")]
    OtherProxy {
        /// Which pool.
        pool: String,
        /// The variable.
        name: String,
        /// The proxy, without a password.
        value: String,
    },
    /// A pool's user cannot read our files.
    #[error(transparent)]
    Closed(Box<Closed>),
    /// PHP-FPM does not read its settings anew.
    #[error("PHP-FPM of `{}`: {source}", conf.display())]
    Reload {
        /// Its configuration.
        conf: PathBuf,
        /// Why.
        source: fpm::ReloadError,
    },
    /// It worked before.
    #[error("{whom} did not get better, so everything was taken back: {why}")]
    Worse {
        /// Who.
        whom: String,
        /// What was seen.
        why: String,
    },
    /// The ledger, or a file that it names.
    #[error(transparent)]
    Ledger(#[from] ledger::LedgerError),
    /// A file that clients need.
    #[error(transparent)]
    Files(#[from] files::FilesError),
}

/// A pool's user cannot read our files.
#[derive(Debug, thiserror::Error)]
#[error("pool {pool} cannot run `{}` as {user}: {error}{}", probe.display(), stop(stopped_at.as_deref()))]
pub struct Closed {
    /// Which pool.
    pub pool: String,
    /// Its user.
    pub user: String,
    /// The file.
    pub probe: PathBuf,
    /// The folder that it cannot pass.
    pub stopped_at: Option<PathBuf>,
    /// What it answers.
    pub error: php::PoolError,
}

impl SetupError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotOne { .. } => "say where it is: whmcs=/var/www/whmcs",
            Self::OtherProxy { .. } => {
                "let nicetap go out through it too: its URL in NICETAP_UPSTREAM_PROXY, or as upstream_proxy in nicetap.toml"
            }
            Self::Closed(closed) => {
                if let php::PoolError::Refused {
                    allowed: Some(folders),
                    ..
                } = &closed.error
                {
                    return Some(format!(
                        "choose a home inside open_basedir ({folders}) and outside every document root: --home DIR"
                    ));
                }
                "choose a home that others may pass through: --home /var/lib/nicetap; `nicetap run` and base-URL mode need none of this"
            }
            Self::Reload { .. } => "try it by hand: php-fpm -t",
            Self::Worse { .. } => "base-URL mode needs no setting of PHP: nicetap serve --help",
            Self::NotWritten(_) => "without --write the lines are shown",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

fn not_one(found: &[PathBuf]) -> String {
    if found.is_empty() {
        return "WHMCS was not found in the usual folders".to_owned();
    }
    let found: Vec<String> = found
        .iter()
        .map(|root| root.display().to_string())
        .collect();
    format!("more than one WHMCS: {}", found.join(", "))
}

fn stop(at: Option<&Path>) -> String {
    at.map_or_else(String::new, |at| {
        format!("; that user cannot pass `{}`", at.display())
    })
}
