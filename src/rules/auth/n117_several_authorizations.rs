//! N117: several Authorization headers.
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports more than one `Authorization` header.
    ///
    /// ## Why it matters
    /// One of them counts, and which one is not documented. PHP's curl sends each line of
    /// CURLOPT_HTTPHEADER as it is, also when two have one name.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:wrong-a-real-secret
    /// Content-Type: application/json
    /// Authorization: alice:not-a-real-secret
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
    /// - PHP curl: one line in CURLOPT_HTTPHEADER, and no CURLOPT_USERPWD
    /// - Guzzle: either the client's default `headers` or the request's, in the same spelling
    /// - requests: not both `session.headers` and `auth=`
    /// - axios: look for an interceptor that appends to `Authorization`
    ///
    /// ## References
    /// - RFC 9110, section 5.3: only headers whose value is a list may stand twice.
    N117 "several-authorizations": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "several Authorization headers",
    fix: "send one: look for a second place in your code, or a library option, that sets the header",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.authorizations < 2 || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![request.authorizations as u64, " headers of this name"],
        text!["one"],
    ))
}
