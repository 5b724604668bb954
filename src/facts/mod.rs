//! Facts: what is derived once from a request or a reply. Rules read nothing else, and parse nothing.
//!
//! Everything here is raw. Nothing implements `Debug` or `Serialize`, and nothing leaves but through the redactor.
//! Deriving is pure: no lock, no I/O, no state, and its cost is linear in the bytes that it is given.

mod agent;
mod body;
mod call;
mod credential;
mod dressing;
mod egress;
mod ending;
mod json;
mod legacy;
mod misplaced;
mod multipart;
mod params;
mod refusal;
mod reply;
mod request;
mod review;
mod safety;
mod secrets;
mod session;
mod target;

pub use agent::Agent;
pub use body::{Body, BodyInput, ContentType, JsonTop};
pub use call::Call;
pub use credential::{
    Authorization, Blank, Credential, Encoding, Flaws, Half, Halves, SchemeValue, base64_text,
};
pub use egress::{Egress, unseen_range};
pub use ending::Ending;
pub use json::JsonError;
pub use legacy::{Legacy, LegacyWord};
pub use misplaced::Misplaced;
pub use params::{Param, Place};
pub use refusal::Refusal;
pub use reply::{Content, Envelope, Redirect, Reply, ReplyBody, ReplyInput};
pub use request::{Arrival, Request};
pub use review::{Review, Slip, SlipKind, UrlSlip};
pub use safety::{Cost, Safety, Watch};
pub use secrets::{Secret, SecretKind, secrets_of_head, secrets_of_refused_head};
pub use session::{Attempt, Past, Repeat, Session};
pub use target::{Authority, Environment, Lookalike, PRODUCTION, SANDBOX, Scheme, Target, Via};
