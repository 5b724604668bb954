//! N317: example text in the place of a value.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a value that is its own name, a template such as `{domain}`, or a program's word
    /// for nothing.
    ///
    /// ## Why it matters
    /// The documentation writes `domain={domain}`. curl takes braces for a list and strips them,
    /// so that `domain=domain` arrives.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=domains HTTP/1.1
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
    /// - curl: `-g` keeps braces; write the value where the documentation shows `{domain}`
    /// - PHP: double quotes fill in `$domain`, single quotes do not
    /// - Python: an `f` in front of the string; Node: backticks instead of quotes
    N317 "placeholder-value": Param, Error, Likely,
    check: Request,
    cause: "7",
    summary: "example text in the place of a value",
    fix: "put in a value; curl takes braces off, so that {domain} arrives as domain",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, (), more) = request.review.first(|kind| match kind {
        SlipKind::Placeholder => Some(()),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["text that stands for a value"].and_more(more),
        text!["a real value"],
    );
    Some(hit)
}
