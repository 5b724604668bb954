//! N416: one domain failed under a good code.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports the word `error` for a domain in the reply to a check whose code is 0.
    ///
    /// ## Why it matters
    /// The code speaks of the call as a whole. Code that only looks at it takes an error for "not
    /// available".
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com,example.net HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"code":0,"msg":"success","data":{"example.com":"available","example.net":"error"}}
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
    N416 "domain-failed": Reply, Warn, Is,
    check: Reply,
    summary: "one domain failed under a good code",
    fix: "look at each domain's own word: available, unavailable or error",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    let (first, rest) = reply.envelope.as_ref()?.failed.split_first()?;
    let seen = text!["error for ", first.clone()].and_more(rest.len() as u64);
    Some(Hit::new(At::Reply, seen, text!["available or unavailable"]))
}
