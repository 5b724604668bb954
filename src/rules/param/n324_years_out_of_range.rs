//! N324: a number of years beyond 1 to 10.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a `year` that is not 1 to 10.
    ///
    /// ## Why it matters
    /// The documentation gives this range, with exceptions for some endings. A calendar year,
    /// such as 2027, is a common slip.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=get_price&domain=example.com&type=register&year=2027 HTTP/1.1
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
    N324 "years-out-of-range": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a number of years beyond 1 to 10",
    fix: "send year as a whole number from 1 to 10",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, (), more) = request.review.first(|kind| match kind {
        SlipKind::Years => Some(()),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["another number of years"].and_more(more),
        text!["1 to 10"],
    );
    Some(hit)
}
