//! N210: parameters are separated by &amp;.
use crate::facts::{Request, UrlSlip};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports `&amp;` in the query: the next parameter's name begins with `amp;`.
    ///
    /// ## Why it matters
    /// The URL was written for HTML, copied out of a page's source, or built by PHP with
    /// `arg_separator.output` set to `&amp;`. All parameters but the first have a wrong name.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&amp;action=check&amp;domains=example.com HTTP/1.1
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
    /// - PHP: `http_build_query($params, '', '&')`; `arg_separator.output` may say `&amp;`
    /// - WHMCS: a URL that was stored as a setting comes back with `&amp;`: html_entity_decode() it
    /// - a template: do not escape a URL that is sent, only one that is shown
    N210 "html-ampersand": Route, Error, Is,
    check: Request,
    cause: "7",
    summary: "parameters are separated by &amp;",
    fix: "use a plain &; in PHP pass it to http_build_query: http_build_query($params, '', '&')",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.review.url != Some(UrlSlip::HtmlAmpersand) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Query,
        text!["`&amp;` between parameters"],
        text!["a plain &"],
    ))
}
