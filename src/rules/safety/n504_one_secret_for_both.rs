//! N504: one credential for production and sandbox.
use crate::facts::{Past, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a credential that was sent to both the production system and the sandbox in this
    /// run.
    ///
    /// ## Why it matters
    /// The sandbox has a secret of its own. One of the two will refuse it, and a test setting may
    /// point at production.
    ///
    /// ## Bad
    /// ```http
    /// # past: other-environment
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
    N504 "one-secret-for-both": Safety, Warn, Likely,
    check: Past,
    cause: "6",
    summary: "one credential for production and sandbox",
    fix: "use the sandbox's own secret there: the two systems have one each",
    since: "0.1.0",
}

fn check(_: &Request, past: &Past) -> Option<Hit> {
    if !past.other_environment {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text!["the credential that the other system got too"],
        text!["a secret for each system"],
    ))
}
