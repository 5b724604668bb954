//! N306: category or action is missing.
use crate::facts::{Body, Request};
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request without `category` or without `action`.
    ///
    /// ## Why it matters
    /// The path is always `/v2/`; these two say what is to be done. In the path, or in a body
    /// that cannot be read, they do not count.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&domains=example.com HTTP/1.1
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
    N306 "missing-action": Param, Error, Likely,
    check: Request,
    cause: "7",
    summary: "category or action is missing",
    fix: "send both: /v2/?category=domain&action=check&…",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    // A body that was not read may hold them; a broken one has a finding of its own.
    let is_open = matches!(
        request.body,
        Body::Pending | Body::Other | Body::BadJson(_) | Body::Mislabelled
    );
    if is_open || request.has_only_category() || !request.is_for_api() {
        return None;
    }
    let is_set = |word: &Option<Raw<Box<str>>>| {
        word.as_ref()
            .is_some_and(|word| !word.expose().trim().is_empty())
    };
    let seen = match (is_set(&request.call.category), is_set(&request.call.action)) {
        (true, true) => return None,
        (true, false) => "a category, and no action",
        (false, true) => "an action, and no category",
        (false, false) => "neither category nor action",
    };
    Some(Hit::new(
        At::Query,
        text![seen],
        text!["category and action"],
    ))
}
