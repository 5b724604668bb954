//! N304: Content-Type is not application/json.
use crate::facts::{Agent, ContentType, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a `Content-Type` other than `application/json`. A charset after it is fine.
    ///
    /// ## Why it matters
    /// NiceNIC names a type other than `application/json` among the causes of a refused call. HTTP
    /// clients set a form type by themselves when they are given a body. The documentation's
    /// header block misprints the type as `application-json`.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/x-www-form-urlencoded
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
    /// - curl: `-H 'Content-Type: application/json'`; `-d` and `-F` set a form type
    /// - PHP curl: a line in CURLOPT_HTTPHEADER; CURLOPT_POSTFIELDS sets a form type
    /// - Guzzle: `query` and `headers`; `form_params` sets a form type
    /// - requests: `params=` and `headers=`; `data=` sets a form type
    /// - axios: `params` and `headers`; URLSearchParams as `data` sets a form type
    N304 "content-type-wrong": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "Content-Type is not application/json",
    fix: "send `Content-Type: application/json`; curl -d and PHP POSTFIELDS set a form type by themselves",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let ContentType::Given { essence, .. } = &request.content_type else {
        return None;
    };
    if &**essence.expose() == "application/json" || !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::Header("Content-Type"),
        text![essence.clone()],
        text!["application/json"],
    );
    Some(match &**essence.expose() {
        "application-json" => hit.with_fix(text![
            "write a slash: application/json; the documentation's header block has a misprint"
        ]),
        _ => hit.in_words_of(request.agent, &FIXES),
    })
}

const FIXES: [(Agent, &str); 5] = [
    (
        Agent::Curl,
        "add -H 'Content-Type: application/json'; -d and -F set a form type by themselves",
    ),
    (
        Agent::PhpCurl,
        "add 'Content-Type: application/json' to CURLOPT_HTTPHEADER; POSTFIELDS sets a form type",
    ),
    (
        Agent::Guzzle,
        "use 'query' for the parameters and 'headers' for the type; form_params sets a form type",
    ),
    (
        Agent::Requests,
        "use params= for the parameters and headers= for the type; data= sets a form type",
    ),
    (
        Agent::Axios,
        "use params for the parameters and headers for the type; URLSearchParams sets a form type",
    ),
];
