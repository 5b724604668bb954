//! N112: the credential is percent-encoded.
use crate::facts::{Encoding, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports `%3A`, `%2F` and the like inside the credential.
    ///
    /// ## Why it matters
    /// Percent-encoding belongs into URLs. In a header nobody undoes it, so that the secret is
    /// another one. `%0A` tells of a secret that was read out of a file together with the end of its
    /// line: trim it, too.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice%3Anot-a-real-secret
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
    /// - PHP: drop `urlencode` and `rawurlencode` round the header's value
    /// - Python: drop `urllib.parse.quote`
    /// - Node: drop `encodeURIComponent`
    /// - curl: `--data-urlencode` is for parameters; `-H` takes the value as it is
    N112 "url-encoded-credential": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "the credential is percent-encoded",
    fix: "drop urlencode, quote or encodeURIComponent: a header needs no escapes",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let seen = match request.flaws.encoding? {
        Encoding::Percent => "percent-encoded signs, as in a URL",
        Encoding::PercentLineBreak => "a percent-encoded line break, %0A or %0D",
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
