//! N712: a CONNECT that announces a body.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a CONNECT with a body. No tunnel was opened.
    ///
    /// ## Why it matters
    /// A CONNECT has none: what follows it is the tunnel. A reader that skips the body would
    /// swallow the beginning of the TLS handshake.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// CONNECT api.nicenic.net:443 HTTP/1.1\r\n
    /// Host: api.nicenic.net:443\r\n
    /// Content-Length: 5\r\n
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
    N712 "body-on-connect": Wire, Error, Is,
    check: Refusal,
    summary: "a CONNECT that announces a body",
    fix: "send no Content-Length with CONNECT; update the HTTP client",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::BodyOnConnect = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text!["a length or coding"],
        text!["CONNECT without a body"],
    ))
}
