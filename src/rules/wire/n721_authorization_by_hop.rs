//! N721: the Connection header names Authorization.
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a `Connection` header that lists `Authorization`.
    ///
    /// ## Why it matters
    /// What Connection lists belongs to one hop: the next server on the way takes it off, and the
    /// API sees no credential.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// Connection: keep-alive, Authorization
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
    /// - RFC 9110, section 7.6.1: Connection.
    N721 "authorization-by-hop": Wire, Error, Is,
    check: Request,
    cause: "2",
    summary: "the Connection header names Authorization",
    fix: "take Authorization out of the Connection header",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if !request.drops_authorization || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Connection"),
        text!["Authorization among the fields of one hop"],
        text!["keep-alive or close"],
    ))
}
