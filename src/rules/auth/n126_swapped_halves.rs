//! N126: user name and secret may be swapped.
use crate::facts::{Halves, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a credential whose first half has digits and signs, like a password, and whose
    /// second is a plain word, like a user name. Neither half is shown then.
    ///
    /// ## Why it matters
    /// With the halves swapped the API knows neither. It is a guess by their looks.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: n0t+a=r3al/s3cret:alice
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
    N126 "swapped-halves": Auth, Warn, May,
    check: Request,
    cause: "2",
    summary: "user name and secret may be swapped",
    fix: "put the user name before the colon, and the API password after it",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.flaws.halves != Some(Halves::Swapped) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text!["a first half like a secret, a second like a user name"],
        text!["username:api_secret, once"],
    ))
}
