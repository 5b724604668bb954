//! N113: the credential is encoded for HTML.
use crate::facts::{Encoding, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports `&amp;`, `&#039;` and other HTML entities inside the credential.
    ///
    /// ## Why it matters
    /// WHMCS and other panels store settings encoded for HTML, and hand `&` to modules as
    /// `&amp;`. The secret that arrives is longer than the one that was set.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a&amp;real-secret
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
    /// - WHMCS module: `html_entity_decode($params['ApiSecret'], ENT_QUOTES)`, whatever the
    ///   setting is called
    /// - or set an API password without `&`, `<`, `>` and quotes
    N113 "html-encoded-credential": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "the credential is encoded for HTML",
    fix: "decode it first: html_entity_decode($secret, ENT_QUOTES) in PHP; WHMCS stores & as &amp;",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let seen = match request.flaws.encoding? {
        Encoding::Html => "an HTML entity, as in `&amp;`",
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
