//! What a reply says.
use crate::http1::ReplyHead;
use crate::redact::seal::Raw;

use super::body::is_encoded;
use super::json::{self, Event, JsonError, Outcome};
use super::secrets::{self, JsonSecrets, Secret};
use super::{Authority, Request, Scheme};

/// What is known of a reply's payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// `prefix` is as it was sent, compressed if the head says so.
    #[default]
    AsSent,
    /// It was compressed; `prefix` is without its coding.
    Decoded,
    /// It is not of the coding that its head names; `prefix` is empty.
    Mislabelled,
    /// It could not be decoded for another reason; `prefix` is empty.
    Unreadable,
}

/// A reply as it came.
pub struct ReplyInput<'a> {
    /// The head, as sent.
    pub head: &'a ReplyHead,
    /// The beginning of the payload, without chunk lines.
    pub prefix: &'a [u8],
    /// Whether this is all of it.
    pub whole: bool,
    /// Whether it is still compressed, or not any more.
    pub content: Content,
    /// Whether the origin broke off before its end.
    pub is_cut: bool,
}

impl<'a> ReplyInput<'a> {
    /// A reply that came to its end; `prefix` as it was sent.
    pub const fn new(head: &'a ReplyHead, prefix: &'a [u8], whole: bool) -> Self {
        Self {
            head,
            prefix,
            whole,
            content: Content::AsSent,
            is_cut: false,
        }
    }
}

/// `{"code":…,"msg":…,"data":…}`
pub struct Envelope {
    /// The body code.
    pub code: i64,
    /// The message; empty if it is none, or no string.
    pub msg: Raw<Box<str>>,
    /// Names in `data` whose value is `error`: what the reply to a check says of a domain that failed. At most 100.
    pub failed: Vec<Raw<Box<str>>>,
}

/// What kind of body a reply has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyBody {
    /// None, or an empty one.
    Empty,
    /// NiceNIC's envelope.
    Envelope,
    /// JSON without a `code`.
    OtherJson,
    /// HTML; whether it asks for proof that a human is there.
    Html {
        /// Whether it holds words of a captcha or a browser check.
        is_captcha: bool,
    },
    /// It begins like JSON and is none.
    BadJson(JsonError),
    /// Something else.
    Other,
    /// It is not of the coding that its head names.
    Mislabelled,
    /// It could not be read, or not to its end.
    Unknown,
}

/// Where a redirect leads.
pub struct Redirect {
    /// The host; as sent.
    pub host: Raw<Box<str>>,
    /// Whether it goes from http to https on the same host.
    pub to_https: bool,
    /// Whether scheme, host or port change: clients drop the Authorization header then.
    pub drops_credential: bool,
}

/// All facts of a reply.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// NiceNIC's envelope, if the body is one; also where the rest of the body was cut off.
    pub envelope: Option<Envelope>,
    /// What kind of body it has.
    pub body: ReplyBody,
    /// Whether the origin broke off before its end.
    pub is_cut: bool,
    /// Whether a reply to this method and of this status has a body at all.
    pub may_have_body: bool,
    /// Whether it has bytes that are not UTF-8, as far as it was read.
    pub is_not_utf8: bool,
    /// Where it leads, if it is a redirect that says so.
    pub redirect: Option<Redirect>,
    /// Retry-After, if it is there.
    pub retry_after: Option<Raw<Box<str>>>,
    /// Whether the secret half of the request's credential stands in the body.
    pub echoes_secret: bool,
    /// All secrets in it.
    pub secrets: Vec<Secret>,
}

