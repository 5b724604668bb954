//! N327: a value that is percent-encoded twice.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a value that holds `%40`, `%20` or the like after it was decoded.
    ///
    /// ## Why it matters
    /// The value was encoded by hand and then once more by a library. What arrives is not the
    /// address or name that was meant.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com%252Cexample.net HTTP/1.1
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
    /// - PHP: `http_build_query($params)` without `urlencode` on the values
    /// - requests and axios: give plain values to `params`
    /// - curl: `--data-urlencode` with plain values
    N327 "double-encoded-value": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a value that is percent-encoded twice",
    fix: "encode once: a library that takes parameters encodes them by itself",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, (), more) = request.review.first(|kind| match kind {
        SlipKind::EncodedTwice => Some(()),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["percent signs that are still there after decoding"].and_more(more),
        text!["a value that is encoded once"],
    );
    Some(hit)
}
