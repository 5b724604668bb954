//! N114: a sign in the credential has a backslash before it.
use crate::facts::{Encoding, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a backslash in front of a slash, a quote, a dollar sign or another backslash
    /// inside the credential.
    ///
    /// ## Why it matters
    /// JSON, shells and PHP strings write some signs with a backslash. Where the text was not
    /// read by such a reader, the backslash arrives too, and the secret is another one. A secret
    /// may hold a backslash of its own.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not\/a-real-secret
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
    /// - a shell: single quotes round the whole header keep `$`, `!` and `\` as they are
    /// - PHP: single quotes round the secret; `addslashes` and `json_encode` add backslashes
    /// - JSON settings: `\/` is the slash, once the file is read as JSON
    N114 "escaped-credential": Auth, Warn, Likely,
    check: Request,
    cause: "2",
    summary: "a sign in the credential has a backslash before it",
    fix: "write the secret in single quotes in a shell, and without escapes in settings files",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let seen = match request.flaws.encoding? {
        Encoding::Backslash => "a backslash in front of a sign",
        _ => return None,
    };
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![seen],
        text!["username:api_secret as it is, without any encoding"],
    ))
}
