//! N305: the body is not valid JSON.
use crate::facts::{Body, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a body that says or looks like JSON and is not: where it goes wrong, and why.
    ///
    /// ## Why it matters
    /// A body that cannot be parsed has no parameters. NiceNIC names invalid JSON among the causes
    /// of a refused call.
    ///
    /// ## Bad
    /// ```http
    /// POST /v2/ HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    ///
    /// {
    ///   "category": "domain",
    ///   "action": "check",
    /// }
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
    /// - PHP: `json_encode($params)`; print_r, serialize and http_build_query write something else
    /// - Python: `json.dumps(params)`, or `json=` of requests; `str(params)` writes single quotes
    /// - curl in a shell: single quotes round the JSON, double quotes in it
    ///
    /// ## References
    /// - RFC 8259: the JSON data interchange format.
    N305 "invalid-json-body": Param, Error, Is,
    check: Request,
    cause: "7",
    summary: "the body is not valid JSON",
    fix: "let a library write the body: json_encode (PHP), json.dumps (Python), JSON.stringify (Node)",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let Body::BadJson(error) = &request.body else {
        return None;
    };
    if !request.is_for_api() {
        return None;
    }
    let at = At::BodyPlace {
        line: error.line,
        column: error.column,
    };
    Some(Hit::new(at, text![error.reason], text!["valid JSON"]))
}
