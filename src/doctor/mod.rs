//! The surroundings, checked one by one. Checks are data; each says what was seen and, if it is no pass, what to do.
//!
//! What could not be measured is `unknown`, never `fail`. Nothing is changed, and no credential is read or sent.
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;

use crate::config::Config;
use crate::egress::Dial;
use crate::facts::{PRODUCTION, SANDBOX};

mod local;
mod network;
mod php;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// In order.
    Pass,
    /// In order, and worth knowing.
    Note,
    /// It could not be measured.
    Unknown,
    /// It may fail later.
    Warn,
    /// It does not work like this.
    Fail,
}

impl Level {
    /// As it is printed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Note => "note",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// How it came out.
    pub level: Level,
    /// What was seen.
    pub seen: String,
    /// What to do; there for everything that is no pass and no note.
    pub fix: Option<String>,
}

impl Outcome {
    fn pass(seen: impl Into<String>) -> Self {
        Self::new(Level::Pass, seen, None)
    }

    fn note(seen: impl Into<String>) -> Self {
        Self::new(Level::Note, seen, None)
    }

    fn unknown(seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Level::Unknown, seen, Some(fix.into()))
    }

    fn warn(seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Level::Warn, seen, Some(fix.into()))
    }

    fn fail(seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(Level::Fail, seen, Some(fix.into()))
    }

    fn new(level: Level, seen: impl Into<String>, fix: Option<String>) -> Self {
        Self {
            level,
            seen: seen.into(),
            fix,
        }
    }
}

/// What checks look at.
pub struct Surroundings {
    /// The settings.
    pub config: Config,
    /// The way out that calls take.
    pub dial: Arc<dyn Dial>,
    /// Reads an environment variable.
    pub var: fn(&str) -> Option<String>,
}

/// A check as data.
pub struct Check {
    /// Its name on the command line.
    pub id: &'static str,
    /// What it looks at.
    pub title: &'static str,
    run: for<'a> fn(&'a Surroundings) -> Running<'a>,
}

type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

impl Check {
    /// Looks. Ends within 12 s, whatever is unreachable.
    pub async fn run(&self, surroundings: &Surroundings) -> Outcome {
        let limit = std::time::Duration::from_secs(12);
        match tokio::time::timeout(limit, (self.run)(surroundings)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::unknown("no answer within 12 s", "try again later"),
        }
    }
}

/// All checks, in the order in which they are told.
pub static CHECKS: &[Check] = &[
    Check {
        id: "port",
        title: "the proxy's port",
        run: |all| Box::pin(local::port(all)),
    },
    Check {
        id: "log",
        title: "the log's folder and free space",
        run: |all| Box::pin(async { local::log(all) }),
    },
    Check {
        id: "home",
        title: "the home and the web server",
        run: |all| Box::pin(async { local::home(all) }),
    },
    Check {
        id: "ca",
        title: "the local CA",
        run: |all| Box::pin(async { local::ca(all) }),
    },
    Check {
        id: "proxy-variables",
        title: "proxy variables of this shell",
        run: |all| Box::pin(async { local::proxy_variables(all) }),
    },
    Check {
        id: "php",
        title: "PHP on the command line",
        run: |_| Box::pin(php::command_line()),
    },
    Check {
        id: "php-fpm",
        title: "the pools of PHP-FPM",
        run: |_| Box::pin(async { php::pools() }),
    },
    Check {
        id: "web-server",
        title: "what the web server hands to PHP",
        run: |_| Box::pin(async { php::web_server() }),
    },
    Check {
        id: "leftovers",
        title: "settings that nicetap has changed",
        run: |all| Box::pin(async { php::leftovers(all) }),
    },
    Check {
        id: "redaction",
        title: "a secret is masked",
        run: |_| Box::pin(async { local::redaction() }),
    },
    Check {
        id: "dns-production",
        title: "the name of production",
        run: |all| Box::pin(network::name(all, PRODUCTION)),
    },
    Check {
        id: "dns-sandbox",
        title: "the name of the sandbox",
        run: |all| Box::pin(network::name(all, SANDBOX)),
    },
    Check {
        id: "tls-production",
        title: "TLS with production",
        run: |all| Box::pin(network::tls(all, PRODUCTION)),
    },
    Check {
        id: "tls-sandbox",
        title: "TLS with the sandbox",
        run: |all| Box::pin(network::tls(all, SANDBOX)),
    },
    Check {
        id: "clock",
        title: "this machine's clock",
        run: |all| Box::pin(network::clock(all)),
    },
    Check {
        id: "outbound",
        title: "the outbound IP",
        run: |all| Box::pin(network::outbound(all)),
    },
];
