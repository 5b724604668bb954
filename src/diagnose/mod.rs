//! What to make of an exchange: a verdict in one word, ranked causes with evidence, and what differs from a call that
//! worked.
//!
//! It looks at sealed records only, so that a run and a log that is read back are judged alike. What the API's
//! documentation does not say is not assumed: a cause is "likely" or "may be" unless something said it outright.
pub use causes::{Found, diagnose};
pub use checklist::{Answer, Point, checklist, subject};
pub use compare::{Difference, differences, nearest};
pub use memory::{Memory, Sketch, outbound};
pub use suspects::Cause;
pub use verdict::{verdict, verdict_by_status};

mod catalogue;
mod causes;
mod checklist;
mod compare;
mod memory;
mod message;
mod suspects;
mod verdict;
