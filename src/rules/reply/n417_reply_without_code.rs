//! N417: JSON without a code.
use crate::facts::{Reply, ReplyBody, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports JSON that has no `code`.
    ///
    /// ## Why it matters
    /// Every documented reply has `code` and `msg`. Without them another program answered, or the
    /// API changed.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"status":"ok"}
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
    N417 "reply-without-code": Reply, Warn, Is,
    check: Reply,
    summary: "JSON without a code",
    fix: "check host and path: this is not the API's envelope",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    if reply.body != ReplyBody::OtherJson || !reply.is_ok() {
        return None;
    }
    Some(Hit::new(
        At::Reply,
        text!["JSON without a code"],
        text!["{\"code\":…,\"msg\":…}"],
    ))
}
