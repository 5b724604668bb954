//! N720: the client closed before it had its reply.
use crate::facts::{Agent, Ending, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a client that closed its connection before the reply was there, and how long it
    /// had waited.
    ///
    /// ## Why it matters
    /// The server need not notice, and goes on: the call may be carried out though your code
    /// reports a failure.
    ///
    /// ## Bad
    /// ```http
    /// # ending: client-left 5000
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
    /// - curl: raise `--max-time`
    /// - PHP curl: raise CURLOPT_TIMEOUT, and `max_execution_time`
    /// - Guzzle: raise `timeout`; requests: raise `timeout=`; axios: raise `timeout`
    N720 "client-gave-up": Wire, Warn, Is,
    check: Ending,
    summary: "the client closed before it had its reply",
    fix: "give it more time; before you repeat a paid call, look at the domain list",
    since: "0.1.0",
}

fn check(request: &Request, ending: &Ending) -> Option<Hit> {
    if !ending.client_left {
        return None;
    }
    let waited = u64::try_from(ending.waited.as_millis()).unwrap_or(u64::MAX);
    let side = if ending.has_reply {
        " ms, in the middle of the reply"
    } else {
        " ms, without a reply"
    };
    let hit = Hit::new(
        At::Connection,
        text!["closed after ", waited, side],
        text!["a client that waits for its reply"],
    );
    Some(hit.in_words_of(request.agent, &FIXES))
}

const FIXES: [(Agent, &str); 4] = [
    (Agent::Curl, "raise --max-time"),
    (
        Agent::PhpCurl,
        "raise CURLOPT_TIMEOUT; and max_execution_time of PHP",
    ),
    (Agent::Guzzle, "raise 'timeout' in the request's options"),
    (Agent::Requests, "raise timeout="),
];
