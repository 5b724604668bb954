//! N101: no Authorization header, or an empty one.
use crate::facts::{Authorization, Request};
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
    if !request.is_for_api() {
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
        hit
    })
}
