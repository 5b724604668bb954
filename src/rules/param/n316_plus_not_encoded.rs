//! N316: a + in the query that was not encoded.
use crate::facts::{Agent, Request, SlipKind};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a phone or fax number that arrives with a blank in front: its `+` was sent as it
    /// is.
    ///
    /// ## Why it matters
    /// In a query `+` means a blank. The number that the registry gets has no country code.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=change_contact&domain=example.com&phone=+86.13800000000 HTTP/1.1
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
    /// - curl: `-G --data-urlencode 'phone=+86.13800000000'`
    /// - PHP: `http_build_query($params)` encodes it
    /// - requests: `params=`, and not a URL put together by hand
    N316 "plus-not-encoded": Param, Warn, Is,
    check: Request,
    cause: "7",
    summary: "a + in the query that was not encoded",
    fix: "write %2B for the + of phone and fax: in a query + means a blank",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, (), more) = request.review.first(|kind| match kind {
        SlipKind::PlusLost => Some(()),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let hit = Hit::new(
        At::param(request, param),
        text!["a blank in front of the number"].and_more(more),
        text!["+86.13800000000, sent as %2B86.13800000000"],
    );
    Some(hit.in_words_of(request.agent, &FIXES))
}

const FIXES: [(Agent, &str); 4] = [
    (
        Agent::Curl,
        "use -G --data-urlencode 'phone=+86.…', or write %2B86.… in the URL",
    ),
    (
        Agent::PhpCurl,
        "build the query with http_build_query($params): it writes + as %2B",
    ),
    (
        Agent::Guzzle,
        "give the parameters as 'query' => $params: Guzzle writes + as %2B then",
    ),
    (
        Agent::Requests,
        "give the parameters as params=: requests writes + as %2B then",
    ),
];
