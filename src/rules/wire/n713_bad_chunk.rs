//! N713: a chunk or trailer of the body is not sound.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a chunk size, chunk end or trailer field that is not sound. The request was cut off
    /// there.
    ///
    /// ## Why it matters
    /// What follows could be read in two ways. It comes from code that writes chunks by hand, or
    /// counts characters instead of bytes.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// POST /v2/ HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// Transfer-Encoding: chunked\r\n
    /// \r\n
    /// 0x5\r\n
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
    N713 "bad-chunk": Wire, Error, Is,
    check: Refusal,
    summary: "a chunk or trailer of the body is not sound",
    fix: "let the HTTP client write the chunks, or send the body with Content-Length",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let seen = match refusal.defect.kind {
        DefectKind::BadChunk => "a chunk that is not sound",
        DefectKind::BadTrailer => "a trailer field that may not stand there",
        _ => return None,
    };
    Some(Hit::new(
        At::Body,
        text![seen],
        text!["a size in hex digits, the bytes, and a line end"],
    ))
}
