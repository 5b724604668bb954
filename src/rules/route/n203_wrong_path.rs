//! N203: a path other than /v2/.
use crate::facts::Request;
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

use super::n204_wrong_version::names_another_version;

declare_rule! {
    /// ## What it does
    /// Reports a path that is not exactly `/v2/`.
    ///
    /// ## Why it matters
    /// The documentation knows one path, `/v2/`; category and action are parameters, not parts of
    /// the path. NiceNIC names a wrong URL and a missing slash among the causes of a refused
    /// login.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
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
    /// - Guzzle: `base_uri` ends with `/v2/`, and the request's own path is empty
    /// - axios: `baseURL` ends with `/v2/`; requests: the whole URL, then `params=`
    /// - WHMCS: where a module has the API's URL in it, that ends with `/v2/`
    N203 "wrong-path": Route, Error, Likely,
    check: Request,
    cause: "6",
    summary: "a path other than /v2/",
    fix: "request /v2/ and put everything else into the query: /v2/?category=…&action=…",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let path = &**request.path.expose();
    if path == b"/v2/" || names_another_version(path) || !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::Path,
        text![Raw::new(String::from_utf8_lossy(path).into())],
        text!["/v2/"],
    );
    Some(if path == b"/v2" {
        hit.with_fix(text![
            "add the slash at the end of the path: /v2/?category=…"
        ])
    } else {
        hit
    })
}
