//! N716: TLS where plain HTTP is expected.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a TLS handshake on the proxy port. The connection was closed.
    ///
    /// ## Why it matters
    /// The proxy URL begins with `https://`. That is about the way to the proxy, not to the API:
    /// the proxy speaks plain HTTP on this machine, and https inside the tunnel.
    ///
    /// ## Bad
    /// ```http
    /// # defect: TlsHello 1
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
    N716 "tls-on-plain-port": Wire, Error, Is,
    check: Refusal,
    summary: "TLS where plain HTTP is expected",
    fix: "write http:// in the proxy URL: http://127.0.0.1:8899, also for https targets",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::TlsHello = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::Connection,
        text!["a TLS handshake"],
        text!["http:// in the proxy URL"],
    ))
}
