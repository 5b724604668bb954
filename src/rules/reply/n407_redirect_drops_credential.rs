//! N407: a redirect on which the credential is dropped.
use crate::facts::{Reply, Request};
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a redirect to another host, port or scheme.
    ///
    /// ## Why it matters
    /// HTTP clients do not send a custom `Authorization` header to another place; from http to
    /// https is another place too. The second request has no credential, and is refused. nicetap
    /// follows no redirects.
    ///
    /// ## Bad
    /// ```http
    /// # scheme: http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 301 Moved Permanently
    /// Location: https://api.nicenic.net/v2/
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// # reply:
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"code":0,"msg":"success","data":{"example.com":"available"}}
    /// ```
    ///
    /// ## Fix
    /// - curl: write the https URL; `--location-trusted` would send the secret wherever it is told
    /// - PHP curl: the same for CURLOPT_UNRESTRICTED_AUTH
    /// - Guzzle, requests, axios: write the https URL; they drop the header on the way
    ///
    /// ## References
    /// - CVE-2018-1000007 and CVE-2022-27776: why curl drops it, as requests and Go do.
    N407 "redirect-drops-credential": Reply, Error, Likely,
    check: Reply,
    summary: "a redirect on which the credential is dropped",
    fix: "write the address that it leads to into your settings, with https://",
    since: "0.1.0",
}

fn check(request: &Request, reply: &Reply) -> Option<Hit> {
    let redirect = reply.redirect.as_ref()?;
    if !redirect.drops_credential {
        return None;
    }
    let (seen, fix) = if redirect.to_https {
        (
            text!["from http:// to https://"],
            text!["write https:// in the API URL: on the way there the client drops the header"],
        )
    } else {
        (
            text!["to ", redirect.host.clone()],
            text![
                "use ",
                request.target.meant(),
                "; the client drops the header on the way there"
            ],
        )
    };
    Some(Hit::new(At::Reply, seen, text!["a reply, not a redirect"]).with_fix(fix))
}
