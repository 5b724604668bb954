//! N431: the credential's form is right.
use crate::facts::{Authorization, Flaws, Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Says of a refused login that the header was there, was a bare pair, and had nothing odd in
    /// it.
    ///
    /// ## Why it matters
    /// It closes one of the causes: what is left is the secret itself, the address, the account
    /// and the endpoint.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 401 Unauthorized
    /// Content-Type: application/json
    ///
    /// {"code":401,"msg":"Authentication failed"}
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"code":0,"msg":"success","data":{"example.com":"available"}}
    /// ```
    N431 "sound-credential-form": Reply, Good, Is,
    check: Reply,
    summary: "the credential's form is right",
    fix: "look elsewhere: at the secret itself, the whitelist, the account",
    since: "0.1.0",
}

fn check(request: &Request, reply: &Reply) -> Option<Hit> {
    let is_pair = matches!(request.authorization, Authorization::Pair);
    let is_sound = is_pair && request.authorizations == 1 && request.flaws == Flaws::default();
    if !is_sound || !reply.refuses_access() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text!["a bare pair, with nothing odd in it"],
        text!["nothing else"],
    ))
}
