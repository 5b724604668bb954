//! N121: the credential stands in the query.
use crate::facts::{Misplaced, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request without an `Authorization` header whose query holds a login: `username`
    /// and `password`, `api_secret`, `token`.
    ///
    /// ## Why it matters
    /// The API does not read a login there, and the URL lands in the logs of every server on the
    /// way: set a new API password if that was a real one.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=user&action=transactions&user=alice&pwd=not-real-1 HTTP/1.1
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
    /// - curl: `-H 'Authorization: username:api_secret'`, and a URL without the login
    /// - PHP curl: CURLOPT_HTTPHEADER; take it out of `http_build_query`
    /// - Guzzle: `headers` instead of `query`; requests: `headers=` instead of `params=`
    /// - axios: `headers` instead of `params`
    N121 "credential-in-query": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "the credential stands in the query",
    fix: "take it out of there and send `Authorization: username:api_secret`",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let Some(Misplaced::Query(name)) = &request.misplaced else {
        return None;
    };
    if request.has_authorization() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Param(name.clone()),
        text!["a secret in the parameter ", name.clone()],
        text!["Authorization: username:api_secret"],
    ))
}
