//! N125: the CONNECT carries the credential.
use crate::facts::Target;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an `Authorization` header on the CONNECT that opens the tunnel to the API.
    ///
    /// ## Why it matters
    /// A CONNECT is readable for every proxy on the way, and for everybody in front of it.
    /// libcurl before 7.42.1 sends all custom headers there, newer ones do with
    /// CURLHEADER_UNIFIED.
    ///
    /// ## Bad
    /// ```http
    /// # on-connect: Authorization
    /// # connect: api.nicenic.net:443
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # connect: api.nicenic.net:443
    /// ```
    ///
    /// ## Fix
    /// - curl: `-H` is for the API; `--proxy-header` is for the proxy
    /// - PHP curl: `CURLOPT_HEADEROPT => CURLHEADER_SEPARATE`
    /// - Node: headers belong to the request, not to the agent that makes the tunnel
    N125 "credential-on-connect": Auth, Warn, Is,
    check: Target,
    summary: "the CONNECT carries the credential",
    fix: "send Authorization inside the tunnel only: CURLOPT_HEADEROPT => CURLHEADER_SEPARATE in PHP",
    since: "0.1.0",
}

fn check(target: &Target) -> Option<Hit> {
    let is_for_api = target.is_api() || target.lookalike().is_some();
    if !target.authorization_on_connect || !is_for_api {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text!["an Authorization header on the CONNECT"],
        text!["the header inside the tunnel only"],
    ))
}
