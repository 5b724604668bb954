//! N312: a value that has not the documented form.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a value that is not of its parameter's documented type: a number, a date, a host
    /// name, a domain name, an address.
    ///
    /// ## Why it matters
    /// The API answers with "Request parameter error" and does not say which value it means.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=https://example.com/ HTTP/1.1
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
    N312 "wrong-shape": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a value that has not the documented form",
    fix: "send the value in the form of the documentation's example",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, wanted, more) = request.review.first(|kind| match kind {
        SlipKind::Shape(wanted) => Some(wanted),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["a value of another form"].and_more(more),
        text![wanted],
    );
    Some(hit)
}
