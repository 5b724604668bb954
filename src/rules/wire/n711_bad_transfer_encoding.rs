//! N711: a Transfer-Encoding other than chunked.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a `Transfer-Encoding` that is not exactly one `chunked`. The request was not
    /// forwarded.
    ///
    /// ## Why it matters
    /// A coding that one reader knows and another does not changes where the request ends.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Transfer-Encoding: gzip, chunked\r\n
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
    N711 "bad-transfer-encoding": Wire, Error, Is,
    check: Refusal,
    summary: "a Transfer-Encoding other than chunked",
    fix: "remove Transfer-Encoding and let the HTTP client frame the body",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::BadTransferEncoding = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text!["another coding, or more than one"],
        text!["chunked, or none"],
    ))
}
