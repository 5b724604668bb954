//! N124: user name and secret stand in front of the host.
use crate::facts::{Misplaced, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a URL of the form `http://username:secret@host/`.
    ///
    /// ## Why it matters
    /// HTTP clients turn it into Basic authentication, which the API does not know, or send it to
    /// a proxy in clear text. It is shown only where a URL with its host reaches nicetap.
    ///
    /// ## Bad
    /// ```http
    /// # via: absolute
    /// # scheme: http
    /// GET http://alice:not-real@api.nicenic.net/v2/?category=user&action=transactions HTTP/1.1
    /// Host: api.nicenic.net
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
    /// - curl: `-H 'Authorization: username:api_secret'` and a URL that begins with the host
    /// - PHP curl: CURLOPT_HTTPHEADER; PHP's libcurl makes `Basic` of what stands in the URL
    /// - requests and axios: `headers`; both make `Basic` of what stands in the URL
    ///
    /// ## References
    /// - RFC 9110, section 4.2.4: userinfo in http URLs is deprecated.
    N124 "credential-in-url": Auth, Warn, Is,
    check: Request,
    cause: "2",
    summary: "user name and secret stand in front of the host",
    fix: "take them out of the URL and send `Authorization: username:api_secret`",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if !matches!(request.misplaced, Some(Misplaced::Url)) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::RequestLine,
        text!["a user name or secret in front of the host"],
        text!["https://host/v2/, and the credential in a header"],
    ))
}
