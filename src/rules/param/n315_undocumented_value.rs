//! N315: a value that is none of the documented ones.
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, Text, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a value that is not on the documentation's list for its parameter.
    ///
    /// ## Why it matters
    /// Such parameters take a few words or numbers only, as `type` of get_price and `page_size`
    /// of domain_list do.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=get_price&domain=example.com&type=registration&year=1 HTTP/1.1
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
    N315 "undocumented-value": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a value that is none of the documented ones",
    fix: "use one of the documented values",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, choices, more) = request.review.first(|kind| match kind {
        SlipKind::NotAChoice(choices) => Some(choices),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["a value that is not on the list"].and_more(more),
        text!["one of the documented values"],
    );
    Some(hit.with_fix(listed(choices)))
}

fn listed(choices: &'static [String]) -> Text {
    let mut text = text!["use one of: "];
    for (index, choice) in choices
        .iter()
        .filter(|choice| !choice.is_empty())
        .enumerate()
    {
        if index > 0 {
            text.0.push(", ".into());
        }
        text.0.push(choice.as_str().into());
    }
    text
}
