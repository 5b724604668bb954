//! Facts: what is derived once from a request or a reply. Rules read nothing else, and parse nothing.
//!
//! Everything here is raw. Nothing implements `Debug` or `Serialize`, and nothing leaves but through the redactor.
//! Deriving is pure: no lock, no I/O, no state, and its cost is linear in the bytes that it is given.

mod body;
mod call;
mod credential;
mod egress;
mod json;
mod multipart;
mod params;
mod refusal;
mod reply;
mod request;
mod safety;
mod secrets;
mod target;

pub use body::{Body, BodyInput, ContentType};
pub use call::Call;
pub use credential::{Authorization, Blank, Credential, Flaws, Half, SchemeValue};
pub use egress::{Egress, unseen_range};
pub use json::JsonError;
pub use params::{Param, Place};
pub use refusal::Refusal;
pub use reply::{Envelope, Reply, ReplyInput};
pub use request::{Arrival, Request};
pub use safety::{Cost, Safety, Watch};
pub use secrets::{Secret, SecretKind, secrets_of_head, secrets_of_refused_head};
pub use target::{Authority, Environment, Lookalike, Scheme, Target, Via};
