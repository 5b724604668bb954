//! N311: a parameter that stands twice.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a parameter that is there more than once: in the query, in the body, or in both.
    ///
    /// ## Why it matters
    /// One server takes the first, another the last. Which one counts here is not documented, and
    /// what was checked may not be what is bought.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com&domains=example.net HTTP/1.1
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
    /// - PHP: `implode(',', $domains)`; http_build_query of a list writes `domains[0]=`
    /// - requests: `",".join(domains)`; a list in `params=` repeats the name
    /// - axios: `domains.join(',')`; a list in `params` writes `domains[]=`
    /// - curl: one `--data-urlencode 'domains=a.com,b.com'`
    N311 "repeated-parameter": Param, Warn, Is,
    check: Request,
    cause: "7",
    summary: "a parameter that stands twice",
    fix: "send each parameter once; for several domains join them with commas",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, same, more) = request.review.first(|kind| match kind {
        SlipKind::Again(same) => Some(same),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let side = if same {
        "with the same value"
    } else {
        "with another value"
    };
    let hit = Hit::new(
        At::param(request, param),
        text!["a second time, ", side].and_more(more),
        text!["once"],
    );
    Some(hit)
}
