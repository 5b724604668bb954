//! N718: HTTP/2 where HTTP/1.1 is expected.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a client that speaks HTTP/2 without asking. The connection was closed.
    ///
    /// ## Why it matters
    /// nicetap speaks HTTP/1.1 with clients and says so in the TLS handshake. A client that was
    /// told to speak HTTP/2 from the start cannot be answered.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// PRI * HTTP/2.0\r\n
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
    N718 "http2-preface": Wire, Error, Is,
    check: Refusal,
    summary: "HTTP/2 where HTTP/1.1 is expected",
    fix: "set the client to HTTP/1.1; with curl: --http1.1",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::Http2Preface = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::Connection,
        text!["the opening words of HTTP/2"],
        text!["HTTP/1.1"],
    ))
}
