//! N501: a paid call that succeeded was sent again.
use crate::facts::{Attempt, Past, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a call that costs money, and that had succeeded with the same parameters earlier
    /// in this run.
    ///
    /// ## Why it matters
    /// Paid calls are plain GETs, and the API has no key that would make a second one harmless: a
    /// retry, a double click or a prefetch may buy twice.
    ///
    /// ## Bad
    /// ```http
    /// # past: repeat 12 succeeded
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
    N501 "repeated-paid-action": Safety, Error, Likely,
    check: Past,
    summary: "a paid call that succeeded was sent again",
    fix: "look at the domain list and your transactions; send a paid call once, then wait for its reply",
    since: "0.1.0",
}

fn check(_: &Request, past: &Past) -> Option<Hit> {
    let repeat = past.repeat?;
    if repeat.ended != Attempt::Succeeded {
        return None;
    }
    Some(Hit::new(
        At::Query,
        text!["the same call succeeded ", repeat.seconds, " s before"],
        text!["one call for one order"],
    ))
}
