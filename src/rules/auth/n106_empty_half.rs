//! N106: user name or secret is empty.
use crate::facts::{Half, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a credential with nothing before or after its colon.
    ///
    /// ## Why it matters
    /// One of two variables was empty when the header was built. The API cannot know the caller.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:
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
    /// - a shell: `echo "${#NICENIC_SECRET}"` shows whether the variable holds anything
    /// - PHP: `getenv()` gives `false` for what PHP-FPM was not handed (`clear_env`)
    /// - Python: `os.environ["…"]` fails where `os.getenv` gives nothing
    /// - Node: `process.env` has only what was set before the start
    /// - WHMCS: fill in Username and API Secret in the registrar's settings, and save them
    N106 "empty-half": Auth, Error, Is,
    check: Request,
    cause: "2",
    summary: "user name or secret is empty",
    fix: "fill in both halves; an unset variable or an unsaved WHMCS setting is the usual reason",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let seen = match request.flaws.empty? {
        Half::Username => "nothing before the colon",
        Half::Secret => "nothing after the colon",
        Half::Both => "a colon with nothing on either side",
    };
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![seen],
        text!["username:api_secret"],
    ))
}
