//! What a reply says.
use crate::http1::ReplyHead;
use crate::redact::seal::Raw;

use super::Secret;

/// A reply as it came.
pub struct ReplyInput<'a> {
    /// The head, as sent.
    pub head: &'a ReplyHead,
    /// The beginning of the payload, without chunk lines; still compressed if it was sent so.
    pub prefix: &'a [u8],
    /// Whether this is all of it.
    pub whole: bool,
}

/// `{"code":…,"msg":…,"data":…}`
pub struct Envelope {
    /// The body code.
    pub code: i64,
    /// The message.
    pub msg: Raw<Box<str>>,
}

/// All facts of a reply.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// NiceNIC's envelope, if the body is one.
    pub envelope: Option<Envelope>,
    /// All secrets in it.
    pub secrets: Vec<Secret>,
}
