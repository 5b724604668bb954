//! N612: calls go out from several addresses.
use crate::facts::Egress;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports that several outbound IPs were seen over one family within one round of questions.
    ///
    /// ## Why it matters
    /// A NAT with a pool gives each connection another address. Calls then work and fail by turns,
    /// although nothing has changed, until all addresses of the pool are in the list.
    ///
    /// ## Bad
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9 203.0.113.10
    /// # list: 203.0.113.9
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9 203.0.113.10
    /// # list: 203.0.113.0/24
    /// ```
    N612 "several-outbound-addresses": Egress, Warn, Likely,
    check: Egress,
    cause: "4",
    summary: "calls go out from several addresses",
    fix: "list all of them at NiceNIC, or ask your hosting provider for one fixed outbound IP",
    since: "0.1.0",
}

fn check(egress: &Egress) -> Option<Hit> {
    let outbound = egress.outbound()?;
    let mut others = egress.seen.iter().skip(1).copied();
    let other = others.next()?;
    let all_listed = !egress.listed.is_empty() && egress.seen.iter().all(|one| egress.lists(*one));
    if all_listed {
        return None;
    }
    let more = others.count() as u64;
    let seen = if more == 0 {
        text![outbound, " and ", other]
    } else {
        text![outbound, ", ", other, " and ", more, " more"]
    };
    Some(Hit::new(
        At::Outbound,
        seen,
        text!["one address, or all of them in your list"],
    ))
}
