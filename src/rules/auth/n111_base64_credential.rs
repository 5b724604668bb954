//! N111: the credential is encoded in base64.
use crate::facts::{Encoding, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an `Authorization` value that is the base64 of `username:api_secret`, without a
    /// scheme word.
    ///
    /// ## Why it matters
    /// Basic authentication, which most APIs use, wants base64; this API wants the bare pair.
    /// Once encoded, the value has no colon, and the API cannot split it.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: YWxpY2U6bm90LWEtcmVhbC1zZWNyZXQ=
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
    /// - PHP: drop `base64_encode`
    /// - Python: drop `b64encode`, and `auth=` of requests
    /// - Node: drop `btoa` and `Buffer.from(…).toString('base64')`
    /// - curl: `-H` with the plain pair
    ///
    /// ## References
    /// - RFC 7617: Basic authentication, which this is not.
    N111 "base64-credential": Auth, Error, Is,
    check: Request,
    cause: "2",
    summary: "the credential is encoded in base64",
    fix: "send the pair as it is: drop base64_encode, b64encode, btoa",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let seen = match request.flaws.encoding? {
        Encoding::Base64 => "the pair in base64, without a word in front",
        Encoding::Base64Twice => "the pair in base64, encoded twice",
        _ => return None,
    };
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![seen],
        text!["username:api_secret as it is, without any encoding"],
    ))
}
