//! N325: a call without parameters and without a body.
use crate::facts::{Body, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a POST, PUT or PATCH with neither parameters nor a body.
    ///
    /// ## Why it matters
    /// The body was lost on its way out: a variable was empty, `json_encode` failed and gave
    /// false, or a redirect turned the call into an empty one.
    ///
    /// ## Bad
    /// ```http
    /// POST /v2/ HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// Content-Length: 0
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
    /// - PHP curl: leave out CURLOPT_POST; append `http_build_query($params)` to the URL
    /// - requests: `get(url, params=params)`; axios: `get(url, { params })`
    N325 "empty-body": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a call without parameters and without a body",
    fix: "send the parameters in the query; an empty POST says nothing",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let has_body = matches!(&*request.method, "POST" | "PUT" | "PATCH");
    let is_empty = matches!(request.body, Body::None) && request.params.is_empty();
    if !has_body || !is_empty || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Body,
        text!["no parameters, and an empty body"],
        text!["category, action, and the parameters of the action"],
    ))
}
