//! N419: a status that speaks of a mistake in the request.
use crate::facts::{Reply, ReplyBody, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a status from 400 to 499 for which there is no rule of its own, without a code in
    /// the body.
    ///
    /// ## Why it matters
    /// Which statuses the API uses is not documented. 404 and 405 come from a web server that
    /// does not know the path or the method.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/domain?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 404 Not Found
    /// Content-Type: application/json
    ///
    /// {"message":"no route"}
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
    N419 "error-status": Reply, Warn, Is,
    check: Reply,
    cause: "6",
    summary: "a status that speaks of a mistake in the request",
    fix: "check host, path and method; the body may say more",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    let is_plain = matches!(reply.status, 400 | 402 | 404..=406 | 408..=428 | 430..500);
    let is_told = matches!(reply.body, ReplyBody::Html { .. }) || reply.envelope.is_some();
    if !is_plain || is_told {
        return None;
    }
    Some(Hit::new(
        At::Reply,
        text!["status ", u64::from(reply.status)],
        text!["status 200"],
    ))
}
