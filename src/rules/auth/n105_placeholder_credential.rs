//! N105: example text where the credential belongs.
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a credential that is example text, an unfilled template, or a program's word for
    /// nothing: `username:api_secret`, `<user>:<secret>`, `null:null`, `Array`.
    ///
    /// ## Why it matters
    /// The code runs, but its settings were never filled in, were not saved, or are read under
    /// another name than they were written.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: username:api_secret
    /// Content-Type: application/json
    /// ```
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: null:null
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
    N105 "placeholder-credential": Auth, Error, Is,
    check: Request,
    cause: "2",
    summary: "example text where the credential belongs",
    fix: "put in your own user name and API password (WHMCS: API Secret), set at Reseller > API Settings",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let kind = request.flaws.placeholder?;
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![kind],
        text!["your own username:api_secret"],
    ))
}
