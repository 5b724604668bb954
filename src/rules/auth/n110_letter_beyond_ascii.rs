//! N110: a letter in the credential that is not ASCII.
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a letter beyond ASCII in the credential, or bytes of another charset.
    ///
    /// ## Why it matters
    /// A Cyrillic `а` looks like a Latin `a`. Which charset the API takes such letters in is not
    /// documented, and HTTP itself names none; a user name of letters and digits is safe.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Authorization: \xd0\xb0lice:not-a-real-secret\r\n
    /// Content-Type: application/json\r\n
    /// \r\n
    /// ```
    ///
    /// ## Good
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: alice:not-a-real-secret
    /// Content-Type: application/json
    /// ```
    N110 "letter-beyond-ascii": Auth, Warn, Likely,
    check: Request,
    cause: "2",
    summary: "a letter in the credential that is not ASCII",
    fix: "type the credential with a Latin keyboard; look for letters that only look alike",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let what = request.flaws.foreign?;
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![what],
        text!["username:api_secret in plain ASCII"],
    ))
}
