//! N403: the order is accepted and not finished.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports code 201, "Pending order".
    ///
    /// ## Why it matters
    /// The API took the order and works on it; for a transfer this is success. There is no key
    /// that would make a second attempt harmless, so that a retry may order and pay twice.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=renew&domain=example.com&deaddate=2025-01-01&year=1 HTTP/1.1
    /// Host: sandbox-api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"code":201,"msg":"Pending order, please wait for the order to be processed!"}
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
    N403 "pending-order": Reply, Info, Is,
    check: Reply,
    summary: "the order is accepted and not finished",
    fix: "wait, and look at the domain list; do not send it again: that may buy twice",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    if !reply.is_pending() {
        return None;
    }
    Some(Hit::new(
        At::Reply,
        text!["code 201: accepted, not finished"],
        text!["no second attempt"],
    ))
}
