//! N122: the credential stands in the body.
use crate::facts::{Misplaced, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request without an `Authorization` header whose body holds a login: `username`
    /// and `password`, `api_secret`, `token`.
    ///
    /// ## Why it matters
    /// Many APIs log in like that. This one reads the `Authorization` header alone.
    ///
    /// ## Bad
    /// ```http
    /// POST /v2/ HTTP/1.1
    /// Host: api.nicenic.net
    /// Content-Type: application/json
    ///
    /// {"category":"domain","action":"check","domains":"example.com",
    ///  "username":"alice","password":"not-a-real-secret"}
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
    /// - curl: `-H 'Authorization: username:api_secret'`, and no `-d` with the login
    /// - PHP curl: CURLOPT_HTTPHEADER instead of CURLOPT_POSTFIELDS
    /// - Guzzle: `headers` instead of `json` or `form_params`
    /// - requests: `headers=` instead of `json=` or `data=`; axios: `headers` instead of `data`
    N122 "credential-in-body": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "the credential stands in the body",
    fix: "take it out of there and send `Authorization: username:api_secret`",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (what, name) = match request.misplaced.as_ref()? {
        Misplaced::Form(name) => ("a secret in the form's field ", name),
        Misplaced::Json(name) => ("a secret in the member ", name),
        _ => return None,
    };
    if request.has_authorization() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Param(name.clone()),
        text![what, name.clone()],
        text!["Authorization: username:api_secret"],
    ))
}
