//! N314: a value shorter than documented.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a value with fewer characters than the documentation asks for.
    ///
    /// ## Why it matters
    /// A postcode of three digits, or a password of two, is refused without a word about which
    /// value is meant.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=change_password&domain=example.com&password=12 HTTP/1.1
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
    N314 "value-too-short": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a value shorter than documented",
    fix: "send the value in full; the documentation says how many characters it has at least",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, least, more) = request.review.first(|kind| match kind {
        SlipKind::TooShort(least) => Some(least),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["too few characters"].and_more(more),
        text!["at least ", least as u64],
    );
    Some(hit)
}
