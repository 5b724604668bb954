//! N301: category is the only parameter that arrived.
use crate::facts::Request;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a request whose only parameter is `category`.
    ///
    /// ## Why it matters
    /// The documentation's example is a curl line with an unquoted URL. Pasted into a shell, it
    /// ends at the first `&`: the API gets the category and nothing else, and the lines with the
    /// headers are lost too.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain HTTP/1.1
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
    /// - in a shell: `curl 'https://api.nicenic.net/v2/?category=…&action=…' -H '…'`
    /// - in cmd.exe: double quotes round the URL
    /// - the documentation's example has three lines: join them, or end each but the last with `\`
    N301 "only-category-arrived": Param, Error, Is,
    check: Request,
    cause: "7",
    summary: "category is the only parameter that arrived",
    fix: "put the URL in quotes: a shell cuts an unquoted URL at its first &",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    if !request.has_only_category() || !request.is_for_api() {
        return None;
    }
    Some(Hit::new(
        At::Query,
        text!["category, and no other parameter"],
        text!["category, action, and the parameters of the action"],
    ))
}
