//! N722: the client takes any certificate.
use crate::facts::{Agent, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a client that took nicetap's certificate though nobody can know it: the root was made
    /// when nicetap started, and no file that holds it has been read since.
    ///
    /// ## Why it matters
    /// The client does not verify whom it talks to. It works with nicetap, and it would work with
    /// anybody else on the way, who then has the API password. Nicetap notices it only at the start
    /// that made the root, and not on a disk that keeps no access times.
    ///
    /// ## Bad
    /// ```http
    /// # trust: blind
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
    /// Give the client nicetap's root (`nicetap ca path`), and take out what switches the check off:
    /// - curl: `-k`, `--insecure`, or `insecure` in `~/.curlrc`
    /// - PHP curl: `CURLOPT_SSL_VERIFYPEER => false` and `CURLOPT_SSL_VERIFYHOST => 0`
    /// - Guzzle: `'verify' => false`; requests: `verify=False`
    /// - Node, axios: `rejectUnauthorized: false`, or `NODE_TLS_REJECT_UNAUTHORIZED=0`
    N722 "certificate-not-verified": Wire, Warn, Likely,
    check: Request,
    summary: "the client takes any certificate",
    fix: "switch the client's check of certificates on, and give it the file that `nicetap ca path` names",
    since: "0.1.0",
    once: true,
}

fn check(request: &Request) -> Option<Hit> {
    if !request.target.trusts_blindly {
        return None;
    }
    let hit = Hit::new(
        At::Connection,
        text!["took nicetap's certificate, whose root nobody has read yet"],
        text!["a client that verifies certificates"],
    );
    Some(hit.in_words_of(request.agent, &FIXES))
}

const FIXES: [(Agent, &str); 7] = [
    (
        Agent::Curl,
        "take -k (--insecure) out, also of ~/.curlrc; use --cacert with the file of `nicetap ca path`",
    ),
    (
        Agent::PhpCurl,
        "set CURLOPT_SSL_VERIFYPEER to true and CURLOPT_SSL_VERIFYHOST to 2; CURLOPT_CAINFO names the root",
    ),
    (
        Agent::Whmcs,
        "the module switches CURLOPT_SSL_VERIFYPEER off: set it to true, and CURLOPT_SSL_VERIFYHOST to 2",
    ),
    (
        Agent::Guzzle,
        "'verify' => false switches the check off: name the file of `nicetap ca path` there instead",
    ),
    (
        Agent::Requests,
        "verify=False switches the check off: name the file of `nicetap ca path` there instead",
    ),
    (Agent::Axios, IN_NODE),
    (Agent::Node, IN_NODE),
];
const IN_NODE: &str =
    "take rejectUnauthorized: false out; NODE_EXTRA_CA_CERTS names the file of `nicetap ca path`";
