//! N109: a character in the credential that nobody sees.
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a byte order mark, a no-break or zero-width space, or another character without a
    /// shape inside the credential.
    ///
    /// ## Why it matters
    /// The two look the same on every screen, and are different to the API. They come from web
    /// pages and mails that the credential was copied from, and from files that an editor saved
    /// with a byte order mark.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Authorization: \xef\xbb\xbfalice:not-a-real-secret\r\n
    /// Content-Type: application/json\r\n
    /// \r\n
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N109 "invisible-character": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "a character in the credential that nobody sees",
    fix: "delete the credential and type it again, or save the file as UTF-8 without BOM",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let what = request.flaws.invisible?;
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![what, " in the value"],
        text!["username:api_secret in plain ASCII"],
    ))
}
