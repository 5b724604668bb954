//! N103: the Authorization value has no colon.
use crate::facts::{Authorization, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an `Authorization` value without the colon between user name and secret.
    ///
    /// ## Why it matters
    /// The API splits the value at its first colon. A secret alone, a pair joined by something
    /// else, or a pair in base64 cannot be split.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: not-a-real-secret
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
    /// - curl: `-H 'Authorization: username:api_secret'`
    /// - PHP: `$username . ':' . $secret`
    /// - Python: `f"{username}:{secret}"`; Node: `` `${username}:${secret}` ``
    N103 "missing-colon": Auth, Error, Is,
    check: Request,
    cause: "2",
    summary: "the Authorization value has no colon",
    fix: "join user name and API password (WHMCS: API Secret) with one colon: `username:api_secret`",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let flaws = &request.flaws;
    // A pair that is only encoded, or example text, has a rule of its own.
    let is_other = flaws.placeholder.is_some() || flaws.encoding.is_some();
    if !matches!(request.authorization, Authorization::NoColon) || is_other || !request.is_for_api()
    {
        return None;
    }
    let seen = match flaws.instead {
        Some(what) => text![what, ", and no colon"],
        None => text!["a value without a colon"],
    };
    Some(Hit::new(
        At::Header("Authorization"),
        seen,
        text!["username:api_secret"],
    ))
}
