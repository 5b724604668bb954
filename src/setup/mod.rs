//! How clients are pointed at nicetap: their settings, written and taken back, and the files that these name.
//!
//! It touches only what it was told to, keeps what was there before, and never writes a setting that a client cannot
//! live with once nicetap has gone, unless that is said.
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::config::Config;
use crate::store::{Access, Dir, fill_random};

pub use apply::{Undone, take_back};
pub use check::check;
pub use ledger::Ledger;
pub use plan::Plan;

mod apply;
mod check;
pub mod environment;
mod fastcgi;
pub mod files;
pub mod fpm;
mod java;
pub mod ledger;
pub mod lines;
pub mod php;
mod plan;
mod prepend;
mod user;
pub mod whmcs;

/// Where clients are sent, and where what they need is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct To {
    /// The proxy.
    pub proxy: SocketAddr,
    /// The hosts that are read.
    pub hosts: Vec<String>,
    /// The folder that all may read.
    pub public: PathBuf,
    /// The home, for the ledger.
    pub home: PathBuf,
}

impl To {
    /// With these settings, at this address.
    pub fn of(config: &Config, proxy: SocketAddr) -> Self {
        Self {
            proxy,
            hosts: config
                .intercept
                .iter()
                .map(|host| host.host.clone())
                .collect(),
            public: config.public_dir(),
            home: config.home.clone(),
        }
    }

    /// Puts the probe where pools can run it.
    pub fn prepare(&self) -> Result<(), SetupError> {
        if self.public.starts_with(&self.home) {
            Dir::open(&self.home, Access::Passage).map_err(files::FilesError::from)?;
        }
        Ok(files::publish(
            &self.public,
            files::PROBE,
            php::PROBE.as_bytes(),
        )?)
    }

    fn probe(&self) -> PathBuf {
        self.public.join(files::PROBE)
    }

    fn url(&self) -> String {
        format!("http://{}", self.proxy)
    }
}

/// A page to upload where there is no shell: it tells how the server's PHP reaches the API. Its first line has a name
/// that nobody can guess.
pub fn probe_page() -> Result<String, SetupError> {
    let mut tag = [0; 8];
    fill_random(&mut tag).map_err(files::FilesError::from)?;
    let tag = u64::from_ne_bytes(tag);
    let name = format!("<?php // upload it as nicetap-probe-{tag:016x}.php");
    let page = include_str!("assets/probe-page.php");
    let now = Timestamp::now().as_second().to_string();
    Ok(page.replacen("<?php", &name, 1).replace("@TIME@", &now))
}

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
    #[error("pool {pool} cannot run `{}` as {user}: {error}{}", probe.display(), stop(stopped_at.as_deref()))]
    Closed {
        /// Which pool.
        pool: String,
        /// Its user.
        user: String,
        /// The file.
        probe: PathBuf,
        /// The folder that it cannot pass.
        stopped_at: Option<PathBuf>,
        /// What it answers.
        error: php::PoolError,
    },
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

impl SetupError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotOne { .. } => "say where it is: whmcs=/var/www/whmcs",
            Self::OtherProxy { .. } => {
                "nicetap cannot go out through another proxy yet: take that one out first, or use base-URL mode"
            }
            Self::Closed { .. } => {
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
