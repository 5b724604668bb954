//! What must never be shown: every secret in a head, a query or a body, with the reason why it is one.
//!
//! Readers here are tolerant: a secret in a broken head or body is still one.
use crate::catalogue::names;
use crate::http1::{Fields, RequestHead};
use crate::redact::seal::Raw;

use super::json::{self, Event};
use super::misplaced::is_misnamed;
use super::{credential, params};

/// Why a value is secret: the word in its mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// The secret half of the API credential.
    ApiSecret,
    /// An Authorization value of another form.
    Authorization,
    /// Proxy-Authorization.
    ProxyAuthorization,
    /// A cookie.
    Cookie,
    /// A parameter that the catalogue calls secret, such as a transfer code.
    Parameter,
    /// What the user gave: `--secret-env`, `--secret-file`, `--know`.
    Given,
    /// A user name, with `--hide-username`.
    Username,
}

impl SecretKind {
    /// As it stands in a mask.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ApiSecret => "api_secret",
            Self::Authorization => "authorization",
            Self::ProxyAuthorization => "proxy_authorization",
            Self::Cookie => "cookie",
            Self::Parameter => "parameter",
            Self::Given => "given",
            Self::Username => "username",
        }
    }

    /// Whether it lasts beyond its exchange (DESIGN 4.4): credentials do, one-time values do not.
    pub const fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::ApiSecret
                | Self::Authorization
                | Self::ProxyAuthorization
                | Self::Given
                | Self::Username
        )
    }
}

/// A value that must not be shown anywhere, found on the wire.
#[derive(Clone)]
pub struct Secret {
    /// Why it is one.
    pub kind: SecretKind,
    /// The value, decoded as far as its place demands.
    pub value: Raw<Box<[u8]>>,
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.value.wipe();
    }
}

impl Secret {
    /// Adds a value, unless it is empty. White space and control bytes round it are not part of it.
    pub(super) fn learn(secrets: &mut Vec<Self>, kind: SecretKind, value: &[u8]) {
        let is_edge = |byte: &u8| *byte <= b' ' || *byte == 0x7f;
        let Some(start) = value.iter().position(|byte| !is_edge(byte)) else {
            return;
        };
        let end = value
            .iter()
            .rposition(|byte| !is_edge(byte))
            .map_or(value.len(), |last| last + 1);
        secrets.push(Self {
            kind,
            value: Raw::new(value[start..end].into()),
        });
    }
}

/// The secrets in the fields of a head: credentials of both kinds, each cookie.
///
/// For a CONNECT, whose facts are only its target; [`super::Request`] holds those of a request.
pub fn secrets_of_head(head: &RequestHead) -> Vec<Secret> {
    let mut secrets = Vec::new();
    learn_fields(head.fields(), &mut secrets);
    secrets
}

/// The secrets in the bytes of a head that was refused, as far as a tolerant reader can find them.
///
/// Lines may end in a bare LF or CR, begin with white space, or have it before their colon; a line that continues a
/// field is part of it. Anything may follow the head.
pub fn secrets_of_refused_head(bytes: &[u8]) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let mut lines = bytes.split(|byte| matches!(byte, b'\r' | b'\n'));
    learn_request_line(lines.next().unwrap_or_default(), &mut secrets);
    let mut field = None;
    for line in lines.filter(|line| !line.is_empty()) {
        let is_folded = matches!(line[0], b' ' | b'\t');
        match field_of(line) {
            Some((name, value)) => {
                field = SecretField::named(name);
                if let Some(field) = field {
                    field.learn(value, &mut secrets);
                }
            }
            // `Authorization: user:sec` and ` ret`: neither half may be seen.
            None if is_folded => {
                if let Some(field) = field {
                    field.learn_rest(line, &mut secrets);
                }
            }
            None => field = None,
        }
    }
    secrets
}

/// What of an Authorization header that could not be looked into may be secret: all of it, and what follows its colon.
pub(super) fn of_unread(value: &[u8]) -> Vec<Secret> {
    let half = memchr::memchr(b':', value).map(|colon| &value[colon + 1..]);
    let both = [
        Some((SecretKind::Authorization, value)),
        half.map(|half| (SecretKind::ApiSecret, half)),
    ];
    let secret = |(kind, value): (SecretKind, &[u8])| Secret {
        kind,
        value: Raw::new(value.into()),
    };
    both.into_iter().flatten().map(secret).collect()
}

/// Whether a parameter or member of this name holds a secret.
///
/// Beyond the catalogue, names that say so themselves: a reply may hold a transfer code under a name that nobody has
/// documented, and users put credentials where they do not belong.
pub(super) fn is_secret_name(name: &[u8]) -> bool {
    names::is_secret(&String::from_utf8_lossy(name))
}

