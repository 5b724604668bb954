//! N132: a second copy of the login beside the header.
use crate::facts::{Misplaced, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a parameter or cookie that holds a login, in a request that has an `Authorization`
    /// header.
    ///
    /// ## Why it matters
    /// The API reads the header. A copy in the URL lands in the logs of every server on the way.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com&api_secret=not-a-real-secret HTTP/1.1
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
    /// - PHP: drop the login from `http_build_query`; Guzzle: from `query`
    /// - requests: drop it from `params=`; axios: from `params`
    N132 "secret-beside-header": Auth, Warn, Likely,
    check: Request,
    summary: "a second copy of the login beside the header",
    fix: "take the login out of query, body and cookies: the Authorization header is enough",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (at, name) = match request.misplaced.as_ref()? {
        Misplaced::Query(name) | Misplaced::Form(name) | Misplaced::Json(name) => {
            (At::Param(name.clone()), name)
        }
        Misplaced::Cookie(name) => (At::Header("Cookie"), name),
        _ => return None,
    };
    if !request.has_authorization() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        at,
        text!["a secret in ", name.clone(), " beside the header"],
        text!["the Authorization header alone"],
    ))
}
