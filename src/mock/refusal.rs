//! Why the mock refuses a call, and with which code and text.
use thiserror::Error;

/// Why a call is refused, in words that never repeat what the caller sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    /// The caller's address is not in the list.
    #[error("{0}")]
    Caller(&'static str),
    /// The credential is absent, misformed or wrong.
    #[error("{0}")]
    Login(&'static str),
    /// The catalogue does not know the category and action.
    #[error("no documented action has this category and action")]
    Action,
    /// A parameter is missing, or has a value that the documentation excludes.
    #[error("{0}")]
    Parameters(String),
}

impl Refusal {
    /// The body code.
    pub(super) const fn code(&self) -> i64 {
        match self {
            Self::Caller(_) => 403,
            Self::Login(_) => 401,
            Self::Action | Self::Parameters(_) => 400,
        }
    }

    /// The message.
    pub(super) const fn msg(&self) -> &'static str {
        match self {
            Self::Caller(_) => "IP address is not in the whitelist",
            Self::Login(_) => "Authentication failed",
            Self::Action | Self::Parameters(_) => "Request parameter error",
        }
    }

    /// How much of the answer is a guess.
    pub(super) const fn standing(&self) -> &'static str {
        match self {
            Self::Caller(_) | Self::Login(_) => "this code, text and HTTP status are guesses",
            Self::Action => "that NiceNIC answers so is a guess",
            Self::Parameters(_) => "code and text are documented, the HTTP status is a guess",
        }
    }
}