impl Reply {
    /// Derives all facts of the reply to this request.
    pub fn derive(input: &ReplyInput<'_>, request: &Request) -> Self {
        let fields = input.head.fields();
        let status = input.head.status();
        let mut secrets = Vec::new();
        secrets::learn_fields(fields, &mut secrets);
        let is_readable = match input.content {
            Content::AsSent => !is_encoded(fields),
            Content::Decoded => true,
            Content::Mislabelled | Content::Unreadable => false,
        };
        let text = if is_readable { input.prefix } else { b"" };
        let (body, envelope) = if is_readable {
            read_body(text, input, asks_for_transfer_code(request), &mut secrets)
        } else if input.content == Content::Mislabelled {
            (ReplyBody::Mislabelled, None)
        } else {
            (ReplyBody::Unknown, None)
        };
        let retry_after = fields.first("retry-after");
        let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
        let location = fields.first("location").filter(|_| is_redirect);
        Self {
            status,
            envelope,
            body,
            is_cut: input.is_cut,
            may_have_body: &*request.method != "HEAD" && !matches!(status, 100..200 | 204 | 304),
            is_not_utf8: std::str::from_utf8(text)
                .is_err_and(|error| input.whole || error.error_len().is_some()),
            redirect: location.and_then(|location| Redirect::of(location, request)),
            retry_after: retry_after.map(|value| Raw::new(String::from_utf8_lossy(value).into())),
            echoes_secret: echoes_secret(text, request),
            secrets,
        }
    }

    /// Whether the status speaks of success.
    pub const fn is_ok(&self) -> bool {
        matches!(self.status, 200..300)
    }

    /// Whether it refuses the login or the address, as far as its status or its code tells. Texts of refusals are not
    /// documented.
    pub fn refuses_access(&self) -> bool {
        let by_code = |envelope: &Envelope| matches!(envelope.code, 401 | 403);
        // A check for humans stands in front of the API: nobody has looked at the login yet.
        if matches!(self.body, ReplyBody::Html { is_captcha: true }) {
            return false;
        }
        matches!(self.status, 401 | 403) || self.envelope.as_ref().is_some_and(by_code)
    }

    /// Whether the body code speaks of success. 200 stands in the documentation of `domain_list`.
    pub fn succeeds(&self) -> bool {
        let by_code = |envelope: &Envelope| matches!(envelope.code, 0 | 200);
        self.is_ok() && self.envelope.as_ref().is_some_and(by_code)
    }

    /// Whether its body, as far as one can tell, is none that the API's clients can parse: each expects JSON.
    pub const fn is_no_json(&self) -> bool {
        match self.body {
            ReplyBody::Html { .. }
            | ReplyBody::BadJson(_)
            | ReplyBody::Other
            | ReplyBody::Mislabelled => true,
            ReplyBody::Empty => self.may_have_body,
            ReplyBody::Envelope | ReplyBody::OtherJson | ReplyBody::Unknown => false,
        }
    }

    /// Whether the API accepted the call and has not finished it.
    pub fn is_pending(&self) -> bool {
        self.envelope
            .as_ref()
            .is_some_and(|envelope| envelope.code == 201)
    }
}

