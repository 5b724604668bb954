//! N323: the JSON body is not an object.
use crate::facts::{Body, JsonTop, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a JSON body that is a list, a number, or a string that holds JSON once more.
    ///
    /// ## Why it matters
    /// Parameters have names, so that the body must be an object, if it is read at all. A string
    /// of JSON means that it was encoded twice.
    ///
    /// ## Bad
    /// ```http
    /// POST /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    ///
    /// "{\"action\":\"check\"}"
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N323 "json-without-object": Param, Error, Likely,
    check: Request,
    cause: "7",
    summary: "the JSON body is not an object",
    fix: "send one object with the parameters as its members; encode it once",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let seen = match request.body {
        Body::Json(JsonTop::TextOfJson) => "a string that holds JSON: encoded twice",
        Body::Json(JsonTop::List) => "a list",
        Body::Json(JsonTop::Scalar) => "a single value",
        _ => return None,
    };
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(At::Body, text![seen], text!["an object"]))
}
