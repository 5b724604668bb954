//! N411: the reply has bytes that are not UTF-8.
use crate::facts::{Reply, ReplyBody, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a reply with bytes that are no UTF-8.
    ///
    /// ## Why it matters
    /// `json_decode` gives null for such a body, and Python raises an error.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// # raw:
    /// HTTP/1.1 200 OK\r\n
    /// Content-Type: application/json\r\n
    /// \r\n
    /// {"code":0,"msg":"success","data":"caf\xe9"}
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
    N411 "reply-not-utf8": Reply, Warn, Is,
    check: Reply,
    summary: "the reply has bytes that are not UTF-8",
    fix: "do not parse it as JSON before you have converted it; tell NiceNIC",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    if !reply.is_not_utf8 || matches!(reply.body, ReplyBody::Html { .. }) {
        return None;
    }
    Some(Hit::new(
        At::Reply,
        text!["a byte that is not UTF-8"],
        text!["UTF-8"],
    ))
}
