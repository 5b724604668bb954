//! How an exchange came to its end, beyond what request and reply say themselves.
use std::time::Duration;

/// How an exchange ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ending {
    /// Whether the client closed its connection before it had the whole reply.
    pub client_left: bool,
    /// Whether a reply had begun.
    pub has_reply: bool,
    /// From the request's whole head to the end.
    pub waited: Duration,
    /// Whether nicetap had to send `100 Continue` in the origin's place.
    pub continue_missed: bool,
}
