//! N715: the head did not arrive to its end.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a head that was not whole after 10 seconds, or whose client went away. Nothing was
    /// forwarded.
    ///
    /// ## Why it matters
    /// The client died, gave up, or waits for something. A head built by hand often lacks the
    /// empty line at its end.
    ///
    /// ## Bad
    /// ```http
    /// # defect: CutHead 1
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
    N715 "unfinished-head": Wire, Error, Is,
    check: Refusal,
    summary: "the head did not arrive to its end",
    fix: "end the head with an empty line, and send it in one piece",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let seen = match refusal.defect.kind {
        DefectKind::SlowHead => "a head that took too long",
        DefectKind::CutHead => "a connection that ended inside the head",
        _ => return None,
    };
    Some(Hit::new(
        At::Connection,
        text![seen],
        text!["a head that ends with an empty line"],
    ))
}
