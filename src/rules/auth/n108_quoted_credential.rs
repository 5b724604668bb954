//! N108: quotes stand round the credential.
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports quotes that arrived with the credential: round the whole, or round its halves.
    ///
    /// ## Why it matters
    /// The API splits the value at its first colon and compares the halves as they are: a quote
    /// becomes a part of the user name or of the secret. A `.env` file, a second layer of quotes
    /// in a shell, and text copied out of a word processor bring them in.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1
    /// Host: api.nicenic.net
    /// Authorization: "alice:not-a-real-secret"
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
    /// - curl in a shell: `-H 'Authorization: username:api_secret'`, one pair of quotes round the
    ///   whole header
    /// - cmd.exe on Windows: double quotes only; it hands single quotes on
    /// - .env files: `SECRET=value`, unless the program that reads them takes quotes off
    N108 "quoted-credential": Auth, Error, Likely,
    check: Request,
    cause: "2",
    summary: "quotes stand round the credential",
    fix: "write the quotes for the shell or the language only; the header's value has none",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let what = request.flaws.quotes?;
    if !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Header("Authorization"),
        text![what, " round the value"],
        text!["username:api_secret without quotes"],
    ))
}
