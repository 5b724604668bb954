//! N432: the parameters are as documented.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Says of a call that was refused with code 400 that every documented parameter is there and
    /// has the documented form.
    ///
    /// ## Why it matters
    /// It closes one of the causes: what is left is a rule that is not documented.
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
    /// {"code":400,"msg":"Request parameter error"}
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
    N432 "sound-parameters": Reply, Good, Likely,
    check: Reply,
    summary: "the parameters are as documented",
    fix: "look at what the documentation does not say: the account, the ending, the domain's state",
    since: "0.1.0",
}

fn check(request: &Request, reply: &Reply) -> Option<Hit> {
    let code = reply.envelope.as_ref()?.code;
    let review = &request.review;
    let is_sound = review.missing.is_empty() && review.slips.is_empty() && review.url.is_none();
    if code != 400 || !is_sound || review.action.is_none() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Query,
        text!["every documented parameter, in its documented form"],
        text!["nothing else"],
    ))
}
