//! What the proxy answers itself: in NiceNIC's envelope, so that a module shows it, and with `Proxy-Status`
//! (RFC 9209), so that nobody takes it for NiceNIC's answer. Never holds a value of a header, query or body.
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::http1::{Defect, DefectKind};
use crate::record::Stage;

use super::origin::Failure;

/// One own answer.
pub(super) struct Page {
    pub(super) status: u16,
    /// RFC 9209 error type.
    word: &'static str,
    /// Where on the way: `head`, `connect`, …
    stage: &'static str,
    /// What is wrong.
    reason: String,
    /// What to do.
    hint: &'static str,
    /// The rule that says so.
    rule: Option<&'static str>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    code: u16,
    msg: String,
    data: Option<()>,
    nicetap: Detail<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
    stage: &'a str,
    reason: &'a str,
    hint: &'a str,
    rule: Option<&'a str>,
}

impl Page {
    /// A failure on the way to the origin or back.
    pub(super) fn failure(failure: &Failure) -> Self {
        let (stage, hint) = match failure.stage {
            Stage::Connect if failure.status() == 403 => (
                "connect",
                "nicetap never dials this address for a client; call it without the proxy",
            ),
            Stage::Connect if failure.word == "proxy_loop_detected" => (
                "connect",
                "the URL names the proxy itself; call the API's own host",
            ),
            Stage::Resolve => (
                "resolve",
                "check the spelling of the host and this machine's DNS",
            ),
            Stage::Connect => (
                "connect",
                "check this machine's firewall and its route to the server",
            ),
            Stage::Tls => (
                "tls",
                "the request was not sent; look at the server's certificate",
            ),
            Stage::Send => (
                "send",
                "the request may have arrived: check before you repeat it",
            ),
            Stage::Receive => (
                "receive",
                "the request may have been carried out: check before you repeat it",
            ),
            Stage::Client => ("client", "the request was not whole"),
        };
        Self::new(
            failure.status(),
            failure.word,
            stage,
            failure.reason.clone(),
            failure.hint.unwrap_or(hint),
        )
    }

    /// A head that must not be forwarded; `None` where only closing makes sense.
    pub(super) fn refused_head(defect: &Defect, rule: Option<&'static str>) -> Option<Self> {
        let status = defect.kind.status()?;
        let reason = format!("{} (line {})", defect.kind.reason(), defect.line);
        let hint = "nothing was forwarded; the log of nicetap says what to do";
        Some(Self {
            rule,
            ..Self::new(status, REQUEST_ERROR, "head", reason, hint)
        })
    }

    /// A body that turned out unsound on its way.
    pub(super) fn unsound_body(kind: DefectKind, rule: Option<&'static str>) -> Self {
        let hint = "the request was not forwarded whole";
        Self {
            rule,
            ..Self::new(400, REQUEST_ERROR, "body", kind.reason(), hint)
        }
    }

    /// A host that takes credentials.
    pub(super) fn thief() -> Self {
        let reason = "this host is not NiceNIC's: mirrors of the documentation name it, and it would get your credential";
        Self::new(
            403,
            "destination_ip_prohibited",
            "connect",
            reason,
            "use https://api.nicenic.net/v2/",
        )
    }

    /// Host or TLS server name against the CONNECT or URL.
    pub(super) fn misdirected(rule: Option<&'static str>) -> Self {
        let reason = "the Host or the TLS server name differs from the host of the CONNECT or URL";
        Self {
            rule,
            ..Self::new(
                421,
                REQUEST_ERROR,
                "head",
                reason,
                "send them alike; nothing was forwarded",
            )
        }
    }

    /// `Connection: Authorization` and the like.
    pub(super) fn vital_field() -> Self {
        let reason = "Connection names a field that the API needs, such as Authorization";
        let hint = "take it out of Connection; nothing was forwarded";
        Self::new(400, REQUEST_ERROR, "head", reason, hint)
    }

    /// A credential in cleartext, under `--plaintext refuse`.
    pub(super) fn cleartext(rule: Option<&'static str>) -> Self {
        let reason = "a credential would go out in cleartext, and --plaintext refuse is set";
        Self {
            rule,
            ..Self::new(
                403,
                "http_request_denied",
                "head",
                reason,
                "use https://; nothing was forwarded",
            )
        }
    }

    /// A client that is not served.
    pub(super) fn denied(reason: &'static str, hint: &'static str) -> Self {
        Self::new(403, "http_request_denied", "head", reason, hint)
    }

    /// A client that has not logged in.
    pub(super) fn login(reason: &'static str, hint: &'static str) -> Self {
        Self::new(407, "http_request_denied", "proxy_auth", reason, hint)
    }

    /// A paid action on production, under `--guard block`.
    pub(super) fn paid() -> Self {
        let reason = "a paid action on production is held: --guard block is set";
        Self::held(reason, "N512")
    }

    /// An action that is not listed, or a body that cannot be read, under `--guard block`.
    pub(super) fn cost_unknown() -> Self {
        let reason = "a call of unknown cost on production is held, since its action is not listed or it cannot be read: --guard block is set";
        Self::held(reason, "N512")
    }

    /// A paid action that was sent before, under `--guard block`.
    pub(super) fn repeated(ago: Duration) -> Self {
        let ago = ago.as_secs();
        let reason = format!(
            "the same paid action for the same domain was sent {ago} s ago; it is held: --guard block is set"
        );
        Self::held(reason, "N511")
    }

    fn held(reason: impl Into<String>, rule: &'static str) -> Self {
        let hint = "nothing was forwarded; --guard warn lets it pass, if it is meant";
        Self {
            rule: Some(rule),
            ..Self::new(403, "http_request_denied", "guard", reason, hint)
        }
    }

