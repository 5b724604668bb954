//! N120: the credential stands in Proxy-Authorization.
use crate::facts::{Misplaced, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports `Proxy-Authorization` inside the tunnel to the API, and no credential in
    /// `Authorization`.
    ///
    /// ## Why it matters
    /// That header is taken off on the way: it speaks to a proxy. The API sees no credential at
    /// all.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Content-Type: application/json
    /// Proxy-Authorization: alice:not-a-real-secret
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
    /// - curl: `-H`, not `--proxy-header` and not `-U`
    /// - PHP curl: CURLOPT_HTTPHEADER, not CURLOPT_PROXYHEADER
    /// - requests: `headers=`; a password in the proxy's URL is for the proxy
    ///
    /// ## References
    /// - RFC 9110, section 11.7.2: Proxy-Authorization.
    N120 "credential-for-proxy": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "the credential stands in Proxy-Authorization",
    fix: "send it as `Authorization`; Proxy-Authorization is for the proxy alone",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let is_for_proxy = matches!(request.misplaced, Some(Misplaced::ForProxy));
    if !is_for_proxy || request.has_authorization() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Proxy-Authorization"),
        text!["a credential for a proxy, and none for the API"],
        text!["Authorization: username:api_secret"],
    ))
}
