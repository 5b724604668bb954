//! N418: the reply repeats your secret.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a reply whose body holds the secret half of the credential that was sent.
    ///
    /// ## Why it matters
    /// Code that logs replies then logs the secret. nicetap masks it in its own log.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"code":500,"msg":"no user for alice:not-a-real-secret"}
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
    N418 "secret-echoed": Reply, Warn, Is,
    check: Reply,
    summary: "the reply repeats your secret",
    fix: "keep replies out of your logs, and set a new API password if others can read them",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    if !reply.echoes_secret {
        return None;
    }
    Some(Hit::new(
        At::Reply,
        text!["the API password that was sent"],
        text!["a reply without it"],
    ))
}
