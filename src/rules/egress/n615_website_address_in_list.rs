//! N615: your list holds the website's address, instead.
use crate::facts::Egress;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a list that holds an address of the website named with `--site`, but not the outbound IP.
    ///
    /// ## Why it matters
    /// The address at which visitors reach a site is often that of a CDN or of a front server. The code
    /// behind it goes out from another one, and that is what NiceNIC sees.
    ///
    /// ## Bad
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9
    /// # list: 198.51.100.80
    /// # site: 198.51.100.80
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9
    /// # list: 203.0.113.9
    /// # site: 203.0.113.9
    /// ```
    N615 "website-address-in-list": Egress, Warn, Likely,
    check: Egress,
    cause: "4",
    summary: "your list holds the website's address instead",
    fix: "replace the website's address by the outbound IP: NiceNIC, Reseller, API Settings",
    since: "0.1.0",
}

fn check(egress: &Egress) -> Option<Hit> {
    let outbound = egress.outbound()?;
    if egress.lists(outbound) {
        return None;
    }
    let site = egress.site.iter().find(|site| egress.lists(**site))?;
    Some(Hit::new(
        At::Whitelist,
        text![*site, ", the website's address"],
        text![outbound, ", the outbound IP"],
    ))
}
