//! N714: head, field count or URL over the limit.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a head of more than 64 KiB or 256 fields, or a URL of more than 32 KiB. The request
    /// was not forwarded.
    ///
    /// ## Why it matters
    /// Servers have limits of their own, mostly 8 KiB. A head of this size is hardly meant.
    ///
    /// ## Bad
    /// ```http
    /// # defect: HeadTooLarge 1
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
    N714 "head-too-large": Wire, Error, Is,
    check: Refusal,
    summary: "head, field count or URL over the limit",
    fix: "send less: check for a header or parameter that grows in a loop",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let seen = match refusal.defect.kind {
        DefectKind::HeadTooLarge => "a head of more than 64 KiB",
        DefectKind::TooManyFields => "more than 256 fields",
        DefectKind::TargetTooLong => "a URL of more than 32 KiB",
        _ => return None,
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text![seen],
        text!["at most 64 KiB, 256 fields, a URL of 32 KiB"],
    ))
}
