//! N617: a call through the upstream proxy was refused.
use crate::facts::Egress;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a refused call that went out through `--upstream-proxy`.
    ///
    /// ## Why it matters
    /// NiceNIC sees the address of the last proxy on the way, not this machine's. A list that holds this
    /// server's address does not help then, and another client of the same proxy may be let in.
    ///
    /// ## Bad
    /// ```http
    /// # egress: v4 proxy refused from 10.0.0.5 seen 203.0.113.80
    /// ```
    /// ```http
    /// # egress: v4 proxy refused from 10.0.0.5
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # egress: v4 proxy refused from 10.0.0.5 seen 203.0.113.80
    /// # list: 203.0.113.80
    /// ```
    N617 "upstream-proxy-refused": Egress, Warn, May,
    check: Egress,
    cause: "4",
    summary: "a call through the upstream proxy was refused",
    fix: "enter the proxy's outbound IP at NiceNIC; nicetap egress shows it over the same route",
    since: "0.1.0",
}

fn check(egress: &Egress) -> Option<Hit> {
    if !egress.behind_proxy || !egress.is_refused || egress.is_whitelisted() == Some(true) {
        return None;
    }
    let seen = match egress.outbound() {
        Some(outbound) => text![outbound, ", the proxy's"],
        None => text!["a proxy's address, which nobody has told"],
    };
    Some(Hit::new(
        At::Outbound,
        seen,
        text!["the proxy's address in your list, or a way without it"],
    ))
}
