//! N107: white space inside the credential.
use crate::facts::{Blank, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a blank, tab or line break inside the credential: in a half, or round the colon.
    ///
    /// ## Why it matters
    /// NiceNIC names extra spaces among the causes of a refused login. A blank beside the colon
    /// becomes part of a half; one inside a secret usually came in by copying, or was a `+` that
    /// something decoded. A tab came out of a table, a line break out of a file.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice: not-a-real-secret
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
    /// - PHP: `trim($username) . ':' . trim($secret)`
    /// - Python: `f"{username.strip()}:{secret.strip()}"`
    /// - WHMCS: delete the setting and type it again; copying takes a blank along
    N107 "white-space-in-credential": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "white space inside the credential",
    fix: "trim user name and API password before you join them, and put nothing round the colon",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let place = match request.flaws.blank? {
        Blank::Username => " in the user name",
        Blank::BeforeColon => " before the colon",
        Blank::AfterColon => " after the colon",
        Blank::Secret => " in the secret",
        Blank::End => " after the secret, inside the base64",
    };
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![request.flaws.white, place],
        text!["username:api_secret without white space"],
    ))
}
