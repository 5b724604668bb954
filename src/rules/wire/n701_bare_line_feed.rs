//! N701: a line of the head ends without its CR.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a line of the head that ends with a line feed alone. The request was not forwarded.
    ///
    /// ## Why it matters
    /// Some servers take a bare line feed for a line end, others do not: the fields after it exist
    /// for one and not for the other. nicetap does not mend it, since the call would then work
    /// here and fail without it.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// X-Note: a\n
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
    N701 "bare-line-feed": Wire, Error, Is,
    check: Refusal,
    summary: "a line of the head ends without its CR",
    fix: "end header lines with \\r\\n; trim values that come from files or variables",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::BareLf = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text!["a line that ends in \\n alone"],
        text!["\\r\\n at the end of each line"],
    ))
}
