//! N213: a port that the API does not have.
use crate::facts::{Target, Via};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a port other than 443, or 80 over http, in front of the API's host.
    ///
    /// ## Why it matters
    /// The documentation names no port, which means 443. Another one is left from a test, or
    /// belongs to another program.
    ///
    /// ## Bad
    /// ```http
    /// # connect: api.nicenic.net:8443
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # connect: api.nicenic.net:443
    /// ```
    N213 "unusual-port": Route, Warn, Likely,
    check: Target,
    cause: "6",
    summary: "a port that the API does not have",
    fix: "leave the port out of the URL",
    since: "0.1.0",
}

fn check(target: &Target) -> Option<Hit> {
    let port = target.authority.port();
    let is_usual = match target.scheme {
        Some(scheme) => port == scheme.default_port(),
        // A CONNECT does not say what it will carry.
        None => matches!(port, 80 | 443),
    };
    // In base-URL mode the address was given to nicetap, on purpose.
    if is_usual || !target.is_api() || target.via == Via::Gateway {
        return None;
    }
    Some(Hit::new(
        At::Host,
        text!["port ", u64::from(port)],
        text!["443"],
    ))
}