impl Redirect {
    fn of(location: &[u8], request: &Request) -> Option<Self> {
        let text = std::str::from_utf8(location).ok()?;
        let from = &request.target;
        let scheme_of = |text: &str| {
            let begins = |word: &str| {
                text.get(..word.len())
                    .is_some_and(|front| front.eq_ignore_ascii_case(word))
            };
            [(Scheme::Https, "https://"), (Scheme::Http, "http://")]
                .into_iter()
                .find(|(_, word)| begins(word))
                .map(|(scheme, word)| (scheme, text[word.len()..].to_owned()))
        };
        let own = from.scheme.unwrap_or(Scheme::Https);
        let (scheme, rest) = match (scheme_of(text), text.strip_prefix("//")) {
            (Some((scheme, rest)), _) => (scheme, rest),
            (None, Some(rest)) => (own, rest.to_owned()),
            // A path: the same place.
            (None, None) => (own, from.authority.to_string()),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let to = Authority::parse(&rest.as_bytes()[..end], Some(scheme.default_port()))?;
        let is_same_host = to.host() == from.authority.host();
        let is_same = is_same_host && scheme == own && to.port() == from.authority.port();
        Some(Self {
            host: Raw::new(to.host().into()),
            to_https: is_same_host && own == Scheme::Http && scheme == Scheme::Https,
            drops_credential: !is_same,
        })
    }
}

fn read_body(
    text: &[u8],
    input: &ReplyInput<'_>,
    data_is_secret: bool,
    secrets: &mut Vec<Secret>,
) -> (ReplyBody, Option<Envelope>) {
    let start = text.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let kind = match start.first() {
        None if input.whole => ReplyBody::Empty,
        None => ReplyBody::Unknown,
        Some(b'{') => {
            let (outcome, envelope) = read_envelope(text, input.whole, data_is_secret, secrets);
            let kind = match (&envelope, outcome) {
                (Some(_), _) => ReplyBody::Envelope,
                (None, Outcome::Valid) => ReplyBody::OtherJson,
                (None, Outcome::Cut) => ReplyBody::Unknown,
                // What is missing was cut off; that is another matter than bad JSON.
                (None, Outcome::Bad(_)) if input.is_cut => ReplyBody::Unknown,
                (None, Outcome::Bad(error)) => ReplyBody::BadJson(error),
            };
            return (kind, envelope);
        }
        Some(b'<') => ReplyBody::Html {
            is_captcha: speaks_of_captcha(text),
        },
        Some(b'[') => ReplyBody::OtherJson,
        Some(_) => ReplyBody::Other,
    };
    (kind, None)
}

fn speaks_of_captcha(text: &[u8]) -> bool {
    let text = text[..text.len().min(CAPTCHA_SEARCH)].to_ascii_lowercase();
    CAPTCHA_WORDS
        .iter()
        .any(|word| memchr::memmem::find(&text, word.as_bytes()).is_some())
}

/// A secret of a few letters stands in many texts by chance.
fn echoes_secret(text: &[u8], request: &Request) -> bool {
    let Some(credential) = &request.credential else {
        return false;
    };
    let secret = &**credential.secret.expose();
    secret.len() >= SHORTEST_ECHO && memchr::memmem::find(text, secret).is_some()
}

/// `data_is_secret`: all values in `data` are what was asked for, whatever their names.
fn read_envelope(
    text: &[u8],
    whole: bool,
    data_is_secret: bool,
    secrets: &mut Vec<Secret>,
) -> (Outcome, Option<Envelope>) {
    let mut follower = JsonSecrets::default();
    let (mut code, mut msg, mut failed) = (None, None, Vec::new());
    let mut is_in_data = false;
    let outcome = json::read(text, whole, &mut |event| {
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
        if let (true, Event::Open { .. }) = (is_top, &event) {
            is_in_data = is_data;
        }
        if let Event::Scalar {
            name: Some(name),
            token: b"\"error\"",
        } = &event
            && is_in_data
            && follower.depth() == 2
            && failed.len() < MOST_FAILED
        {
            let name = json::unescape(name);
            failed.push(Raw::new(String::from_utf8_lossy(&name).into()));
        }
        follower.take(&event, data_is_secret && is_top && is_data, secrets);
    });
    if !matches!(outcome, Outcome::Valid) {
        secrets::learn_from_text(text, secrets);
    }
    if matches!(outcome, Outcome::Bad(_)) {
        return (outcome, None);
    }
    let msg = msg.unwrap_or_default();
    let envelope = code.map(|code| Envelope {
        code,
        msg: Raw::new(String::from_utf8_lossy(&msg).into()),
        failed,
    });
    (outcome, envelope)
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

const MOST_FAILED: usize = 100;
const SHORTEST_ECHO: usize = 8;
/// Such words stand in the first lines.
const CAPTCHA_SEARCH: usize = 16 * 1024;
const CAPTCHA_WORDS: [&str; 6] = [
    "captcha",
    "cf-challenge",
    "challenge-platform",
    "just a moment",
    "checking your browser",
    "are you human",
];

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
            time: None,
        };
        let request = Request::derive(&arrival, BodyInput::None);
        let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
        let head = ReplyHead::parse(Bytes::from(head)).ok().unwrap();
        let input = ReplyInput::new(&head, body.as_bytes(), whole);
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
