//! N710: Content-Length together with Transfer-Encoding.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request that gives its length and is chunked at once. The request was not
    /// forwarded.
    ///
    /// ## Why it matters
    /// Two readers may take either, and then disagree where the request ends. That is how requests
    /// are smuggled past a proxy.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Content-Length: 5\r\n
    /// Transfer-Encoding: chunked\r\n
    /// \r\n
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Authorization: alice:not-a-real-secret\r\n
    /// Content-Type: application/json\r\n
    /// \r\n
    /// ```
    ///
    /// ## References
    /// - RFC 9112, section 6.1: why both together are refused.
    N710 "length-and-coding": Wire, Error, Is,
    check: Refusal,
    summary: "Content-Length together with Transfer-Encoding",
    fix: "send one of both; let the HTTP client choose",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::LengthAndCoding = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text!["both"],
        text!["Content-Length or Transfer-Encoding"],
    ))
}
