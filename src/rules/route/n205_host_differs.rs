//! N205: the Host or TLS name differs from the URL's.
use crate::facts::Request;
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request whose `Host` header or TLS server name is not the host of its CONNECT or
    /// URL. nicetap answers it with 421 and does not forward it.
    ///
    /// ## Why it matters
    /// Two names for one request mean that two readers may send it to two places. The usual reason
    /// is a `Host` header set by hand, or a URL that was changed in one place of two.
    ///
    /// ## Bad
    /// ```http
    /// # connect: api.nicenic.net:443
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: sandbox-api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Fix
    /// - curl: no `-H 'Host: …'`; `--connect-to` dials elsewhere and keeps the name
    /// - PHP curl: no Host line in CURLOPT_HTTPHEADER; CURLOPT_CONNECT_TO does the same
    /// - Node: no `servername` and no `host` header by hand
    ///
    /// ## References
    /// - RFC 9110, section 7.4: misdirected requests. Section 15.5.20: status 421.
    N205 "host-differs": Route, Error, Is,
    check: Request,
    summary: "the Host or TLS name differs from the URL's",
    fix: "give URL, Host header and TLS server name the same host; remove a Host header set by hand",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let name = request.other_name.clone()?;
    let (at, seen) = if request.host_differs {
        (At::Header("Host"), text![name])
    } else {
        (At::Connection, text!["the TLS server name ", name])
    };
    let asked = Raw::new(request.target.authority.to_string().into());
    Some(Hit::new(at, seen, text![asked]))
}
