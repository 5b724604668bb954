//! N129: the login of the older API.
use crate::facts::Request;
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports the older API's login, `userid`, `userstr` and `vtime`, in a request without an
    /// `Authorization` header.
    ///
    /// ## Why it matters
    /// Version 2 knows the caller by the header. `userstr` is a hash of the account password, and
    /// it stands in the URL: who sees it can try passwords against it.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=user&action=transactions&userstr=5f4dcc3b5aa765d61d8327deb882cf99 HTTP/1.1
    /// Host: api.nicenic.net
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
    /// - PHP: drop `md5(…)` and `vtime`; `'Authorization: ' . $username . ':' . $secret` instead
    /// - WHMCS: use a module that speaks version 2; its settings are Username and API Secret
    N129 "legacy-login": Auth, Error, Likely,
    check: Request,
    cause: "6",
    summary: "the login of the older API",
    fix: "send `Authorization: username:api_secret` and drop userid, userstr and vtime",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let name = request.legacy.login?;
    if request.has_authorization() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Param(Raw::new(name.into())),
        text![name, ", and no Authorization header"],
        text!["Authorization: username:api_secret"],
    ))
}
