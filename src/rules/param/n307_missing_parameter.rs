//! N307: a documented parameter is missing.
use crate::facts::{Body, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports parameters that the documentation lists for the action, does not mark as optional,
    /// and that did not arrive.
    ///
    /// ## Why it matters
    /// The documentation has no column for what is required. The API's own message, "Request
    /// parameter error", does not say which one it misses.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=renew&domain=example.com&year=1 HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Fix
    /// - PHP: `http_build_query` leaves out what is `null`: give it a value
    /// - requests: `params=` leaves out what is `None`; axios: what is `undefined` or `null`
    N307 "missing-parameter": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a documented parameter is missing",
    fix: "add it; names and values stand in the documentation of the action",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (first, rest) = request.review.missing.split_first()?;
    let is_open = matches!(request.body, Body::Pending | Body::Other | Body::BadJson(_));
    if is_open || !request.is_for_api() {
        return None;
    }
    let seen = text!["no ", *first].and_more(rest.len() as u64);
    Some(Hit::new(
        At::Query,
        seen,
        text!["every parameter that is not marked as optional"],
    ))
}
