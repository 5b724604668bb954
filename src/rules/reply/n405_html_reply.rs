//! N405: an HTML page came instead of the API's reply.
use crate::facts::{Reply, ReplyBody, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a reply that is an HTML page; where it asks for proof that a human is there, it
    /// says so.
    ///
    /// ## Why it matters
    /// The API answers in JSON. A page comes from a web server or a protection service in front
    /// of it: wrong host or path, maintenance, or a check that a program cannot pass.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: text/html
    ///
    /// <!DOCTYPE html><html><title>Welcome</title></html>
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
    N405 "html-reply": Reply, Error, Likely,
    check: Reply,
    cause: "6",
    summary: "an HTML page came instead of the API's reply",
    fix: "check host and path; with a captcha page, ask NiceNIC to let your outbound IP through",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    let ReplyBody::Html { is_captcha } = reply.body else {
        return None;
    };
    // A redirect and a server's own error have rules of their own.
    if matches!(reply.status, 300..400 | 500..) {
        return None;
    }
    let seen = if is_captcha {
        "a page that asks whether a human is there"
    } else {
        "an HTML page"
    };
    Some(Hit::new(At::Reply, text![seen], text!["JSON"]))
}
