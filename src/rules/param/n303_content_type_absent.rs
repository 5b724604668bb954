//! N303: no Content-Type header.
use crate::facts::{Agent, ContentType, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request without a `Content-Type` header.
    ///
    /// ## Why it matters
    /// Every example of the documentation sends `Content-Type: application/json`, also on a GET
    /// without a body, and NiceNIC names a wrong type among the causes of a refused call. Whether
    /// the API insists on it is not documented.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
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
    /// - curl: `-H 'Content-Type: application/json'`
    /// - PHP curl: `'Content-Type: application/json'` in CURLOPT_HTTPHEADER
    /// - Guzzle, requests, axios, Node's fetch: in `headers`
    /// - WHMCS: a module sends it from its own code: the line in its CURLOPT_HTTPHEADER
    N303 "content-type-absent": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "no Content-Type header",
    fix: "send `Content-Type: application/json`, on a GET too",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if !matches!(request.content_type, ContentType::Absent)
        || request.has_only_category()
        || !request.is_for_api()
    {
        return None;
    }
    let hit = Hit::new(
        At::Header("Content-Type"),
        text!["no such header"],
        text!["application/json"],
    );
    Some(hit.in_words_of(request.agent, &FIXES))
}

const FIXES: [(Agent, &str); 5] = [
    (Agent::Curl, "add -H 'Content-Type: application/json'"),
    (
        Agent::PhpCurl,
        "add 'Content-Type: application/json' to CURLOPT_HTTPHEADER",
    ),
    (
        Agent::Guzzle,
        "add 'Content-Type' => 'application/json' to 'headers'",
    ),
    (
        Agent::Requests,
        "add \"Content-Type\": \"application/json\" to headers=; params= sets no type",
    ),
    (
        Agent::Axios,
        "send data: '' along with the header: axios drops Content-Type where there is no body",
    ),
];
