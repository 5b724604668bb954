//! N206: a credential for NiceNIC goes to another host.
use crate::facts::{Authorization, Request, Via};
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a bare `user:secret` credential on its way to a host that is not the API's, in a
    /// request that nicetap was asked to look into.
    ///
    /// ## Why it matters
    /// The website is nicenic.com, the API is on nicenic.net. Another host cannot answer the call,
    /// and its owner can read the credential.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: www.nicenic.com
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N206 "unknown-host": Route, Error, Likely,
    check: Request,
    cause: "6",
    summary: "a credential for NiceNIC goes to another host",
    fix: "use https://api.nicenic.net/v2/, or https://sandbox-api.nicenic.net/v2/ for the sandbox",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let target = &request.target;
    if target.is_api() || target.is_loopback() || target.lookalike().is_some() {
        return None;
    }
    // Other services take a scheme word and a credential; hardly one takes a bare pair.
    let is_meant_for_api = matches!(request.authorization, Authorization::Pair)
        || (target.via == Via::Gateway && request.credential.is_some());
    if !is_meant_for_api {
        return None;
    }
    let host = Raw::new(target.authority.host().into());
    let hit = Hit::new(At::Host, text![host], text![target.meant()]);
    Some(if target.authority.is_ip() {
        hit.with_fix(text![
            "write the host's name, not its address: certificate and routing go by the name"
        ])
    } else if target.authority.is_within("nicenic.com") {
        hit.with_fix(text![
            "use api.nicenic.net: the website is on nicenic.com, the API on nicenic.net"
        ])
    } else {
        hit
    })
}
