//! N303: no Content-Type header.
use crate::facts::{ContentType, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request without a `Content-Type` header.
    ///
    /// ## Why it matters
    /// Every example of the documentation sends `Content-Type: application/json`, also on a GET
    /// without a body, and NiceNIC names a wrong type among the causes of a refused call. Whether
    /// the API insists on it is not documented.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N303 "content-type-absent": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "no Content-Type header",
    fix: "send `Content-Type: application/json`, on a GET too",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if !matches!(request.content_type, ContentType::Absent)
        || request.has_only_category()
        || !request.is_for_api()
    {
        return None;
    }
    Some(Hit::new(
        At::Header("Content-Type"),
        text!["no such header"],
        text!["application/json"],
    ))
}
