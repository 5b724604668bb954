//! N512: a call that costs money, or may, goes to production.
use crate::facts::{Cost, Environment, Request, Watch};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a paid action on its way to production while the guard is on. Under `--guard block`
    /// an action that the catalogue does not list, and a body that cannot be read, count as paid.
    ///
    /// ## Why it matters
    /// While an integration is being tried out, a register or renew should go to the sandbox: on
    /// production it is charged.
    ///
    /// ## Bad
    /// ```http
    /// # guard: warn
    /// GET /v2/?category=domain&action=renew&domain=example.com&deaddate=2027-01-01&year=1 HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # guard: warn
    /// GET /v2/?category=domain&action=renew&domain=example.com&deaddate=2027-01-01&year=1 HTTP/1.1
    /// Host: sandbox-api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N512 "paid-call-to-production": Safety, Warn, Is,
    check: Request,
    summary: "a call that costs money goes to production",
    fix: "use https://sandbox-api.nicenic.net/v2/ to try it out; --guard off, if it is meant",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if request.target.environment != Environment::Production {
        return None;
    }
    let what = match (request.cost(), request.safety.watch) {
        (Cost::Paid, Watch::Paid | Watch::PaidOrUnknown) => text!["a paid action"],
        (Cost::Unknown, Watch::PaidOrUnknown) => {
            text!["a call of unknown cost: not listed, or not readable"]
        }
        _ => return None,
    };
    let mut seen = what;
    if let Some(action) = &request.call.action {
        seen.0.extend(text![", action=", action.clone()].0);
    }
    Some(Hit::new(At::Host, seen, text!["the sandbox"]))
}
