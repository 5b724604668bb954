//! N409: code 200 where 0 is documented.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports code 200 in the reply to an action whose documented code is 0.
    ///
    /// ## Why it matters
    /// The documentation of domain_list says both that 200 is success, and shows 0. Code that
    /// compares with one of them alone misreads the other.
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
    /// {"code":200,"msg":"success","data":{}}
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
    /// ```http
    /// GET /v2/?category=domain&action=domain_list HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"code":200,"msg":"success","data":{}}
    /// ```
    N409 "unusual-success-code": Reply, Info, Is,
    check: Reply,
    summary: "code 200 where 0 is documented",
    fix: "take both 0 and 200 for success",
    since: "0.1.0",
}

fn check(request: &Request, reply: &Reply) -> Option<Hit> {
    let envelope = reply.envelope.as_ref()?;
    let action = request.review.action?;
    // Its own page says 200 in one place.
    if envelope.code != 200 || action.action == "domain_list" {
        return None;
    }
    Some(Hit::new(At::Reply, text!["code 200"], text!["code 0"]))
}
