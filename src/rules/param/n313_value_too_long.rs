//! N313: a value longer than documented.
use crate::catalogue::{Catalogue, Sensitivity};
use crate::facts::{Request, SlipKind};
use crate::rule::{At, Hit, Text, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a value with more characters than the documentation allows.
    ///
    /// ## Why it matters
    /// Registrant names are the usual case: 16 characters is short for a full name. Whether the
    /// API cuts or refuses a longer value is not documented.
    ///
    /// ## Bad
    /// ```http
    /// GET /v2/?category=domain&action=change_password&domain=a.com&password=not-a-password-17 HTTP/1.1
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
    N313 "value-too-long": Param, Warn, Likely,
    check: Request,
    cause: "7",
    summary: "a value longer than documented",
    fix: "shorten it to what the documentation allows",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let (param, most, more) = request.review.first(|kind| match kind {
        SlipKind::TooLong(most) => Some(most),
        _ => None,
    })?;
    if !request.is_for_api() {
        return None;
    }
    let name = &*request.params[param].name;
    let hit = Hit::new(
        At::param(request, param),
        seen(request, param).and_more(more),
        text!["at most ", most as u64, " characters"],
    );
    Some(if name == "name" {
        hit.with_fix(text![
            "shorten the registrant's name to 16 characters; a full name is often longer"
        ])
    } else {
        hit
    })
}

/// How long the value is; of a secret not even that.
fn seen(request: &Request, param: usize) -> Text {
    let param = &request.params[param];
    if Catalogue::current().sensitivity(&param.name) == Sensitivity::Secret {
        return text!["too many characters"];
    }
    text![param.value.expose().chars().count() as u64, " characters"]
}
