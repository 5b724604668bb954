//! N704: a header line that begins with white space.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a header line that begins with a blank or a tab. The request was not forwarded.
    ///
    /// ## Why it matters
    /// By an old rule such a line continues the header before it: the header that was meant does
    /// not exist, and the one before it has a wrong value. PHP code makes it with a blank in front
    /// of a name: `' Content-Type: …'`.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    ///  Content-Type: application/json\r\n
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
    /// - RFC 9112, section 5.2: line folding, which is obsolete.
    N704 "folded-header": Wire, Error, Is,
    check: Refusal,
    summary: "a header line that begins with white space",
    fix: "remove the blank in front of the header name; write each header in one line",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::Fold = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text!["white space at the beginning of a header line"],
        text!["a header name at the beginning of the line"],
    ))
}
