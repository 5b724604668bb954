//! N101: no Authorization header, or an empty one.
use crate::facts::{Agent, Authorization, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request to the API that has no `Authorization` header, or one without a value.
    ///
    /// ## Why it matters
    /// The API knows the caller by this header alone. Without it the call is refused, and the
    /// reply need not say why. libcurl drops a header that is given without a value, so an empty
    /// variable in the code means: no header at all.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
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
    /// - curl: `-H 'Authorization: username:api_secret'`
    /// - PHP curl: `CURLOPT_HTTPHEADER => ['Authorization: ' . $username . ':' . $secret]`
    /// - Guzzle, axios: `headers`; requests: `headers={"Authorization": f"{username}:{secret}"}`
    /// - WHMCS: fill in Username and API Secret in the registrar's settings, and save them
    N101 "missing-authorization": Auth, Error, Is,
    check: Request,
    cause: "2",
    summary: "no Authorization header, or an empty one",
    fix: "send `Authorization: username:api_secret`; the secret is the API password (WHMCS: API Secret)",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let seen = match request.authorization {
        Authorization::Absent => text!["no such header"],
        Authorization::Empty => text!["the header without a value"],
        _ => return None,
    };
    // Rules of their own say where else the login stands.
    let is_elsewhere = request.misplaced.is_some() || request.legacy.login.is_some();
    if is_elsewhere || !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::Header("Authorization"),
        seen,
        text!["username:api_secret"],
    );
    Some(if request.has_only_category() {
        hit.with_fix(text![
            "put the URL in quotes first (N301): the shell cut off the rest of the command"
        ])
    } else {
        hit.in_words_of(request.agent, &FIXES)
    })
}

const FIXES: [(Agent, &str); 7] = [
    (
        Agent::Curl,
        "add -H 'Authorization: username:api_secret'; with an unset variable curl drops the header",
    ),
    (
        Agent::PhpCurl,
        "put 'Authorization: ' . $username . ':' . $secret into CURLOPT_HTTPHEADER; check both are set",
    ),
    (
        Agent::Guzzle,
        "add 'headers' => ['Authorization' => $username . ':' . $secret] to the request's options",
    ),
    (
        Agent::Requests,
        "pass headers={\"Authorization\": f\"{username}:{secret}\"}",
    ),
    (
        Agent::Axios,
        "pass headers: { Authorization: `${username}:${secret}` }; not the auth option",
    ),
    (
        Agent::Node,
        "pass headers: { Authorization: `${username}:${secret}` } to fetch",
    ),
    (
        Agent::Whmcs,
        "fill in Username and API Secret in the registrar module's settings, and save them",
    ),
];
