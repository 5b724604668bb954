//! N406: the reply ended before its end.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a reply whose body the server broke off.
    ///
    /// ## Why it matters
    /// The call may have been carried out all the same. What was read is not the whole answer.
    ///
    /// ## Bad
    /// ```http
    /// # reply-content: cut
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"code":0,"msg":"succ
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
    N406 "reply-cut-short": Reply, Error, Is,
    check: Reply,
    summary: "the reply ended before its end",
    fix: "do not trust what came; for a paid call look at the domain list before you try again",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    if !reply.is_cut {
        return None;
    }
    Some(Hit::new(
        At::Reply,
        text!["a body that breaks off"],
        text!["the whole body"],
    ))
}
