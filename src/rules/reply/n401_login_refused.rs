//! N401: the API refuses the login or the address.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a reply whose status or code is 401 or 403.
    ///
    /// ## Why it matters
    /// What the API answers to a wrong credential, or from an address that is not on the
    /// whitelist, is not documented; the two cannot be told apart by these numbers. The causes
    /// that NiceNIC lists: the login password instead of the API password; a missing or misformed
    /// header; an outbound IP that is not whitelisted, or is not the one you think; an account
    /// without API access; a wrong endpoint; a wrong type or body; settings in WHMCS that were
    /// not saved.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 401 Unauthorized
    /// Content-Type: application/json
    ///
    /// {"code":401,"msg":"Authentication failed"}
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
    /// - the secret is the one set at Reseller > API Settings, not the login password
    /// - the sandbox has a secret of its own
    /// - the address on the whitelist must be the outbound one: `egress` in the log has it
    /// - WHMCS: save the settings; cron may run on another server
    ///
    /// ## References
    /// - NiceNIC's support article on authentication errors, causes 1 to 8.
    N401 "login-refused": Reply, Error, Is,
    check: Reply,
    summary: "the API refuses the login or the address",
    fix: "check the API password, then the whitelist; `nicetap explain N401` lists the eight causes",
    since: "0.1.0",
}

fn check(_: &Request, reply: &Reply) -> Option<Hit> {
    if !reply.refuses_access() {
        return None;
    }
    let seen = match &reply.envelope {
        Some(envelope) => text![
            "status ",
            u64::from(reply.status),
            ", ",
            envelope.msg.clone()
        ],
        None => text!["status ", u64::from(reply.status)],
    };
    Some(Hit::new(At::Reply, seen, text!["code 0"]))
}
