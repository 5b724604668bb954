//! N408: the API answers with a redirect.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a redirect within the same place, or one that does not say where it leads.
    ///
    /// ## Why it matters
    /// The documented address answers by itself. A redirect means that the path is not quite
    /// right, and turns a POST into a GET in many clients.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 301 Moved Permanently
    /// Location: /v2/
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
    ///
    /// ## Fix
    /// - PHP, Python, Node: write the URL of the redirect's end into the code
    /// - curl: leave out `-L` until the URL is right
    N408 "redirected": Reply, Warn, Is,
    check: Reply,
    cause: "6",
    summary: "the API answers with a redirect",
    fix: "write the address that it leads to into your settings",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    let is_redirect = matches!(reply.status, 301 | 302 | 303 | 307 | 308);
    let is_elsewhere = reply
        .redirect
        .as_ref()
        .is_some_and(|redirect| redirect.drops_credential);
    if !is_redirect || is_elsewhere {
        return None;
    }
    Some(Hit::new(
        At::Reply,
        text!["status ", u64::from(reply.status)],
        text!["a reply, not a redirect"],
    ))
}
