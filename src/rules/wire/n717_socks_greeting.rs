//! N717: SOCKS where HTTP is expected.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a SOCKS greeting on the proxy port. The connection was closed.
    ///
    /// ## Why it matters
    /// The proxy URL begins with `socks5://`, or the client's proxy type is SOCKS. nicetap is an
    /// HTTP proxy.
    ///
    /// ## Bad
    /// ```http
    /// # defect: SocksGreeting 1
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
    N717 "socks-greeting": Wire, Error, Is,
    check: Refusal,
    summary: "SOCKS where HTTP is expected",
    fix: "write http:// in the proxy URL; in PHP set CURLOPT_PROXYTYPE to CURLPROXY_HTTP",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::SocksGreeting = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::Connection,
        text!["a SOCKS greeting"],
        text!["http:// in the proxy URL"],
    ))
}
