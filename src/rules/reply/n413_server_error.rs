//! N413: the server failed, or one in front of it.
use crate::catalogue::Risk;
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a status of 500 or more.
    ///
    /// ## Why it matters
    /// The call may have been carried out all the same: a gateway that gives up waiting does not
    /// stop what runs behind it.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 502 Bad Gateway
    /// Content-Type: text/html
    ///
    /// <html>502</html>
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
    N413 "server-error": Reply, Error, Is,
    check: Reply,
    summary: "the server failed, or one in front of it",
    fix: "wait and try a harmless call; before you repeat a paid one, look at the domain list",
    since: "0.1.0",
}

fn check(request: &Request, reply: &Reply) -> Option<Hit> {
    if reply.status < 500 {
        return None;
    }
    let hit = Hit::new(
        At::Reply,
        text!["status ", u64::from(reply.status)],
        text!["status 200"],
    );
    Some(if request.call.risk == Risk::Read {
        hit.with_fix(text![
            "wait a little and send it again: this call changes nothing"
        ])
    } else {
        hit
    })
}
