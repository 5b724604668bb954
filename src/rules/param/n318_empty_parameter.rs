//! N318: a documented parameter without a value.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a parameter that is there and empty, where the documentation does not mark it as
    /// optional.
    ///
    /// ## Why it matters
    /// A variable was not set, or a form field was left out. The API answers with "Request
    /// parameter error" and does not say which one it means.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains= HTTP/1.1
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
    ///
    /// ## Fix
    /// - PHP: `$params['sld'] . '.' . $params['tld']` in WHMCS; an unset key gives an empty value
    /// - a shell: `"${DOMAIN:?}"` stops where the variable is empty
    N318 "empty-parameter": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a documented parameter without a value",
    fix: "give it a value: the variable behind it was empty",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, (), more) = request.review.first(|kind| match kind {
        SlipKind::Empty => Some(()),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["nothing after the equals sign"].and_more(more),
        text!["a value"],
    );
    Some(hit)
}
