//! N212: a # in the URL cuts off what follows.
use crate::facts::{Request, UrlSlip};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a `#` in the request's target. What follows it is a fragment: it stays with the
    /// client, and nicetap does not send it on.
    ///
    /// ## Why it matters
    /// A value with a `#`, such as an address, ends there, and later parameters do not arrive.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com#top HTTP/1.1
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
    /// - PHP: `http_build_query($params)`; Python: `params=`; axios: `params`
    /// - curl: `-G --data-urlencode 'name=a#b'`
    N212 "fragment-in-url": Route, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a # in the URL cuts off what follows",
    fix: "encode # as %23 in values, and drop it elsewhere",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.review.url != Some(UrlSlip::Fragment) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::RequestLine,
        text!["a `#`, after which nothing goes on"],
        text!["%23 for a # in a value"],
    ))
}
