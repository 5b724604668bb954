//! N404: the reply is not the JSON that is documented.
use crate::facts::{Reply, ReplyBody, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a reply whose body begins like JSON and is not valid, or is something else than
    /// JSON or HTML.
    ///
    /// ## Why it matters
    /// Code that parses it gets null or an exception, and often reports an error that hides the
    /// cause.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: text/plain
    ///
    /// Service busy
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
    N404 "reply-not-json": Reply, Error, Is,
    check: Reply,
    summary: "the reply is not the JSON that is documented",
    fix: "read the body before you parse it, and check the URL; keep it for a support ticket",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    let seen = match reply.body {
        ReplyBody::Other => text!["text that is no JSON object"],
        ReplyBody::BadJson(error) => text![
            error.reason,
            " (line ",
            error.line as u64,
            ", column ",
            error.column as u64,
            ")"
        ],
        _ => return None,
    };
    // Where the status already says that it failed, the body may be anybody's; text in another charset has a rule of
    // its own.
    if !reply.is_ok() || reply.is_not_utf8 {
        return None;
    }
    Some(Hit::new(At::Reply, seen, text!["{\"code\":…,\"msg\":…}"]))
}
