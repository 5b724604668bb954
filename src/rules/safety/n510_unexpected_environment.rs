//! N510: a call to the other environment than the one that is expected.
use crate::facts::{Environment, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a call to production under `--expect sandbox`, and one to the sandbox under
    /// `--expect production`.
    ///
    /// ## Why it matters
    /// The two have accounts and secrets of their own. A call to the other one is refused, or, if
    /// the other one is production, works and is charged.
    ///
    /// ## Bad
    /// ```http
    /// # expected: sandbox
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # expected: sandbox
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: sandbox-api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N510 "unexpected-environment": Safety, Error, Is,
    check: Request,
    summary: "a call to the environment that is not expected",
    fix: "correct the client's API URL; or change --expect, if the call is right",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let want = match (request.safety.expected?, request.target.environment) {
        (Environment::Sandbox, Environment::Production) => "sandbox-api.nicenic.net",
        (Environment::Production, Environment::Sandbox) => "api.nicenic.net",
        _ => return None,
    };
    let seen = match request.target.environment {
        Environment::Production => "production",
        _ => "the sandbox",
    };
    Some(Hit::new(At::Host, text![seen], text![want]))
}
