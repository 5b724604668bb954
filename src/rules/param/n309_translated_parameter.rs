//! N309: a parameter name that is not English.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a parameter whose name is not in English: translated copies of the documentation
    /// print such names.
    ///
    /// ## Why it matters
    /// The API knows the English names only. Machine translation of the documentation's page
    /// changes the names in its tables too.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&dominios=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N309 "translated-parameter": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a parameter name that is not English",
    fix: "use the English names of the documentation",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, meant, more) = request.review.first(|kind| match kind {
        SlipKind::Translated(meant) => Some(meant),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let at = At::param(request, param);
    let seen = text!["a translated name"].and_more(more);
    Some(match meant {
        Some(meant) => Hit::new(at, seen, text![meant]).with_fix(text![
            "call it ",
            meant,
            ", as the English page does"
        ]),
        None => Hit::new(at, seen, text!["an English name"]),
    })
}
