//! N102: a scheme word stands in front of the credential.
use crate::facts::{Agent, Authorization, Request, SchemeValue};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports `Basic`, `Bearer` or another scheme word in front of the credential.
    ///
    /// ## Why it matters
    /// The API wants the bare `username:api_secret`: no word, no base64. Most HTTP libraries put
    /// `Basic` there when the credential is given to their own login option, and some of them then
    /// overwrite a header that was right.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: Basic YWxpY2U6bm90LWEtcmVhbC1zZWNyZXQ=
    /// Content-Type: application/json
    /// ```
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: Bearer alice:not-a-real-secret
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
    /// - curl: `-H 'Authorization: username:api_secret'` instead of `-u`
    /// - PHP curl: a line in `CURLOPT_HTTPHEADER` instead of `CURLOPT_USERPWD`
    /// - Guzzle, requests, axios: a header instead of the `auth` option; requests also takes `Basic`
    ///   from `~/.netrc`
    ///
    /// ## References
    /// - RFC 9110, section 11.4: what other APIs mean by this header.
    N102 "scheme-word": Auth, Error, Is,
    check: Request,
    cause: "2",
    summary: "a scheme word stands in front of the credential",
    fix: "send the bare pair: `Authorization: username:api_secret`, with no word in front",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let Authorization::Scheme { word, value } = &request.authorization else {
        return None;
    };
    if !request.is_for_api() {
        return None;
    }
    let after = match value {
        SchemeValue::Nothing => ", and nothing after it",
        SchemeValue::Pair => " in front of the pair",
        SchemeValue::EncodedPair => " and the pair in base64",
        SchemeValue::WebToken => " and a JSON web token",
        SchemeValue::Token => " and a value that is no pair",
    };
    let hit = Hit::new(
        At::Header("Authorization"),
        text!["the word ", word.clone(), after],
        text!["username:api_secret, nothing in front"],
    );
    Some(match value {
        SchemeValue::EncodedPair => hit.with_fix(text![
            "set the header yourself; curl -u and the auth option of Guzzle, requests, axios send Basic"
        ])
        .in_words_of(request.agent, &FIXES),
        _ => hit,
    })
}

const FIXES: [(Agent, &str); 5] = [
    (
        Agent::Curl,
        "write -H 'Authorization: username:api_secret' instead of -u: -u sends Basic",
    ),
    (
        Agent::PhpCurl,
        "drop CURLOPT_USERPWD and base64_encode; put the bare pair into CURLOPT_HTTPHEADER",
    ),
    (
        Agent::Guzzle,
        "replace 'auth' => […] by 'headers' => ['Authorization' => $username . ':' . $secret]",
    ),
    (
        Agent::Requests,
        "replace auth= by headers={\"Authorization\": f\"{username}:{secret}\"}; look for a ~/.netrc",
    ),
    (
        Agent::Axios,
        "replace auth: {…} by headers: { Authorization: `${username}:${secret}` }",
    ),
];
