//! N319: parameters stand in the body, not in the query.
use crate::facts::{Agent, Place, Request};
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports parameters in a form or JSON body. The documentation shows all of them in the
    /// query.
    ///
    /// ## Why it matters
    /// The type `application/json` on every example tempts people to post JSON. Whether the API
    /// reads a body is not documented: it may.
    ///
    /// ## Bad
    /// ```http
    /// POST /v2/ HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
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
    /// - curl: `-G` puts what `-d` gives into the query
    /// - PHP curl: append `http_build_query($params)` to the URL
    /// - Guzzle: `query`; requests: `params=`; axios: `params`
    N319 "parameter-in-body": Param, Warn, May,
    check: Request,
    cause: "7",
    summary: "parameters stand in the body, not in the query",
    fix: "put the parameters into the query: /v2/?category=…&action=…; the body stays empty",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let mut of_body = request
        .params
        .iter()
        .filter(|param| param.place != Place::Query)
        // JSON that is also read as a form gives such a name.
        .filter(|param| !param.name.starts_with('{'));
    let first = of_body.next()?;
    if !request.is_for_api() {
        return None;
    }
    let name = Raw::new(first.name.clone());
    let seen = text![name, " in the body"].and_more(of_body.count() as u64);
    Some(
        Hit::new(At::Body, seen, text!["all parameters in the query"])
            .in_words_of(request.agent, &FIXES),
    )
}

const FIXES: [(Agent, &str); 5] = [
    (
        Agent::Curl,
        "add -G: curl then puts what -d and --data-urlencode give into the query",
    ),
    (
        Agent::PhpCurl,
        "append '?' . http_build_query($params) to the URL, and drop CURLOPT_POSTFIELDS",
    ),
    (
        Agent::Guzzle,
        "use 'query' => $params instead of 'json' or 'form_params'",
    ),
    (Agent::Requests, "use params= instead of json= or data="),
    (Agent::Axios, "use params instead of data"),
];
