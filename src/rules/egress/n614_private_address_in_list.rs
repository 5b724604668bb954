//! N614: your list holds an address that nobody outside sees.
use crate::facts::{Egress, unseen_range};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports an entry of `--whitelist` that is private, loopback, link-local or shared by a
    /// provider's NAT.
    ///
    /// ## Why it matters
    /// Such an address is translated on the way out. `ip addr`, a hosting panel or a container shows it,
    /// but NiceNIC sees another one. The entry does nothing.
    ///
    /// ## Bad
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9
    /// # list: 10.0.0.5 203.0.113.9
    /// ```
    /// ```http
    /// # egress: v4 from 100.64.3.2 seen 203.0.113.9
    /// # list: 100.64.0.0/10 203.0.113.9
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # egress: v4 from 10.0.0.5 seen 203.0.113.9
    /// # list: 203.0.113.9
    /// ```
    N614 "private-address-in-list": Egress, Error, Is,
    check: Egress,
    cause: "4",
    summary: "your list holds an address that nobody outside sees",
    fix: "replace it by the outbound IP that echo sites see: nicetap egress shows it",
    since: "0.1.0",
}

fn check(egress: &Egress) -> Option<Hit> {
    let mut entries = egress.listed.iter();
    let (entry, range) = entries.find_map(|entry| Some((entry, unseen_range(entry.address)?)))?;
    // On a test network of one's own, such addresses are what is seen.
    if egress
        .outbound()
        .is_some_and(|outbound| unseen_range(outbound).is_some())
    {
        return None;
    }
    let hit = Hit::new(
        At::Whitelist,
        text![entry.address, ", which is ", range],
        text!["the address that the Internet sees"],
    );
    Some(match egress.outbound() {
        Some(outbound) => hit.with_fix(text![
            "put ",
            outbound,
            " there instead: that is what was seen"
        ]),
        None => hit,
    })
}
