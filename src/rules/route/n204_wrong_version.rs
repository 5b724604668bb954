//! N204: a path of another API version.
use crate::facts::Request;
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a path that names an API version other than `v2`.
    ///
    /// ## Why it matters
    /// The header `username:api_secret` belongs to version 2. The older API had another way to log
    /// in, and no other version is documented.
    ///
    /// ## Bad
    /// ```http
    /// GET /v1/?category=domain&action=check&domains=example.com HTTP/1.1
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
    N204 "wrong-version": Route, Error, Likely,
    check: Request,
    cause: "6",
    summary: "a path of another API version",
    fix: "request /v2/; this credential is that of the Reseller API v2",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let path = &**request.path.expose();
    if !names_another_version(path) || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Path,
        text![Raw::new(String::from_utf8_lossy(path).into())],
        text!["/v2/"],
    ))
}

/// Whether a part of the path is `v` and a number, and none is `v2`.
pub(super) fn names_another_version(path: &[u8]) -> bool {
    let mut versions = path
        .split(|byte| *byte == b'/')
        .filter_map(|part| match part {
            [b'v' | b'V', number @ ..] if !number.is_empty() => Some(number),
            _ => None,
        });
    let is_number = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    versions.clone().any(is_number) && versions.all(|number| number != b"2")
}
