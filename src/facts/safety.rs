//! What the guard knows of a call: what it may cost, and what no byte of the request says.
use std::time::Duration;

use crate::catalogue::Risk;

use super::{Body, Environment, Request};

/// What stands around a request: settings, and calls before it. Filled in by the guard.
#[derive(Clone, Copy, Default)]
pub struct Safety {
    /// How paid calls to production are treated.
    pub watch: Watch,
    /// The environment that the user expects.
    pub expected: Option<Environment>,
    /// How long ago the same paid action was sent for the same domain, if that is within the window.
    pub repeated: Option<Duration>,
}

/// How paid calls to production are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// They pass.
    #[default]
    Off,
    /// They are flagged.
    Paid,
    /// They are held; one of unknown cost counts as paid.
    PaidOrUnknown,
}

/// What a call may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Nothing, by the catalogue; or it asks for nothing.
    None,
    /// Money.
    Paid,
    /// Its action is not listed, or a part of it cannot be read.
    Unknown,
    /// The head does not tell, and the body is still on its way.
    Pending,
}

impl Request {
    /// What the call may cost, as its riskiest reading has it.
    pub fn cost(&self) -> Cost {
        match self.call.risk {
            Risk::Spend => Cost::Paid,
            Risk::Read | Risk::Change if !matches!(self.body, Body::Pending) => Cost::None,
            _ if matches!(self.body, Body::Pending) => Cost::Pending,
            _ if self.asks_nothing() => Cost::None,
            _ => Cost::Unknown,
        }
    }

    /// A look at a page: a safe method, no parameter, no body.
    fn asks_nothing(&self) -> bool {
        let is_safe = matches!(&*self.method, "GET" | "HEAD" | "OPTIONS");
        is_safe && self.params.is_empty() && matches!(self.body, Body::None)
    }
}
