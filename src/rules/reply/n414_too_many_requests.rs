//! N414: the server asks to slow down.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports status 429.
    ///
    /// ## Why it matters
    /// Limits are not documented. A client that repeats at once stays blocked.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 429 Too Many Requests
    /// Content-Type: application/json
    /// Retry-After: 30
    ///
    /// {"code":429,"msg":"Too many requests"}
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
    N414 "too-many-requests": Reply, Warn, Is,
    check: Reply,
    summary: "the server asks to slow down",
    fix: "wait as long as Retry-After says, and space out your calls",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    if reply.status != 429 {
        return None;
    }
    let seen = match &reply.retry_after {
        Some(time) => text!["status 429, Retry-After: ", time.clone()],
        None => text!["status 429"],
    };
    Some(Hit::new(At::Reply, seen, text!["fewer calls"]))
}
