//! How clients are pointed at nicetap: their settings, written and taken back, and the files that these name.
//!
//! It touches only what it was told to, keeps what was there before, and never writes a setting that a client cannot
//! live with once nicetap has gone, unless that is said.
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::config::Config;
use crate::store::{Access, Dir, fill_random};

pub use apply::{Undone, take_back};
pub use check::check;
pub use error::{Closed, SetupError};
pub use ledger::Ledger;
pub use plan::Plan;

mod apply;
mod check;
pub mod environment;
mod error;
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
    /// Whether nicetap itself goes out through another proxy, as a client may have done until now.
    pub is_chained: bool,
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
            is_chained: config.upstream_proxy.proxies().next().is_some(),
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
