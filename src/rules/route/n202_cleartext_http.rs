//! N202: the call goes over http, readable on its way.
use crate::facts::{Request, Scheme};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a call that leaves this machine over `http://`.
    ///
    /// ## Why it matters
    /// Everybody on the way can read and keep the credential. Older pages of the documentation and
    /// public code use `http://`. Where a server answers with a redirect to https, clients drop
    /// the header on the second request.
    ///
    /// ## Bad
    /// ```http
    /// # scheme: http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
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
    /// - WHMCS: look for `http://` in the registrar module's source
    /// - PHP, Python, Node: the constant that holds the base URL
    /// - curl: `https://`; without a scheme curl takes `http://`
    N202 "cleartext-http": Route, Error, Is,
    check: Request,
    summary: "the call goes over http, readable on its way",
    fix: "write https:// in the API URL; older documentation pages show http://",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let target = &request.target;
    if target.scheme != Some(Scheme::Http) || target.is_loopback() || !request.is_for_api() {
        return None;
    }
    let seen = if request.secrets.is_empty() {
        text!["http://"]
    } else {
        text!["http://, with a secret in clear text"]
    };
    Some(Hit::new(At::Host, seen, text!["https://"]))
}
