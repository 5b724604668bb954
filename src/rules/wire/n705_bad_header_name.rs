//! N705: a header line without a sound name.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a header line without a colon, with white space before its colon, or with a name
    /// that has other bytes than letters, digits and hyphens. The request was not forwarded.
    ///
    /// ## Why it matters
    /// Readers differ: some drop the line, some refuse the request, some take the name without its
    /// blank. It comes from heads that are put together by hand.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Content-Type : application/json\r\n
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
    N705 "bad-header-name": Wire, Error, Is,
    check: Refusal,
    summary: "a header line without a sound name",
    fix: "write headers as `Name: value`, one a line, and let the HTTP client send them",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let seen = match refusal.defect.kind {
        DefectKind::SpaceBeforeColon => "white space between name and colon",
        DefectKind::NoColon => "a line without a colon",
        DefectKind::BadFieldName => "a byte that no name may have, or no name",
        _ => return None,
    };
    let hit = Hit::new(
        At::defect(&refusal.defect),
        text![seen],
        text!["Name: value"],
    );
    Some(match refusal.defect.kind {
        DefectKind::SpaceBeforeColon => hit.with_fix(text![
            "remove the white space between the header name and its colon"
        ]),
        _ => hit,
    })
}
