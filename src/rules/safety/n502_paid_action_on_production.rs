//! N502: a call that costs money, on production.
use crate::catalogue::Risk;
use crate::facts::{Environment, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Points out a call to the production system that registers, renews or transfers.
    ///
    /// ## Why it matters
    /// It is as it should be, unless it was meant as a test. NiceNIC advises to begin with calls
    /// that cost nothing.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=renew&domain=example.com&deaddate=2025-01-01&year=1 HTTP/1.1
    /// Host: api.nicenic.net
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
    N502 "paid-action-on-production": Safety, Info, Is,
    check: Request,
    summary: "a call that costs money, on production",
    fix: "try it on the sandbox first: https://sandbox-api.nicenic.net/v2/, with the sandbox's own secret",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let is_paid = request.review.action?.risk == Risk::Spend;
    if !is_paid || request.target.environment != Environment::Production {
        return None;
    }
    Some(Hit::new(
        At::Query,
        text!["a paid call on production"],
        text!["the sandbox, for a test"],
    ))
}
