//! N719: the client waited for a 100 that did not come.
use crate::facts::{Agent, Ending, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a client that asked with `Expect: 100-continue` and got no answer to that from the
    /// server; nicetap answered in its place.
    ///
    /// ## Why it matters
    /// Without nicetap the client waits before it sends its body: curl for a second, others
    /// longer. libcurl asks by itself for large bodies.
    ///
    /// ## Bad
    /// ```http
    /// # ending: continue-missed
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
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
    /// - curl: `-H 'Expect:'`
    /// - PHP curl: `'Expect:'` in CURLOPT_HTTPHEADER
    /// - Guzzle: `'expect' => false`; requests and axios do not ask by themselves
    ///
    /// ## References
    /// - RFC 9110, section 10.1.1: Expect.
    N719 "expect-stall": Wire, Warn, Is,
    check: Ending,
    summary: "the client waited for a 100 that did not come",
    fix: "send an empty `Expect:` header: the server does not answer it",
    since: "0.1.0",
}

fn check(request: &Request, ending: &Ending) -> Option<Hit> {
    if !ending.continue_missed {
        return None;
    }
    let hit = Hit::new(
        At::Header("Expect"),
        text!["no 100 Continue from the server"],
        text!["no such header"],
    );
    Some(hit.in_words_of(request.agent, &FIXES))
}

const FIXES: [(Agent, &str); 3] = [
    (Agent::Curl, "add -H 'Expect:' to the command"),
    (Agent::PhpCurl, "add 'Expect:' to CURLOPT_HTTPHEADER"),
    (
        Agent::Guzzle,
        "set 'expect' => false in the request's options",
    ),
];
