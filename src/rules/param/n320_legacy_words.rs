//! N320: names of the older API.
use crate::facts::Request;
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports names that belong to the older API: `action=activate`, `vyear`, `productid`,
    /// `domainpwd`.
    ///
    /// ## Why it matters
    /// Code for the older API was pointed at version 2. There `activate` is `register`, `vyear`
    /// is `year`, `productid` is the ending of `domain`, and a domain password does not exist.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=activate&domain=example.com&vyear=1 HTTP/1.1
    /// Host: api.nicenic.net
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
    N320 "legacy-words": Param, Error, Likely,
    check: Request,
    cause: "7",
    summary: "names of the older API",
    fix: "use the names of version 2: register, year, domain with its ending",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let word = request.legacy.word?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::Param(Raw::new(word.param.into())),
        text![word.word, ", which is a word of the older API"],
        text![word.now],
    );
    Some(if word.param == "action" {
        hit.with_fix(text![
            "send action=register with domain, year, dns1, dns2 and the contact fields"
        ])
    } else {
        hit
    })
}
