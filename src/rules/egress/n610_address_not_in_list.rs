//! N610: the outbound IP is not in your list.
use crate::facts::Egress;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an outbound IP that is not in the list given with `--whitelist`.
    ///
    /// ## Why it matters
    /// NiceNIC compares the address that a call comes from with the list in your account. A call from
    /// another one is refused, and the refusal does not have to say why. Behind a NAT, a proxy or with
    /// several addresses the real outbound IP is not the one that the server's panel shows.
    ///
    /// ## Bad
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9
    /// # list: 198.51.100.4
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9
    /// # list: 203.0.113.9
    /// ```
    N610 "address-not-in-list": Egress, Error, Likely,
    check: Egress,
    cause: "4",
    summary: "the outbound IP is not in your list",
    fix: "add the outbound IP to the whitelist: NiceNIC, Reseller, API Settings, and save",
    since: "0.1.0",
}

fn check(egress: &Egress) -> Option<Hit> {
    let outbound = egress.outbound()?;
    let is_v6_trap =
        egress.over_v6 == Some(true) && egress.listed.iter().all(|one| one.address.is_ipv4());
    if egress.is_whitelisted() != Some(false) || is_v6_trap {
        return None;
    }
    let seen = if egress.named_by_api {
        text!["the API itself named ", outbound]
    } else {
        text![outbound]
    };
    Some(Hit::new(
        At::Outbound,
        seen,
        text!["an address of your list"],
    ))
}
