//! N118: two credentials in one header.
use crate::facts::{Halves, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an `Authorization` value that holds the same user's credential twice, joined by a
    /// comma.
    ///
    /// ## Why it matters
    /// HTTP libraries and proxies join two headers of one name with a comma. The API splits at
    /// the first colon: all that follows is taken for the secret.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret, alice:not-a-real-secret
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
    /// ## References
    /// - RFC 9110, section 5.3: joining headers of one name.
    N118 "two-credentials": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "two credentials in one header",
    fix: "send one pair; something joined two headers of this name into one",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.flaws.halves != Some(Halves::List) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text!["two credentials with a comma between them"],
        text!["username:api_secret, once"],
    ))
}
