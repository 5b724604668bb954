//! Bodies as they are read, by the record and by the guard alike: without their content coding, as far as it can be
//! undone. What is forwarded stays as it came.
use std::borrow::Cow;

use crate::capture::{End, Prefix};
use crate::decode::{self, Cap, Undecodable};
use crate::facts::{self, Arrival, BodyInput, Content, ReplyInput};
use crate::http1::Fields;
use crate::stumble::{self, Place};

use super::draft::{ReplyPart, RequestPart};

impl RequestPart {
    /// The facts of the request, now that so much is known of its body.
    pub fn facts_with(&self, body: BodyInput<'_>) -> facts::Request {
        stumble::at(Place::Derive, self.head.bytes());
        facts::Request::derive(&self.arrival(), body)
    }

    /// What is left of the facts where that panicked.
    pub fn facts_unread(&self) -> facts::Request {
        facts::Request::unread(&self.arrival())
    }

    fn arrival(&self) -> Arrival<'_> {
        Arrival {
            target: &self.facts.target,
            head: &self.head,
            path_and_query: self.path_and_query.expose(),
            sni: self.sni.as_deref(),
            time: Some(self.time),
        }
    }
}

impl ReplyPart {
    /// The facts of the reply to this request.
    pub fn facts(&self, request: &facts::Request) -> facts::Reply {
        ReplyView::of(self, request).facts
    }
}

/// A reply with its body decoded, and what was derived from it.
pub(super) struct ReplyView<'a> {
    pub(super) part: &'a ReplyPart,
    pub(super) view: Option<View<'a>>,
    pub(super) facts: facts::Reply,
}

impl<'a> ReplyView<'a> {
    pub(super) fn of(part: &'a ReplyPart, request: &facts::Request) -> Self {
        stumble::at(Place::Derive, part.head.bytes());
        let view = part
            .body
            .as_ref()
            .map(|prefix| View::of(part.head.fields(), prefix));
        let (prefix, whole) = view
            .as_ref()
            .map_or((&b""[..], true), |view| (&view.bytes[..], view.whole));
        // An empty body is of every coding.
        let is_empty = part
            .body
            .as_ref()
            .is_none_or(|body| body.bytes().is_empty());
        let opaque = view.as_ref().and_then(|view| view.opaque);
        let content = match opaque.filter(|_| !is_empty) {
            None => Content::Decoded,
            Some(Undecodable::Corrupt) => Content::Mislabelled,
            Some(_) => Content::Unreadable,
        };
        let ended = part
            .body
            .as_ref()
            .map_or(End::Complete, |prefix| prefix.end);
        let input = ReplyInput {
            head: &part.head,
            prefix,
            whole,
            content,
            is_cut: ended == End::Failed,
        };
        let facts = facts::Reply::derive(&input, request);
        Self { part, view, facts }
    }

    /// Whether this cannot be a reply of the API, which answers with JSON, whatever its status says: a web page, a
    /// redirect, or what no client can parse.
    pub(super) fn is_foreign(&self) -> bool {
        let kind = self.part.head.fields().first("content-type");
        let is_page = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with(b"text/html"));
        is_page || matches!(self.part.head.status(), 300..400) || self.facts.is_no_json()
    }
}

/// A body's copy without its content coding, as far as it can be read.
pub(super) struct View<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) whole: bool,
    /// Why it could not be decoded.
    pub(super) opaque: Option<Undecodable>,
}

impl<'a> View<'a> {
    pub(super) fn of(fields: &Fields, prefix: &'a Prefix) -> Self {
        let whole = !prefix.is_truncated() && prefix.end == End::Complete;
        let coding = fields
            .first("content-encoding")
            .filter(|coding| !coding.eq_ignore_ascii_case(b"identity"));
        let Some(coding) = coding else {
            return Self {
                bytes: Cow::Borrowed(prefix.bytes()),
                whole,
                opaque: None,
            };
        };
        match decode::decode(coding, prefix.bytes(), VIEW) {
            Ok(decoded) => Self {
                bytes: Cow::Owned(decoded.bytes),
                whole: whole && decoded.whole,
                opaque: None,
            },
            Err(undecodable) => Self {
                bytes: Cow::Borrowed(&[]),
                whole: false,
                opaque: Some(undecodable),
            },
        }
    }
}

/// A view of a body, for reading: what is forwarded stays as it came.
const VIEW: Cap = Cap {
    bytes: 256 * 1024,
    ratio: 100,
};
