//! N115: the value repeats the header's name or an option.
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an `Authorization` value that begins with `Authorization:`, `-H` or `-u`.
    ///
    /// ## Why it matters
    /// Where a library asks for a header's value, the whole line of an example was given. The API
    /// takes `Authorization` for the user name.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: Authorization: alice:not-a-real-secret
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
    /// - PHP curl: one string in CURLOPT_HTTPHEADER, `'Authorization: ' . $pair`
    /// - Guzzle: `'headers' => ['Authorization' => $pair]`
    /// - requests: `headers={"Authorization": pair}`
    N115 "header-name-in-value": Auth, Error, Is,
    check: Request,
    cause: "2",
    summary: "the value repeats the header's name or an option",
    fix: "give the name and the value apart: the value begins with the user name",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let what = request.flaws.pasted?;
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![what, " in front of the credential"],
        text!["username:api_secret, nothing in front"],
    ))
}
