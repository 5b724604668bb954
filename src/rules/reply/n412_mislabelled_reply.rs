//! N412: the reply is not of the coding that it names.
use crate::facts::{Reply, ReplyBody, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a reply whose `Content-Encoding` names gzip, deflate or br, and whose body is
    /// something else.
    ///
    /// ## Why it matters
    /// Clients that undo the coding fail with an error that says nothing of the API's answer.
    ///
    /// ## Bad
    /// ```http
    /// # reply-content: mislabelled
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    /// Content-Encoding: gzip
    ///
    /// {"code":0}
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
    N412 "mislabelled-reply": Reply, Error, Is,
    check: Reply,
    summary: "the reply is not of the coding that it names",
    fix: "ask for no compression: `Accept-Encoding: identity`; tell NiceNIC",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    if reply.body != ReplyBody::Mislabelled {
        return None;
    }
    Some(Hit::new(
        At::Reply,
        text!["a body that is not compressed as its head says"],
        text!["a body of the named coding"],
    ))
}
