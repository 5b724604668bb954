//! N322: the body is JSON, the type says otherwise.
use crate::facts::{Body, ContentType, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a JSON body under a `Content-Type` that is not JSON.
    ///
    /// ## Why it matters
    /// A server that goes by the type reads it as a form or as plain text, and finds no
    /// parameters. curl's `-d` and PHP's POSTFIELDS set a form type by themselves.
    ///
    /// ## Bad
    /// ```http
    /// POST /v2/ HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/x-www-form-urlencoded
    ///
    /// {"category":"domain","action":"check","domains":"example.com"}
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
    /// - PHP curl: `json_encode($params)` for CURLOPT_POSTFIELDS; an array makes multipart of it
    /// - Guzzle: `json`, not `form_params`; requests: `json=`, not `data=`
    /// - axios: an object as `data`, not URLSearchParams
    /// - curl: `--json`, or `-d` with JSON in single quotes
    N322 "body-differs-from-type": Param, Warn, Is,
    check: Request,
    cause: "7",
    summary: "the body is JSON, the type says otherwise",
    fix: "send `Content-Type: application/json` with a JSON body",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let ContentType::Given { essence, .. } = &request.content_type else {
        return None;
    };
    let is_other = match request.body {
        Body::JsonAsForm => true,
        Body::Json(_) => !essence.expose().contains("json"),
        _ => false,
    };
    if !is_other || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Content-Type"),
        text!["JSON, sent as ", essence.clone()],
        text!["application/json"],
    ))
}
