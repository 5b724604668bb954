//! N326: a body beside parameters in the query.
use crate::facts::{Body, JsonTop, Place, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a body in a request whose query names category and action.
    ///
    /// ## Why it matters
    /// The documented calls have no body, also where they say `Content-Type: application/json`.
    /// What is in it may be ignored, or may override the query.
    ///
    /// ## Bad
    /// ```http
    /// POST /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
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
    ///
    /// ## Fix
    /// - PHP curl: leave out CURLOPT_POSTFIELDS
    /// - requests: `get` without `data=` and `json=`; axios: without `data`
    /// - curl: no `-d`, or `-G` with it
    N326 "body-beside-query": Param, Info, Is,
    check: Request,
    summary: "a body beside parameters in the query",
    fix: "leave the body out: the documentation's examples have none",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let has_call = ["category", "action"].into_iter().all(|name| {
        let mut of_query = request
            .params
            .iter()
            .filter(|param| param.place == Place::Query);
        of_query.any(|param| param.is(name))
    });
    let has_body = matches!(
        request.body,
        Body::Json(JsonTop::Object) | Body::JsonAsForm | Body::Form | Body::Other
    );
    if !has_call || !has_body || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Body,
        text!["a body, and the call in the query"],
        text!["no body"],
    ))
}
