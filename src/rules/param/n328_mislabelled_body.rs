//! N328: the body is not of the coding that is named.
use crate::facts::{Body, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a body whose `Content-Encoding` names gzip, deflate or br, and which is not
    /// compressed so.
    ///
    /// ## Why it matters
    /// A server that undoes the coding finds nothing. The header was copied from another request,
    /// where it was true.
    ///
    /// ## Bad
    /// ```http
    /// # body: mislabelled
    /// POST /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// Content-Encoding: gzip
    ///
    /// {}
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N328 "mislabelled-body": Param, Error, Is,
    check: Request,
    cause: "7",
    summary: "the body is not of the coding that is named",
    fix: "drop the Content-Encoding header, or compress the body",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if !matches!(request.body, Body::Mislabelled) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Content-Encoding"),
        text!["a body that is not compressed like this"],
        text!["no such header"],
    ))
}
