//! N415: an empty reply.
use crate::facts::{Reply, ReplyBody, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a reply with a good status and nothing in it.
    ///
    /// ## Why it matters
    /// Every documented reply has a body. Without one nobody can say whether the call was carried
    /// out.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Length: 0
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"code":0,"msg":"success","data":{"example.com":"available"}}
    /// ```
    N415 "empty-reply": Reply, Error, Is,
    check: Reply,
    summary: "an empty reply",
    fix: "treat it as \"not known\": for a paid call look at the domain list before you try again",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    let is_empty = reply.body == ReplyBody::Empty && reply.may_have_body;
    if !is_empty || !reply.is_ok() || reply.is_cut {
        return None;
    }
    Some(Hit::new(
        At::Reply,
        text!["no body"],
        text!["{\"code\":…,\"msg\":…}"],
    ))
}
