//! N119: the credential stands under another header name.
use crate::facts::{Misplaced, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request without a credential in `Authorization`, and with one in a header of
    /// another name: `Authorisation`, `X-Api-Key`, `HTTP_AUTHORIZATION`.
    ///
    /// ## Why it matters
    /// The API reads one header. `HTTP_AUTHORIZATION` is how PHP shows a header that came in;
    /// nobody sends it. NiceNIC names a misspelt header among the causes of a refused login.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Content-Type: application/json
    /// Authorisation: alice:not-a-real-secret
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
    /// - curl: `-H 'Authorization: username:api_secret'`
    /// - PHP curl: `'Authorization: ' . $pair` in CURLOPT_HTTPHEADER
    /// - Guzzle: `'headers' => ['Authorization' => $pair]`
    /// - requests: `headers={"Authorization": pair}`; axios: `headers: { Authorization: pair }`
    N119 "misnamed-authorization": Auth, Error, Is,
    check: Request,
    cause: "2",
    summary: "the credential stands under another header name",
    fix: "call the header exactly `Authorization`",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let Some(Misplaced::Header(name)) = &request.misplaced else {
        return None;
    };
    if request.has_authorization() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::WireHeader(name.clone()),
        text!["a header named ", name.clone()],
        text!["Authorization"],
    ))
}