    /// A request target that names no place where it could go.
    pub(super) fn no_such_url() -> Self {
        let reason = "the request target is no http:// or https:// URL with a sound host";
        Self::new(
            400,
            REQUEST_ERROR,
            "head",
            reason,
            "check the URL; nothing was forwarded",
        )
    }

    /// A CONNECT inside a CONNECT.
    pub(super) fn nested_connect() -> Self {
        Self::new(
            400,
            REQUEST_ERROR,
            "head",
            "a CONNECT inside a CONNECT",
            "set the proxy once only",
        )
    }

    /// A CONNECT without a sound `HOST:PORT`.
    pub(super) fn bad_authority() -> Self {
        let reason = "CONNECT needs HOST:PORT with a sound host and a port from 1 to 65535";
        Self::new(
            400,
            REQUEST_ERROR,
            "connect",
            reason,
            "check the URL that the client calls",
        )
    }

    /// A CONNECT to a port of mail.
    pub(super) fn mail_port() -> Self {
        let reason = "ports 25, 465 and 587 are never tunnelled";
        Self::new(
            403,
            "destination_ip_prohibited",
            "connect",
            reason,
            "send mail without the proxy",
        )
    }

    fn new(
        status: u16,
        word: &'static str,
        stage: &'static str,
        reason: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self {
            status,
            word,
            stage,
            reason: reason.into(),
            hint,
            rule: None,
        }
    }

    /// The whole reply.
    pub(super) fn render(&self, with_body: bool, keep_open: bool) -> Vec<u8> {
        let envelope = Envelope {
            code: self.status,
            msg: format!("nicetap, not NiceNIC: {}; {}", self.reason, self.hint),
            data: None,
            nicetap: Detail {
                stage: self.stage,
                reason: &self.reason,
                hint: self.hint,
                rule: self.rule,
            },
        };
        let body = serde_json::to_string(&envelope).unwrap_or_default();
        let mut out = format!("HTTP/1.1 {} {}\r\n", self.status, phrase(self.status));
        let _ = write!(
            out,
            "Proxy-Status: nicetap; error={}; details=\"{}\"\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\n{}{}\r\n",
            self.word,
            quotable(&self.reason),
            body.len(),
            if self.status == 407 { CHALLENGE } else { "" },
            if keep_open {
                ""
            } else {
                "Connection: close\r\n"
            },
        );
        if with_body {
            out.push_str(&body);
        }
        out.into_bytes()
    }

    /// The refusal of a CONNECT: many clients show its reason phrase only.
    pub(super) fn render_connect(&self) -> Vec<u8> {
        let whole = String::from_utf8_lossy(&self.render(true, false)).into_owned();
        let (_, rest) = whole.split_once("\r\n").unwrap_or_default();
        let reason: String = quotable(&self.reason)
            .chars()
            .take(LONGEST_PHRASE)
            .collect();
        format!("HTTP/1.1 {} nicetap: {reason}\r\n{rest}", self.status).into_bytes()
    }
}

/// A page of our own, such as `/`.
pub(super) fn own(status: u16, content_type: &str, body: &[u8], with_body: bool) -> Vec<u8> {
    let mut out = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\n\r\n",
        phrase(status),
        body.len()
    )
    .into_bytes();
    if with_body {
        out.extend_from_slice(body);
    }
    out
}

/// Text that may stand in a quoted string and in a reason phrase.
fn quotable(text: &str) -> String {
    text.chars()
        .filter(|c| (' '..='~').contains(c))
        .map(|c| if matches!(c, '"' | '\\') { '\'' } else { c })
        .collect()
}

const fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        414 => "URI Too Long",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Answered By nicetap",
    }
}

/// RFC 9110 section 11.7.1.
const CHALLENGE: &str = "Proxy-Authenticate: Basic realm=\"nicetap\", charset=\"UTF-8\"\r\n";
const REQUEST_ERROR: &str = "http_request_error";
const LONGEST_PHRASE: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page {
            status: 502,
            word: "connection_refused",
            stage: "connect",
            reason: "203.0.113.1:443 (`api.nicenic.net`) refused the connection".to_owned(),
            hint: "check the firewall",
            rule: Some("N602"),
        }
    }

    #[test]
    fn a_page_speaks_the_language_of_a_module() {
        let text = String::from_utf8(page().render(true, true)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(
            "HTTP/1.1 502 Bad Gateway\r\nProxy-Status: nicetap; error=connection_refused;"
        ));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (body["code"].as_u64(), body["data"].is_null()),
            (Some(502), true)
        );
        assert!(
            body["msg"]
                .as_str()
                .unwrap()
                .starts_with("nicetap, not NiceNIC: ")
        );
        assert_eq!(body["nicetap"]["stage"], "connect");
    }

    #[test]
    fn a_login_is_asked_for_in_the_way_that_clients_know() {
        let text = String::from_utf8(Page::login("why", "how").render_connect()).unwrap();
        assert!(text.starts_with("HTTP/1.1 407 nicetap: why\r\n"), "{text}");
        assert!(
            text.contains("\r\nProxy-Authenticate: Basic realm=\"nicetap\""),
            "{text}"
        );
    }

    #[test]
    fn a_refused_connect_says_why_in_its_phrase() {
        let text = String::from_utf8(page().render_connect()).unwrap();
        assert!(
            text.starts_with("HTTP/1.1 502 nicetap: 203.0.113.1:443 (`api.nicenic.net`) refused"),
            "{text}"
        );
    }
}
