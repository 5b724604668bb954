//! N706: a control byte in a header value.
use crate::facts::Refusal;
use crate::http1::DefectKind;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a control byte, such as NUL or ESC, in a header value. The request was not
    /// forwarded.
    ///
    /// ## Why it matters
    /// No server has to accept it, and some cut the value there. It comes from binary files, from
    /// UTF-16 text, or from a terminal.
    ///
    /// ## Bad
    /// ```http
    /// # raw:
    /// GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\n
    /// Host: api.nicenic.net\r\n
    /// X-Note: a\0b\r\n
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
    N706 "control-byte": Wire, Error, Is,
    check: Refusal,
    summary: "a control byte in a header value",
    fix: "clean the value: read the file as text, and keep only what you typed",
    since: "0.1.0",
}

fn check(refusal: &Refusal) -> Option<Hit> {
    let DefectKind::ControlByte = refusal.defect.kind else {
        return None;
    };
    Some(Hit::new(
        At::defect(&refusal.defect),
        text![refusal.control, " in the value"],
        text!["printable characters"],
    ))
}