pub(super) fn learn_fields(fields: &Fields, secrets: &mut Vec<Secret>) {
    for (name, value) in fields.iter() {
        if let Some(field) = SecretField::named(name.as_bytes()) {
            field.learn(value, secrets);
        }
    }
}

/// Learns the secrets of text that is no sound JSON or form: what follows a secret name and a separator.
pub(super) fn learn_from_text(text: &[u8], secrets: &mut Vec<Secret>) {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|byte| is_word(**byte)).count();
        let word = &text[at..at + length];
        at += length.max(1);
        if !(3..=LONGEST_NAME).contains(&length) || !is_secret_name(word) {
            continue;
        }
        let gap = text[at..]
            .iter()
            .take_while(|byte| b"\"']: =>\t\r\n\\".contains(byte))
            .count();
        let is_assigned = text[at..at + gap].iter().any(|byte| b":=>".contains(byte));
        let is_meant = is_assigned || names::is_secret_in_prose(&String::from_utf8_lossy(word));
        if gap == 0 || !is_meant {
            continue;
        }
        let value = &text[at + gap..];
        let end = value
            .iter()
            .position(|byte| b"\"'&,;}<\r\n\\".contains(byte))
            .unwrap_or(value.len());
        Secret::learn(secrets, SecretKind::Parameter, &value[..end]);
        at += gap + end;
    }
}

/// Follows the events of a JSON text and knows which values are secret: those under a secret name, at any depth.
#[derive(Default)]
pub(super) struct JsonSecrets {
    /// One entry for each open bracket.
    is_secret: Vec<bool>,
}

impl JsonSecrets {
    /// How many brackets are open.
    pub(super) fn depth(&self) -> usize {
        self.is_secret.len()
    }

    /// Takes an event and learns its value if it is secret; `is_secret` makes it so whatever its name.
    pub(super) fn take(&mut self, event: &Event<'_>, is_secret: bool, secrets: &mut Vec<Secret>) {
        let is_inside = self.is_secret.last() == Some(&true);
        let by_name = |name: Option<&[u8]>| {
            is_secret || is_inside || name.is_some_and(|name| is_secret_name(&json::unescape(name)))
        };
        match event {
            Event::Open { name, .. } => {
                let is_secret = by_name(*name);
                self.is_secret.push(is_secret);
            }
            Event::Close => {
                self.is_secret.pop();
            }
            Event::Scalar { name, token } => {
                if !matches!(*token, b"true" | b"false" | b"null") && by_name(*name) {
                    Secret::learn(secrets, SecretKind::Parameter, &json::value_of(token));
                }
            }
        }
    }
}

/// A field whose value is secret.
#[derive(Clone, Copy)]
enum SecretField {
    Authorization,
    ProxyAuthorization,
    Cookie,
    SetCookie,
}

impl SecretField {
    fn named(name: &[u8]) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        match name.len() {
            6 if is("cookie") => Some(Self::Cookie),
            10 if is("set-cookie") => Some(Self::SetCookie),
            13 if is("authorization") => Some(Self::Authorization),
            19 if is("proxy-authorization") => Some(Self::ProxyAuthorization),
            // What was meant as Authorization is as secret under a wrong name.
            _ => is_misnamed(name).then_some(Self::Authorization),
        }
    }

    fn learn(self, value: &[u8], secrets: &mut Vec<Secret>) {
        match self {
            Self::Authorization => credential::secret_parts(value, &mut |part, is_half| {
                let kind = if is_half {
                    SecretKind::ApiSecret
                } else {
                    SecretKind::Authorization
                };
                Secret::learn(secrets, kind, part);
            }),
            Self::ProxyAuthorization => credential::secret_parts(value, &mut |part, _| {
                Secret::learn(secrets, SecretKind::ProxyAuthorization, part);
            }),
            Self::Cookie => {
                for cookie in value.split(|byte| *byte == b';') {
                    learn_cookie(cookie, secrets);
                }
            }
            Self::SetCookie => {
                let end = memchr::memchr(b';', value).unwrap_or(value.len());
                learn_cookie(&value[..end], secrets);
            }
        }
    }

    /// Learns a line that continues the value.
    fn learn_rest(self, line: &[u8], secrets: &mut Vec<Secret>) {
        self.learn(line, secrets);
        match self {
            Self::Authorization => Secret::learn(secrets, SecretKind::ApiSecret, line),
            Self::ProxyAuthorization => {
                Secret::learn(secrets, SecretKind::ProxyAuthorization, line);
            }
            Self::Cookie | Self::SetCookie => {}
        }
    }
}

fn learn_cookie(cookie: &[u8], secrets: &mut Vec<Secret>) {
    let value = memchr::memchr(b'=', cookie).map_or(cookie, |equals| &cookie[equals + 1..]);
    let value = value.trim_ascii();
    let bare = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .unwrap_or(value);
    Secret::learn(secrets, SecretKind::Cookie, bare);
}

