//! N133: the credential in a trailer field.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an `Authorization` field that comes after a chunked body instead of before it. The
    /// request was cut off there.
    ///
    /// ## Why it matters
    /// A field that authenticates may not be a trailer (RFC 9110 section 6.5.1): who reads the call
    /// decides before the trailer is there, and most readers throw it away.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// POST /v2/ HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Transfer-Encoding: chunked\r\n
    /// \r\n
    /// 0\r\n
    /// Authorization: alice:not-a-real-secret\r\n
    /// \r\n
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N133 "credential-in-trailer": Auth, Error, Is,
    check: Refusal,
    cause: "2",
    summary: "the credential in a trailer field",
    fix: "send Authorization with the other header fields, before the body",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    (refusal.defect.kind == DefectKind::CredentialTrailer).then(|| {
        Hit::new(
            At::Body,
            text!["the credential in a trailer field"],
            text!["the Authorization header in the head"],
        )
    })
}
