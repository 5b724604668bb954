//! N505: a pending order was sent again.
use crate::facts::{Attempt, Past, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a call that costs money, and that the API had accepted as pending earlier in this
    /// run.
    ///
    /// ## Why it matters
    /// Code 201 means that the order is being worked on. Sent again, it may be ordered and paid
    /// twice.
    ///
    /// ## Bad
    /// ```http
    /// # past: repeat 5 pending
    /// GET /v2/?category=domain&action=renew&domain=example.com&deaddate=2025-01-01&year=1 HTTP/1.1
    /// Host: sandbox-api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=renew&domain=example.com&deaddate=2025-01-01&year=1 HTTP/1.1
    /// Host: sandbox-api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N505 "pending-order-resent": Safety, Error, Likely,
    check: Past,
    summary: "a pending order was sent again",
    fix: "wait: the first one was accepted; look at the domain list and your transactions",
    since: "0.1.0",
}

fn check(_: &Request, past: &Past) -> Option<Hit> {
    let repeat = past.repeat?;
    if repeat.ended != Attempt::Pending {
        return None;
    }
    Some(Hit::new(
        At::Query,
        text!["the same call was accepted ", repeat.seconds, " s before"],
        text!["no second attempt"],
    ))
}
