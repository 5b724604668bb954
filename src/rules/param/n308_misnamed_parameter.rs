//! N308: a parameter name that is nearly a documented one.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a parameter whose name the action does not have, and which is nearly one that it
    /// has, or another word for it.
    ///
    /// ## Why it matters
    /// The API ignores what it does not know, and then misses what was meant: "Request parameter
    /// error". Names differ between actions: `domains` for check, `domain` elsewhere; `page`
    /// here, `page_index` there.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domain=example.com HTTP/1.1
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
    N308 "misnamed-parameter": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a parameter name that is nearly a documented one",
    fix: "use the documented name: check takes `domains`, the other actions `domain`",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, meant, more) = request.review.first(|kind| match kind {
        SlipKind::Misnamed(meant) => Some(meant),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["a parameter that this action does not document"].and_more(more),
        text![meant],
    );
    Some(hit.with_fix(text!["did you mean ", meant, "?"]))
}
