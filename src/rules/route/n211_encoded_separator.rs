//! N211: the & between parameters is encoded too.
use crate::facts::{Request, UrlSlip};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a value that holds `&name=`: the separators were percent-encoded along with the
    /// values.
    ///
    /// ## Why it matters
    /// The whole query was encoded in one go, so that it arrives as one parameter.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain%26action%3Dcheck%26domains%3Dexample.com HTTP/1.1
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
    /// - PHP: `http_build_query($params)`, and no `urlencode` around it
    /// - Python: `params=` of requests, or `urllib.parse.urlencode`
    /// - curl: `-G` with one `--data-urlencode name=value` for each
    N211 "encoded-separator": Route, Error, Likely,
    check: Request,
    cause: "7",
    summary: "the & between parameters is encoded too",
    fix: "encode each value by itself, then join them with &; do not encode the whole query",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.review.url != Some(UrlSlip::EncodedSeparator) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Query,
        text!["a parameter inside another one's value"],
        text!["& between parameters, not encoded"],
    ))
}
