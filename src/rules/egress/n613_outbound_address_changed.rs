//! N613: the outbound IP is not that of the last good call.
use crate::facts::Egress;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an outbound IP that differs from the one from which the last call with this credential
    /// worked.
    ///
    /// ## Why it matters
    /// A new address after a reboot, a failover or a move of the server is not in the list yet. The
    /// credential is the same, and still the call is refused.
    ///
    /// ## Bad
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.10
    /// # worked: 203.0.113.9
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9
    /// # worked: 203.0.113.9
    /// ```
    N613 "outbound-address-changed": Egress, Warn, Likely,
    check: Egress,
    cause: "4",
    summary: "the outbound IP is not that of the last good call",
    fix: "compare your list at NiceNIC with the outbound IP of now; ask your provider for a fixed address",
    since: "0.1.0",
}

fn check(egress: &Egress) -> Option<Hit> {
    let (outbound, before) = (egress.outbound()?, egress.last_good?);
    let is_same_family = outbound.is_ipv4() == before.is_ipv4();
    if outbound == before || !is_same_family || egress.is_whitelisted() == Some(true) {
        return None;
    }
    Some(Hit::new(
        At::Outbound,
        text![outbound],
        text![before, ", from which it worked"],
    ))
}