/// The query's secrets, and the password of `http://user:password@host/`.
fn learn_request_line(line: &[u8], secrets: &mut Vec<Secret>) {
    let mut words = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    let target = words.nth(1).unwrap_or_default();
    learn_userinfo(target, secrets);
    if let Some(question) = memchr::memchr(b'?', line) {
        let query = line[question + 1..].split(|byte| *byte == b' ').next();
        let mut found = Vec::new();
        params::read(
            query.unwrap_or_default(),
            params::Place::Query,
            &mut found,
            secrets,
        );
    }
}

/// The password of `http://user:password@host/`.
pub(super) fn learn_userinfo(target: &[u8], secrets: &mut Vec<Secret>) {
    let rest = match memchr::memmem::find(target, b"://") {
        Some(at) => &target[at + 3..],
        None => target,
    };
    let authority = &rest[..rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len())];
    if let Some(at) = memchr::memrchr(b'@', authority) {
        let userinfo = &authority[..at];
        let password = memchr::memchr(b':', userinfo).map_or(userinfo, |at| &userinfo[at + 1..]);
        Secret::learn(secrets, SecretKind::ApiSecret, password);
    }
}

/// Name and value of a line that is meant as a field: a folded value may hold a colon too, but no blank after it.
fn field_of(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = (line[..colon].trim_ascii(), &line[colon + 1..]);
    let is_folded = matches!(line[0], b' ' | b'\t');
    let is_field = !is_folded
        || SecretField::named(name).is_some()
        || matches!(value.first(), None | Some(b' ' | b'\t'));
    is_field.then_some((name, value))
}

const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(secrets: &[Secret]) -> Vec<String> {
        secrets
            .iter()
            .map(|secret| {
                let value = String::from_utf8_lossy(secret.value.expose());
                format!("{} {value}", secret.kind.word())
            })
            .collect()
    }

    #[test]
    fn refused_heads_give_their_secrets() {
        let start = "GET / HTTP/1.1\r\n";
        for (lines, want) in [
            ("Authorization: u:s3cr3t\n\r\n", &["api_secret s3cr3t"][..]),
            ("Authorization : u:s3cr3t\r\n", &["api_secret s3cr3t"]),
            (
                "Accept: */*\r\n Authorization: u:s3cr3t\r\n",
                &["api_secret s3cr3t"],
            ),
            (
                "Accept: */*\r Authorization:u:s3cr3t\0\r\n",
                &["api_secret s3cr3t"],
            ),
            (
                "Authorization: u:s3\r\n cr3t\r\n",
                &["api_secret s3", "authorization cr3t", "api_secret cr3t"],
            ),
            (
                "Authorization:\r\n u:s3cr3t\r\n",
                &["api_secret s3cr3t", "api_secret u:s3cr3t"],
            ),
            (
                "Authorization: u:s3cr3t\r\n Content-Type: application/json\r\n\r\n",
                &["api_secret s3cr3t"],
            ),
            (
                "Authorization: u:s3cr3t\r\n\r\nCookie: a=b; c=\"d\"\r\n",
                &["api_secret s3cr3t", "cookie b", "cookie d"],
            ),
            (
                "Proxy-Authorization: Basic dTpzM2NyM3Q=\r\n",
                &[
                    "proxy_authorization dTpzM2NyM3Q=",
                    "proxy_authorization s3cr3t",
                ],
            ),
        ] {
            let head = format!("{start}{lines}");
            assert_eq!(
                shown(&secrets_of_refused_head(head.as_bytes())),
                want,
                "{lines:?}"
            );
        }
        let line = b"GET  http://u:s3cr3t@a/?authcode=e%70p HTTP/1.1";
        let want = ["api_secret s3cr3t", "parameter epp"];
        assert_eq!(shown(&secrets_of_refused_head(line)), want);
    }

    #[test]
    fn broken_bodies_give_their_secrets() {
        for (text, want) in [
            ("{'password': 'hunter2'}", &["parameter hunter2"][..]),
            ("{\"a\": 1,\"authcode\": \"EPP-1\",}", &["parameter EPP-1"]),
            (
                "--b\r\nContent-Disposition: form-data; name=\"authcode\"\r\n\r\nEPP-1\r\n--b--",
                &["parameter EPP-1"],
            ),
            ("[authcode] => EPP-1\n", &["parameter EPP-1"]),
            ("authcode=EPP-1&x=y", &["parameter EPP-1"]),
            ("the password is out", &["parameter is out"]),
        ] {
            let mut secrets = vec![];
            learn_from_text(text.as_bytes(), &mut secrets);
            assert_eq!(shown(&secrets), want, "{text}");
        }
    }
}
