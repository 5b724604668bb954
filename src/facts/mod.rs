//! Facts: what is derived once from a request or a reply. Rules read nothing else, and parse nothing.
//!
//! Everything here is raw. Nothing implements `Debug` or `Serialize`, and nothing leaves but through the redactor.

mod reply;
mod request;
mod target;

pub use reply::{Envelope, Reply, ReplyInput};
pub use request::{
    Arrival, Authorization, Body, BodyInput, Call, ContentType, Credential, JsonError, Param,
    Place, Request,
};
pub use target::{Authority, Environment, Scheme, Target, Via};

use crate::http1::Defect;
use crate::redact::seal::Raw;

/// Why a value is secret: the word in its mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The secret half of the API credential.
    ApiSecret,
    /// An Authorization value of another form.
    Authorization,
    /// Proxy-Authorization.
    ProxyAuthorization,
    /// A cookie.
    Cookie,
    /// A parameter that the catalogue calls secret, such as a transfer code.
    Parameter,
}

impl SecretKind {
    /// As it stands in a mask.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ApiSecret => "api_secret",
            Self::Authorization => "authorization",
            Self::ProxyAuthorization => "proxy_authorization",
            Self::Cookie => "cookie",
            Self::Parameter => "parameter",
        }
    }

    /// Whether it lasts beyond its exchange (DESIGN 4.4): credentials do, one-time values do not.
    pub const fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::ApiSecret | Self::Authorization | Self::ProxyAuthorization
        )
    }
}

/// A value that must not be shown anywhere, found on the wire.
#[derive(Clone)]
pub struct Secret {
    /// Why it is one.
    pub kind: SecretKind,
    /// The value, decoded as far as its place demands.
    pub value: Raw<Box<[u8]>>,
}

/// A head or body that must not be forwarded, as the rules see it.
pub struct Refusal {
    /// What is wrong, and where.
    pub defect: Defect,
    /// Whether the refused head holds an Authorization line, as far as a tolerant reader can tell.
    pub near_authorization: bool,
}
