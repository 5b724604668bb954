//! N116: JSON where the credential belongs.
use crate::facts::{Authorization, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an `Authorization` value that is a JSON list or object.
    ///
    /// ## Why it matters
    /// A credential was read from a settings file as a whole, or a header was given as a list
    /// where a string was due.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: ["alice:not-a-real-secret"]
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
    N116 "json-credential": Auth, Error, Is,
    check: Request,
    cause: "2",
    summary: "JSON where the credential belongs",
    fix: "send the bare pair; take the text out of the list or object first",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if !matches!(request.authorization, Authorization::Json) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text!["JSON: a list or an object"],
        text!["username:api_secret"],
    ))
}
