//! N128: user name and secret are the same.
use crate::facts::{Halves, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a credential whose halves are the same text.
    ///
    /// ## Why it matters
    /// One variable or setting was used twice. The API password differs from the login password,
    /// and from the user name.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice01:alice01
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
    N128 "equal-halves": Auth, Warn, Likely,
    check: Request,
    cause: "2",
    summary: "user name and secret are the same",
    fix: "put the API password after the colon: one variable was used for both halves",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.flaws.halves != Some(Halves::Equal) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text!["the same text on both sides of the colon"],
        text!["username:api_secret, once"],
    ))
}
