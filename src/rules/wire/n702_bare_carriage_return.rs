//! N702: a CR in the head that ends no line.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a carriage return in the head that is not part of a line end. The request was not
    /// forwarded.
    ///
    /// ## Why it matters
    /// Some readers take it for a line end, others for a blank or for part of the value. It comes
    /// from files with Windows line ends that were split at `\n`.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// X-Note: a\r\r\n
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
    /// - RFC 9112, section 2.2: line ends.
    N702 "bare-carriage-return": Wire, Error, Is,
    check: Refusal,
    summary: "a CR in the head that ends no line",
    fix: "trim values that come from files with Windows line ends",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::BareCr = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text!["a \\r that ends no line"],
        text!["\\r\\n at the end of each line, and no \\r elsewhere"],
    ))
}
