//! N310: a parameter that the action does not document.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a parameter that the documentation does not list for this action, and that
    /// resembles none that it lists.
    ///
    /// ## Why it matters
    /// It is most likely ignored. It may also be the name of something that belongs to another
    /// action.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com&nonce=42 HTTP/1.1
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
    N310 "unknown-parameter": Param, Info, Is,
    check: Request,
    summary: "a parameter that the action does not document",
    fix: "leave it out, unless NiceNIC told you of it",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, (), more) = request.review.first(|kind| match kind {
        SlipKind::Unknown => Some(()),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["a parameter that this action does not document"].and_more(more),
        text!["documented parameters"],
    );
    Some(hit)
}
