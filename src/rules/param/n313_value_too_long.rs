//! N313: a value longer than documented.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a value with more characters than the documentation allows.
    ///
    /// ## Why it matters
    /// Registrant names are the usual case: 16 characters is short for a full name. Whether the
    /// API cuts or refuses a longer value is not documented.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=change_password&domain=a.com&password=not-a-password-17 HTTP/1.1
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
    N313 "value-too-long": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a value longer than documented",
    fix: "shorten it; the documentation allows 16 characters for a registrant's name",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, most, more) = request.review.first(|kind| match kind {
        SlipKind::TooLong(most) => Some(most),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text![value_length(request, param), " characters"].and_more(more),
        text!["at most ", most as u64],
    );
    Some(hit)
}

fn value_length(request: &Request, param: usize) -> u64 {
    request.params[param].value.expose().chars().count() as u64
}
