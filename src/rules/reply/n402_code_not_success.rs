//! N402: the code in the body is not success.
use crate::facts::{Reply, Request};
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a reply whose body carries a code that is neither 0, 200 nor 201. The rules for
    /// refused logins and for code 400 speak for those.
    ///
    /// ## Why it matters
    /// The API says how a call went in the body. Its HTTP status may be 200 all the same: code
    /// that looks at the status alone takes a refusal for success.
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
    /// {"code":500,"msg":"Insufficient balance"}
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
    N402 "code-not-success": Reply, Error, Is,
    check: Reply,
    summary: "the code in the body is not success",
    fix: "look at `code` in the body: only 0 is success, 201 is accepted but not finished",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    let envelope = reply.envelope.as_ref()?;
    if matches!(envelope.code, 0 | 200 | 201 | 400) || reply.refuses_access() {
        return None;
    }
    let code = Raw::new(envelope.code.to_string().into());
    Some(Hit::new(
        At::Reply,
        text![
            "status ",
            u64::from(reply.status),
            ", code ",
            code,
            ", ",
            envelope.msg.clone()
        ],
        text!["code 0"],
    ))
}
