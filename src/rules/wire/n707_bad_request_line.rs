//! N707: the first line is not METHOD TARGET HTTP/1.1.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a first line that is not a method, a target and `HTTP/1.1`, each apart by one
    /// blank. The request was not forwarded.
    ///
    /// ## Why it matters
    /// A blank in a URL is the usual reason: the line then has one part too many, and a reader
    /// that guesses may take a shorter URL.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&name=Xiao Ming HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// \r\n
    /// ```
    ///
    /// ## Good
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Authorization: alice:not-a-real-secret\r\n
    /// Content-Type: application/json\r\n
    /// \r\n
    /// ```
    N707 "bad-request-line": Wire, Error, Is,
    check: Refusal,
    summary: "the first line is not METHOD TARGET HTTP/1.1",
    fix: "encode blanks in the URL: %20 in values, urlencode() in PHP, quote() in Python",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let seen = match refusal.defect.kind {
        DefectKind::BadRequestLine => "a line of more or fewer parts",
        DefectKind::BadMethod => "a method that no method may look like",
        DefectKind::BadTarget => "a target that is neither a path nor a URL",
        DefectKind::BadVersion => "another version of HTTP",
        _ => return None,
    };
    let hit = Hit::new(
        At::RequestLine,
        text![seen],
        text!["METHOD TARGET HTTP/1.1"],
    );
    Some(match refusal.defect.kind {
        DefectKind::BadMethod => hit.with_fix(text!["use GET, as the documentation does"]),
        DefectKind::BadTarget => hit.with_fix(text!["begin the path with a slash: /v2/"]),
        DefectKind::BadVersion => hit.with_fix(text!["set the client to HTTP/1.1"]),
        _ => hit,
    })
}
