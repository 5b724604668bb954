//! N708: no Host, two of them, or one that is no host name.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request without `Host`, with more than one, or with one that is not `name` or
    /// `name:port`. The request was not forwarded.
    ///
    /// ## Why it matters
    /// HTTP/1.1 demands exactly one. With two, two readers may see two hosts. A URL, or a user
    /// name and a password, does not belong there.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain HTTP/1.1\r\n
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
    N708 "bad-host-header": Wire, Error, Is,
    check: Refusal,
    summary: "no Host, two of them, or one that is no host name",
    fix: "let the HTTP client write the Host header; remove yours",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let seen = match refusal.defect.kind {
        DefectKind::NoHost => "no Host header",
        DefectKind::TwoHosts => "more than one Host header",
        DefectKind::BadHost => "a value that is no host name",
        _ => return None,
    };
    Some(Hit::new(
        At::Header("Host"),
        text![seen],
        text!["one Host: name or name:port"],
    ))
}
