//! N329: Content-Type has a parameter that means nothing.
use crate::facts::{ContentType, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a parameter of `application/json` other than a charset, such as a boundary.
    ///
    /// ## Why it matters
    /// JSON has no such parameter. A boundary is left from a form with files: look whether the
    /// rest of it is.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json; boundary=abc
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N329 "stray-type-parameter": Param, Info, Is,
    check: Request,
    summary: "Content-Type has a parameter that means nothing",
    fix: "send `Content-Type: application/json` and nothing after it",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let ContentType::Given { stray, .. } = &request.content_type else {
        return None;
    };
    if !request.is_for_api() {
        return None;
    }
    let stray = stray.clone()?;
    Some(Hit::new(
        At::Header("Content-Type"),
        text!["the parameter ", stray],
        text!["application/json"],
    ))
}
