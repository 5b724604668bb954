//! N703: an empty line in the middle of the header fields.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a head that ends, after which more of its fields follow. The request was not
    /// forwarded.
    ///
    /// ## Why it matters
    /// A value that ends in a line break of its own ends the head. The fields that follow are then
    /// taken for the body or for a second request.
    ///
    /// ## Bad
    /// ```http
    /// # defect: EarlyEnd 4
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// X-Note: a\r\n
    /// \r\n
    /// Content-Type: application/json\r\n
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
    N703 "early-end-of-head": Wire, Error, Is,
    check: Refusal,
    summary: "an empty line in the middle of the header fields",
    fix: "trim the value of the header before the empty line",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::EarlyEnd = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text!["an empty line, and more fields after it"],
        text!["one empty line, after the last field"],
    ))
}
