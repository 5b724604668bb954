//! N616: nicetap chose the address that was refused.
use crate::facts::Egress;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a refused call on a machine that has several ways out, where nicetap was not told which
    /// of them to use: its IPv4 and IPv6 addresses were both seen, or the interface that the call left
    /// by has further addresses.
    ///
    /// ## Why it matters
    /// Behind a proxy a client's own `CURLOPT_IPRESOLVE`, `CURLOPT_INTERFACE`, `curl -4` or
    /// `--interface` works on the way to the proxy alone. The proxy makes the connection to the API, and
    /// takes the family and the address that the system prefers. A client that goes out over a
    /// listed address without nicetap may be refused with it.
    ///
    /// ## Bad
    /// ```http
    /// # egress: v6 refused from 2001:db8::5 seen 2001:db8::5
    /// # other: 203.0.113.9
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # egress: v4 refused set from 10.0.0.5 seen 203.0.113.9
    /// # other: 2001:db8::5
    /// ```
    N616 "family-chosen-by-nicetap": Egress, Info, May,
    check: Egress,
    cause: "4",
    summary: "nicetap chose the address that was refused",
    fix: "go out as your client does: nicetap serve -4, or --source-ip with the address that it binds",
    since: "0.1.0",
}

fn check(egress: &Egress) -> Option<Hit> {
    let outbound = egress.outbound()?;
    let other = egress.other_family.or(egress.beside.first().copied())?;
    let is_open = !egress.family_is_set && !egress.behind_proxy;
    if !egress.is_refused || !is_open || egress.is_whitelisted() == Some(true) {
        return None;
    }
    Some(Hit::new(
        At::Outbound,
        text![outbound, "; ", other, " is there too"],
        text!["the family or address that your client uses without nicetap"],
    ))
}
