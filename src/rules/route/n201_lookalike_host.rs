//! N201: a host that only resembles the API's.
use crate::facts::{Lookalike, Target};
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a host that is nearly the API's: another ending, a missing ending, a letter off,
    /// the API's name in front of somebody else's, or `api.www.*`. Also on the CONNECT of a tunnel
    /// that is not looked into.
    ///
    /// ## Why it matters
    /// The website is on nicenic.com, the API on nicenic.net. Mirrors of the documentation write
    /// their own name over the API's: a credential sent to `api.www.*` goes to a stranger.
    ///
    /// ## Bad
    /// ```http
    /// # connect: api.nicenic.com:443
    /// ```
    /// ```http
    /// # connect: api.nicenic:443
    /// ```
    /// ```http
    /// # connect: api.www.example.com:443
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # connect: api.nicenic.net:443
    /// ```
    /// ```http
    /// # connect: payments.example.com:443
    /// ```
    N201 "lookalike-host": Route, Error, Likely,
    check: Target,
    cause: "6",
    summary: "a host that only resembles the API's",
    fix: "use https://api.nicenic.net/v2/, or https://sandbox-api.nicenic.net/v2/ for the sandbox",
    since: "0.1.0",
}

fn check(target: &Target) -> Option<Hit> {
    let why = match target.lookalike()? {
        Lookalike::Mirror => {
            ", a name that copies of the documentation put in; it is not NiceNIC's"
        }
        Lookalike::NoTld => ", without the .net at its end",
        Lookalike::OtherTld => ", which does not end in .net",
        Lookalike::Prefix => ", which belongs to whoever owns its last part",
        Lookalike::Typo => ", which is a letter or two off",
    };
    let hit = Hit::new(
        At::Host,
        text![Raw::new(target.authority.host().into()), why],
        text![target.meant()],
    );
    Some(match target.lookalike() {
        Some(Lookalike::Mirror) => hit.with_fix(text![
            "use api.nicenic.net; if a secret was ever sent to that host, set a new API password"
        ]),
        _ => hit,
    })
}
