//! N123: the credential stands in a cookie.
use crate::facts::{Misplaced, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request without an `Authorization` header, with a cookie that is called like a
    /// login.
    ///
    /// ## Why it matters
    /// Cookies are how a browser stays logged in to the website. The API does not know them.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Content-Type: application/json
    /// Cookie: api_secret=not-a-real-secret
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
    /// - curl: `-H 'Authorization: …'` instead of `-b`
    /// - PHP curl: CURLOPT_HTTPHEADER instead of CURLOPT_COOKIE
    /// - requests: `headers=` instead of `cookies=`
    N123 "credential-in-cookie": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "the credential stands in a cookie",
    fix: "take it out of there and send `Authorization: username:api_secret`",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let Some(Misplaced::Cookie(name)) = &request.misplaced else {
        return None;
    };
    if request.has_authorization() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Cookie"),
        text!["a login in the cookie ", name.clone()],
        text!["Authorization: username:api_secret"],
    ))
}
