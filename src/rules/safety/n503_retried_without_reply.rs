//! N503: a paid call was repeated without a reply.
use crate::facts::{Attempt, Past, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a call that costs money, and that had been sent with the same parameters earlier
    /// in this run without a readable reply.
    ///
    /// ## Why it matters
    /// A client that waited too short, or lost its connection, does not know whether the order
    /// was placed. The API has no key that would make a second one harmless.
    ///
    /// ## Bad
    /// ```http
    /// # past: repeat 31 unknown
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
    N503 "retried-without-reply": Safety, Error, Likely,
    check: Past,
    summary: "a paid call was repeated without a reply",
    fix: "look at the domain list before you repeat it: the first one may have been carried out",
    since: "0.1.0",
}

fn check(_: &Request, past: &Past) -> Option<Hit> {
    let repeat = past.repeat?;
    if repeat.ended != Attempt::Unknown {
        return None;
    }
    Some(Hit::new(
        At::Query,
        text![
            "the same call had no readable reply ",
            repeat.seconds,
            " s before"
        ],
        text!["a look at the domain list first"],
    ))
}
