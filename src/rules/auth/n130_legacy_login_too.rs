//! N130: the older API's login beside the header.
use crate::facts::Request;
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports `userstr` or `vtime` in a request that has an `Authorization` header.
    ///
    /// ## Why it matters
    /// Version 2 has no use for them. `userstr` is a hash of the account password, and it stands
    /// in the URL: who sees it can try passwords against it.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=user&action=transactions&userstr=5f4dcc3b5aa765d61d8327deb882cf99 HTTP/1.1
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
    N130 "legacy-login-too": Auth, Warn, Is,
    check: Request,
    summary: "the older API's login beside the header",
    fix: "drop userid, userstr and vtime: the header is the login, and they only leak",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let name = request.legacy.login?;
    if !request.has_authorization() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Param(Raw::new(name.into())),
        text![name, " beside an Authorization header"],
        text!["the header alone"],
    ))
}
