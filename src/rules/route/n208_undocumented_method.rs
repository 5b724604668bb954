//! N208: a method that the documentation does not show.
use crate::facts::Request;
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a method other than GET.
    ///
    /// ## Why it matters
    /// Every documented example is a GET. Whether the API takes another method is not documented:
    /// it may work.
    ///
    /// ## Bad
    /// ```http
    /// POST /v2/?category=domain&action=check&domains=example.com HTTP/1.1
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
    /// - PHP curl: leave out CURLOPT_POST and CURLOPT_POSTFIELDS
    /// - Guzzle: `$client->get($url, ['query' => $params])`
    /// - requests: `requests.get(url, params=params)`
    N208 "undocumented-method": Route, Info, Is,
    check: Request,
    summary: "a method that the documentation does not show",
    fix: "use GET with the parameters in the query, as the documentation's examples do",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if &*request.method == "GET" || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::RequestLine,
        text!["the method ", Raw::new(request.method.clone())],
        text!["GET"],
    ))
}
