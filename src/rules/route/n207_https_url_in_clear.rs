//! N207: an https:// URL sent to the proxy without a tunnel.
use crate::facts::{Request, Via};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports `GET https://…` in clear on the proxy port, where a CONNECT tunnel is due. nicetap
    /// speaks TLS with the server in the client's place.
    ///
    /// ## Why it matters
    /// The client checks no certificate, and on the way to the proxy the credential is readable.
    /// With a proxy on another machine that would be a leak; most proxies refuse such requests.
    ///
    /// ## Bad
    /// ```http
    /// # via: absolute-https
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
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
    /// - axios: update, or `proxy: false` with an `httpsAgent` of https-proxy-agent
    /// - Node: undici's `ProxyAgent`, or https-proxy-agent
    /// - PHP streams: `proxy` of the context speaks so to https URLs: use PHP's curl
    N207 "https-url-in-clear": Route, Warn, Is,
    check: Request,
    summary: "an https:// URL sent to the proxy without a tunnel",
    fix: "update the HTTP client (axios does this up to 1.12.2), or give it an agent that sends CONNECT",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.target.via != Via::AbsoluteHttps || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::RequestLine,
        text!["an https:// URL in clear text"],
        text!["CONNECT, then TLS inside it"],
    ))
}
