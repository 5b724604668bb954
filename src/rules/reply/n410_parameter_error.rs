//! N410: the API refuses a parameter.
use crate::facts::{Reply, Request};
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports code 400, "Request parameter error". If parameters are missing or misnamed, the
    /// fix names the first.
    ///
    /// ## Why it matters
    /// This is the API's answer to anything that it cannot read, and it never says what.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check HTTP/1.1
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
    N410 "parameter-error": Reply, Error, Is,
    check: Reply,
    cause: "7",
    summary: "the API refuses a parameter",
    fix: "compare names and values with the documentation: the message does not say which one is wrong",
    since: "0.1.0",
}

fn check(request: &Request, reply: &Reply) -> Option<Hit> {
    let envelope = reply.envelope.as_ref()?;
    if envelope.code != 400 {
        return None;
    }
    let hit = Hit::new(
        At::Reply,
        text!["code 400, ", envelope.msg.clone()],
        text!["code 0"],
    );
    let review = &request.review;
    Some(match (review.missing.first(), review.slips.first()) {
        (Some(name), _) => hit.with_fix(text!["add ", *name, " first: the documentation lists it"]),
        (None, Some(slip)) => {
            let name = Raw::new(request.params[slip.param].name.clone());
            hit.with_fix(text![
                "look at ",
                name,
                " first: it differs from the documentation"
            ])
        }
        (None, None) => hit,
    })
}
