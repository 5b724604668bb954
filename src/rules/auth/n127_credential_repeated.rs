//! N127: the user name stands in the secret once more.
use crate::facts::{Halves, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a secret that holds `username:` again.
    ///
    /// ## Why it matters
    /// A setting that should hold the secret holds the whole pair, or the pair was pasted twice.
    /// A secret may hold colons of its own; these are no reason for this finding.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:alice:not-a-real-secret
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
    /// - PHP: `$username . ':' . $secret`, where `$secret` holds the secret alone
    /// - WHMCS: Username and API Secret are two settings; the colon is the module's to write
    N127 "credential-repeated": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "the user name stands in the secret once more",
    fix: "give the secret alone where the secret is asked for: the setting holds the whole pair",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.flaws.halves != Some(Halves::Repeated) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text!["the user name and its colon, once more in the secret"],
        text!["username:api_secret, once"],
    ))
}
