//! N511: the same paid action for the same domain, a moment later.
use crate::facts::{Cost, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a paid action that was sent for the same domain, to the same host, a short while
    /// ago (`--repeat-window`). An attempt that was refused, or that never left, does not count.
    ///
    /// ## Why it matters
    /// The API documents no key that makes a repetition harmless. A register or renew that is sent
    /// again after a timeout may be carried out and paid twice. Under `--guard block` nicetap holds
    /// the repetition.
    ///
    /// ## Bad
    /// ```http
    /// # guard: warn
    /// # repeated: 12
    /// # connect: sandbox-api.nicenic.net:443
    /// GET /v2/?category=domain&action=renew&domain=example.com&deaddate=2027-01-01&year=1 HTTP/1.1
    /// Host: sandbox-api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # guard: warn
    /// # connect: sandbox-api.nicenic.net:443
    /// GET /v2/?category=domain&action=renew&domain=example.com&deaddate=2027-01-01&year=1 HTTP/1.1
    /// Host: sandbox-api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N511 "repeat-within-window": Safety, Warn, Is,
    check: Request,
    summary: "the same paid action and domain were sent before",
    fix: "look up what became of the first one before you send it again, and do not retry paid actions",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let ago = request.safety.repeated?;
    if request.cost() != Cost::Paid {
        return None;
    }
    let mut seen = text!["the same action and domain, ", ago.as_secs(), " s before"];
    if let Some(action) = &request.call.action {
        seen.0
            .splice(0..0, text!["action=", action.clone(), ": "].0);
    }
    Some(Hit::new(At::Query, seen, text!["each paid action once"]))
}
