//! N709: Content-Length is given twice or is no number.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports more than one `Content-Length`, or one that is not a plain decimal number. The
    /// request was not forwarded.
    ///
    /// ## Why it matters
    /// The length says where the body ends and the next request begins. If two readers see two
    /// lengths, they see two different requests.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Content-Length: +5\r\n
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
    N709 "bad-content-length": Wire, Error, Is,
    check: Refusal,
    summary: "Content-Length is given twice or is no number",
    fix: "let the HTTP client write Content-Length; remove yours",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let seen = match refusal.defect.kind {
        DefectKind::TwoContentLengths => "more than one Content-Length",
        DefectKind::BadContentLength => "a value that is no plain number",
        _ => return None,
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text![seen],
        text!["one Content-Length of digits only"],
    ))
}
