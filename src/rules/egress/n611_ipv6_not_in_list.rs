//! N611: a call over IPv6, and your list has IPv4 only.
use crate::facts::Egress;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a call over IPv6 where the list given with `--whitelist` holds IPv4 addresses only.
    ///
    /// ## Why it matters
    /// Where a server has both families, most systems prefer IPv6. The API then sees an address that no
    /// IPv4 entry covers. Whether NiceNIC's list takes IPv6 addresses is not documented.
    ///
    /// ## Bad
    /// ```http
    /// # egress: v6 from 2001:db8::5 seen 2001:db8::5
    /// # list: 203.0.113.9
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9
    /// # list: 203.0.113.9
    /// ```
    N611 "ipv6-not-in-list": Egress, Error, Likely,
    check: Egress,
    cause: "4",
    summary: "a call over IPv6, and your list has IPv4 only",
    fix: "use IPv4 (try nicetap with -4), or enter the IPv6 address in your list at NiceNIC",
    since: "0.1.0",
}

fn check(egress: &Egress) -> Option<Hit> {
    let only_v4 =
        !egress.listed.is_empty() && egress.listed.iter().all(|one| one.address.is_ipv4());
    if egress.over_v6 != Some(true) || !only_v4 {
        return None;
    }
    let seen = match egress.outbound() {
        Some(outbound) => text!["IPv6, from ", outbound],
        None => text!["IPv6"],
    };
    Some(Hit::new(
        At::Outbound,
        seen,
        text!["IPv4, or an IPv6 address in your list"],
    ))
}
