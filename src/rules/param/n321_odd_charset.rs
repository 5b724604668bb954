//! N321: a charset other than UTF-8.
use crate::facts::{ContentType, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a charset other than UTF-8 in `Content-Type`.
    ///
    /// ## Why it matters
    /// JSON between systems is UTF-8. Names and addresses in another charset arrive with wrong
    /// letters.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json; charset=iso-8859-1
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
    /// - PHP curl: `'Content-Type: application/json'` in CURLOPT_HTTPHEADER
    /// - Guzzle, requests, axios: the same in `headers`; encode bodies as UTF-8
    ///
    /// ## References
    /// - RFC 8259, section 8.1: JSON is UTF-8.
    N321 "odd-charset": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a charset other than UTF-8",
    fix: "send UTF-8 and leave the charset out: application/json means UTF-8",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let ContentType::Given { charset, .. } = &request.content_type else {
        return None;
    };
    if !request.is_for_api() {
        return None;
    }
    let charset = charset.clone()?;
    Some(Hit::new(
        At::Header("Content-Type"),
        text!["charset=", charset],
        text!["application/json, in UTF-8"],
    ))
}
