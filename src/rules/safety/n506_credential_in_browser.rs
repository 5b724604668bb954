//! N506: a browser calls the API with the secret.
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request with headers that only browsers send.
    ///
    /// ## Why it matters
    /// A secret in a web page's script can be read by everybody who opens the page. Browsers also
    /// ask for leave first, with OPTIONS, which the API need not know.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// Origin: https://shop.example.com
    /// Sec-Fetch-Site: cross-site
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N506 "credential-in-browser": Safety, Warn, Likely,
    check: Request,
    summary: "a browser calls the API with the secret",
    fix: "call the API from your server: whoever opens the page can read the secret",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let sign = request.browser_sign?;
    if request.secrets.is_empty() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header(sign),
        text!["a header that only browsers send"],
        text!["a call from a server"],
    ))
}
