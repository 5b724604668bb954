//! What a reply says.
use crate::http1::ReplyHead;
use crate::redact::seal::Raw;

use super::Request;
use super::body::is_encoded;
use super::json::{self, Event, Outcome};
use super::secrets::{self, JsonSecrets, Secret};

/// A reply as it came.
pub struct ReplyInput<'a> {
    /// The head, as sent.
    pub head: &'a ReplyHead,
    /// The beginning of the payload, without chunk lines; still compressed if it was sent so.
    pub prefix: &'a [u8],
    /// Whether this is all of it.
    pub whole: bool,
}

/// `{"code":…,"msg":…,"data":…}`
pub struct Envelope {
    /// The body code.
    pub code: i64,
    /// The message; empty if it is none, or no string.
    pub msg: Raw<Box<str>>,
}

/// All facts of a reply.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// NiceNIC's envelope, if the body is one; also where the rest of the body was cut off.
    pub envelope: Option<Envelope>,
    /// All secrets in it.
    pub secrets: Vec<Secret>,
}

impl Reply {
    /// Derives all facts of the reply to this request.
    pub fn derive(input: &ReplyInput<'_>, request: &Request) -> Self {
        let mut secrets = Vec::new();
        secrets::learn_fields(input.head.fields(), &mut secrets);
        let looks_like_json = input.prefix.trim_ascii_start().first() == Some(&b'{');
        let envelope = if looks_like_json && !is_encoded(input.head.fields()) {
            read_envelope(input, asks_for_transfer_code(request), &mut secrets)
        } else {
            None
        };
        Self {
            status: input.head.status(),
            envelope,
            secrets,
        }
    }
}

/// `data_is_secret`: all values in `data` are what was asked for, whatever their names.
fn read_envelope(
    input: &ReplyInput<'_>,
    data_is_secret: bool,
    secrets: &mut Vec<Secret>,
) -> Option<Envelope> {
    let mut follower = JsonSecrets::default();
    let (mut code, mut msg) = (None, None);
    let outcome = json::read(input.prefix, input.whole, &mut |event| {
        let is_top = follower.depth() == 1;
        if let (true, Event::Scalar { name, token }) = (is_top, &event) {
            match name {
                Some(b"code") => code = number(token),
                Some(b"msg") if token.starts_with(b"\"") => msg = Some(json::value_of(token)),
                _ => {}
            }
        }
        let is_data = matches!(
            &event,
            Event::Open {
                name: Some(b"data"),
                ..
            } | Event::Scalar {
                name: Some(b"data"),
                ..
            }
        );
        follower.take(&event, data_is_secret && is_top && is_data, secrets);
    });
    if !matches!(outcome, Outcome::Valid) {
        secrets::learn_from_text(input.prefix, secrets);
    }
    if matches!(outcome, Outcome::Bad(_)) {
        return None;
    }
    let msg = msg.unwrap_or_default();
    Some(Envelope {
        code: code?,
        msg: Raw::new(String::from_utf8_lossy(&msg).into()),
    })
}

/// A whole number, bare or as a string: PHP code writes either.
fn number(token: &[u8]) -> Option<i64> {
    std::str::from_utf8(&json::value_of(token))
        .ok()?
        .parse()
        .ok()
}

/// Nobody has published the name of the action that reads a transfer code; its reply must be masked all the same.
fn asks_for_transfer_code(request: &Request) -> bool {
    let Some(action) = &request.call.action else {
        return false;
    };
    let action = action.expose().to_ascii_lowercase();
    ["epp", "authcode", "auth_code", "transfer_code"]
        .iter()
        .any(|word| action.contains(word))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::facts::{Arrival, Authority, BodyInput, Scheme, Target, Via};
    use crate::http1::{Limits, RequestHead};

    fn derive(action: &str, head: &str, body: &str, whole: bool) -> Reply {
        let line = format!("GET /v2/?category=domain&action={action} HTTP/1.1\r\nHost: a\r\n\r\n");
        let request_head = RequestHead::parse(Bytes::from(line), &Limits::default());
        let request_head = request_head.ok().unwrap();
        let authority = Authority::parse(b"a", Some(443)).unwrap();
        let target = Target::new(authority, true, Some(Scheme::Https), Via::Connect);
        let arrival = Arrival {
            target: &target,
            head: &request_head,
            path_and_query: request_head.target(),
            sni: None,
        };
        let request = Request::derive(&arrival, BodyInput::None);
        let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
        let head = ReplyHead::parse(Bytes::from(head)).ok().unwrap();
        let input = ReplyInput {
            head: &head,
            prefix: body.as_bytes(),
            whole,
        };
        Reply::derive(&input, &request)
    }

    fn envelope(body: &str, whole: bool) -> Option<(i64, String)> {
        let envelope = derive("check", "", body, whole).envelope?;
        Some((envelope.code, envelope.msg.expose().to_string()))
    }

    #[test]
    fn the_envelope_is_read() {
        let success = Some((0, "success".to_owned()));
        assert_eq!(
            envelope("{\"code\":0,\"msg\":\"success\",\"data\":[]}", true),
            success
        );
        assert_eq!(
            envelope("{\"code\":\"0\",\"msg\":\"success\"}", true),
            success
        );
        assert_eq!(
            envelope(
                "{\"code\":0,\"msg\":\"success\",\"data\":[{\"x\":\"y",
                false
            ),
            success
        );
        assert_eq!(envelope("{\"data\":{\"code\":7}}", true), None);
        assert_eq!(envelope("<html>", true), None);
        assert_eq!(envelope("{\"code\":0,\"msg\":\"success\",}", true), None);
        assert!(
            derive("check", "Content-Encoding: gzip\r\n", "{\"code\":0}", true)
                .envelope
                .is_none()
        );
    }

    #[test]
    fn secrets_of_replies_are_found() {
        let shown = |reply: Reply| -> Vec<String> {
            let text = |secret: &Secret| String::from_utf8_lossy(secret.value.expose()).into();
            reply.secrets.iter().map(text).collect()
        };
        let body = "{\"code\":0,\"data\":{\"a\":[{\"epp_code\":\"E1\"}],\"msg\":\"x\"}}";
        let head = "Set-Cookie: sid=abc; Path=/\r\n";
        assert_eq!(shown(derive("check", head, body, true)), ["abc", "E1"]);
        let body = "{\"code\":0,\"msg\":\"success\",\"data\":\"E2\"}";
        assert_eq!(shown(derive("get_epp_code", "", body, true)), ["E2"]);
        assert_eq!(shown(derive("check", "", body, true)), [""; 0]);
    }
}
