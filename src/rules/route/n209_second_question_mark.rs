//! N209: a second ? where & belongs.
use crate::facts::{Request, UrlSlip};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a `?` inside the query with a parameter behind it.
    ///
    /// ## Why it matters
    /// Only the first `?` begins the query. What follows the second is a part of the value before
    /// it, and the parameter does not arrive.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain?action=check&domains=example.com HTTP/1.1
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
    N209 "second-question-mark": Route, Error, Likely,
    check: Request,
    cause: "7",
    summary: "a second ? where & belongs",
    fix: "write ? once, after /v2/, and & between the parameters",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.review.url != Some(UrlSlip::SecondQuestionMark) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Query,
        text!["a second `?`, and a parameter after it"],
        text!["& between parameters"],
    ))
}
