//! N330: several Content-Type headers.
use crate::facts::{ContentType, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports more than one `Content-Type` header.
    ///
    /// ## Why it matters
    /// Which one counts is up to the server. PHP's curl sends each line of CURLOPT_HTTPHEADER as
    /// it is.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
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
    /// - PHP curl: one line in CURLOPT_HTTPHEADER
    /// - Guzzle: not both `json` and a Content-Type of your own in another spelling
    /// - curl: one `-H 'Content-Type: …'`
    ///
    /// ## References
    /// - RFC 9110, section 5.3: only headers whose value is a list may stand twice.
    N330 "several-content-types": Param, Warn, Is,
    check: Request,
    cause: "7",
    summary: "several Content-Type headers",
    fix: "send one Content-Type; look for a library option that adds a second one",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let ContentType::Given { is_repeated, .. } = &request.content_type else {
        return None;
    };
    if !request.is_for_api() {
        return None;
    }
    if !is_repeated {
        return None;
    }
    Some(Hit::new(
        At::Header("Content-Type"),
        text!["more than one such header"],
        text!["one"],
    ))
}
