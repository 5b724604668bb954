//! N131: vtime is not the time in GMT+8.
use crate::facts::Request;
use crate::redact::seal::Raw;
use crate::rule::{At, Hit, declare_rule};
use crate::text;

declare_rule! {
    /// ## What it does
    /// Reports a `vtime` more than ten minutes away from the moment of the request, read as
    /// `YYYYMMDDHHMM` in GMT+8.
    ///
    /// ## Why it matters
    /// The older API hashes this time into its login. A server that writes its own zone, or whose
    /// clock is off, is refused there.
    ///
    /// ## Bad
    /// ```http
    /// # time: 2026-01-01T12:00:00Z
    /// GET /v2/?category=user&action=transactions&vtime=202601011200 HTTP/1.1
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
    N131 "vtime-off": Auth, Warn, Likely,
    check: Request,
    summary: "vtime is not the time in GMT+8",
    fix: "write vtime in GMT+8: date_default_timezone_set('Asia/Shanghai'), and check the server's clock",
    since: "0.1.0",
}

fn check(request: &Request) -> Option<Hit> {
    let off = request.legacy.minutes_off?;
    if !request.is_for_api() {
        return None;
    }
    let side = if off < 0 {
        " minutes behind"
    } else {
        " minutes ahead"
    };
    let hit = Hit::new(
        At::Param(Raw::new("vtime".into())),
        text![off.unsigned_abs(), side],
        text!["the time of the request in GMT+8"],
    );
    let is_utc = (off + EIGHT_HOURS).abs() <= 10;
    Some(if is_utc {
        hit.with_fix(text![
            "add eight hours: vtime is UTC here; in PHP date_default_timezone_set('Asia/Shanghai')"
        ])
    } else {
        hit
    })
}

const EIGHT_HOURS: i64 = 480;
