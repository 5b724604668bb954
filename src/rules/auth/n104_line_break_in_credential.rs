//! N104: a line break at the credential breaks the head.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a line break, or a line that begins with white space, in or right after the
    /// `Authorization` header. The request was not forwarded.
    ///
    /// ## Why it matters
    /// A secret that was read from a file or a variable often ends in a line break. PHP's curl
    /// sends it as it is: the head then ends there for one server and goes on for another, and the
    /// fields that follow, Content-Type among them, become part of the body. A blank in front of
    /// `Authorization` glues the line to the header before it, so that no credential arrives at
    /// all.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Authorization: alice:not-a-real-secret\n
    /// \r\n
    /// ```
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    ///  Authorization: alice:not-a-real-secret\r\n
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
    /// ## Fix
    /// - PHP: `trim(file_get_contents($file))`
    /// - Python: `.read().strip()`
    /// - a shell: `$(cat file)` takes the line end off by itself
    ///
    /// ## References
    /// - RFC 9112, section 2.2: line ends. Section 5.2: line folding, which is obsolete.
    N104 "line-break-in-credential": Auth, Error, Is,
    check: Refusal,
    cause: "2",
    summary: "a line break at the credential breaks the head",
    fix: "trim the API password: trim() in PHP, .strip() in Python; file_get_contents keeps the line end",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    if !refusal.near_authorization {
        return None;
    }
    let is_named = refusal
        .defect
        .field
        .as_ref()
        .is_some_and(|name| name.eq_ignore_ascii_case("authorization"));
    let seen = match refusal.defect.kind {
        DefectKind::BareLf => text!["a bare line feed at the end of the value"],
        DefectKind::BareCr => text!["a carriage return in the value"],
        DefectKind::EarlyEnd => text!["an empty line after the value, then more fields"],
        DefectKind::Fold if is_named => text!["white space in front of the header's name"],
        DefectKind::Fold => text!["a value that goes on in the next line"],
        _ => return None,
    };
    let hit = Hit::new(
        At::Header("Authorization"),
        seen,
        text!["username:api_secret in one line, and nothing after it"],
    );
    Some(match refusal.defect.kind {
        DefectKind::Fold if is_named => hit.with_fix(text![
            "remove the blank before `Authorization` where your code lists the headers"
        ]),
        _ => hit,
    })
}
