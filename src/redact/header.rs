//! Header fields: what is known to be harmless is shown, what is known to be secret is masked in its place, and
//! everything else is a length and a fingerprint.
use std::ops::Range;

use crate::catalogue::names::looks_secret;
use crate::facts::SecretKind;

use super::escape::Lines;
use super::find::{Found, What};
use super::names::Names;
use super::seal::Masked;
use super::{Redactor, Shown, loose, mark, pairs};

impl Redactor {
    /// A field's name.
    pub fn header_name(&mut self, name: &str) -> Masked {
        self.text(name.as_bytes())
    }

    /// A field's value.
    pub fn header(&mut self, name: &str, value: &[u8]) -> Masked {
        let mut found = Vec::new();
        if let Some(kind) = self.names.own(name) {
            hide(value, 0..value.len(), What::Own(kind), &mut found);
            return self.with_found(value, found, Lines::One, false);
        }
        match self.classes.of(name, class) {
            Class::Credential(kind) => credential(value, kind, self.hides_username, &mut found),
            Class::Cookie => cookie(value, &mut found),
            Class::SetCookie => set_cookie(value, &mut found),
            Class::Url => urls(&self.names, value, &mut found),
            Class::Host => pairs::userinfo(value, 0..value.len(), &mut found),
            Class::Harmless => parameters(&self.names, value, &mut found),
            Class::LooksSecret => return self.secret_header(value),
            Class::Unknown => return self.unknown_header(value),
        }
        self.with_found(value, found, Lines::One, false)
    }

    /// A head that was refused, as text of many lines: each line is read as tolerantly as its sender may have meant
    /// it, so that a field which a strict reader does not see is masked all the same.
    pub fn refused_head(&mut self, bytes: &[u8], truncated: bool) -> Masked {
        let (bytes, body) = head_and_body(bytes);
        let mut shown = String::with_capacity(bytes.len());
        let truncated_body = truncated;
        let truncated = truncated && body.is_empty();
        let mut lines = bytes.split(|byte| *byte == b'\n').enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            let is_cut = truncated && lines.peek().is_none();
            shown.push_str(self.refused_line(at, line, is_cut).as_str());
            if lines.peek().is_some() {
                shown.push('\n');
            }
        }
        if !body.is_empty() {
            let (Shown::Text(body) | Shown::Shape(body)) = self.body(None, body, truncated_body);
            shown.push_str(body.as_str());
        }
        self.leaf(shown)
    }

    fn refused_line(&mut self, at: usize, line: &[u8], is_cut: bool) -> Masked {
        let (line, end) = match line.strip_suffix(b"\r") {
            Some(line) => (line, "\\r"),
            None => (line, ""),
        };
        let colon = memchr::memchr(b':', line);
        let name = colon
            .map(|colon| line[..colon].trim_ascii())
            .filter(|name| is_field_name(name));
        let shown = match (colon, name.and_then(|name| std::str::from_utf8(name).ok())) {
            (Some(colon), Some(name)) if is_cut => {
                let label = self.text(&line[..=colon]);
                Masked::sealed(format!(
                    "{label} {}",
                    self.mask_cut(name, &line[colon + 1..])
                ))
            }
            (Some(colon), Some(name)) => {
                let label = self.text(&line[..=colon]);
                let value = line[colon + 1..].trim_ascii();
                Masked::sealed(format!("{label} {}", self.header(name, value)))
            }
            _ if at == 0 => self.request_line(line),
            (Some(colon), None) if is_plain_label(&line[..colon]) => {
                let label = self.text(&line[..=colon]);
                let value = self.unknown_header(line[colon + 1..].trim_ascii());
                Masked::sealed(format!("{label} {value}"))
            }
            // It may be a piece of the field above it.
            _ if line.is_empty() => Masked::sealed(""),
            _ => self.unknown_header(line.trim_ascii()),
        };
        Masked::sealed(format!("{shown}{end}"))
    }

    /// A value that was cut: only its length is sure not to be a beginning of a secret.
    fn mask_cut(&mut self, name: &str, value: &[u8]) -> Masked {
        match class(name) {
            Class::Harmless => self.text(value.trim_ascii()),
            _ => self.unknown_header(value.trim_ascii()),
        }
    }

    fn request_line(&mut self, line: &[u8]) -> Masked {
        let words: Vec<String> = line
            .split(|byte| *byte == b' ')
            .map(|word| self.raw_url(word).as_str().to_owned())
            .collect();
        self.leaf(words.join(" "))
    }

    /// A credential under another name, such as `Authorisation` or `X-Api-Key`.
    fn secret_header(&mut self, value: &[u8]) -> Masked {
        let kind = SecretKind::Authorization;
        for part in parts(value) {
            self.learn_value(kind, part, None);
        }
        if value.is_empty() {
            return Masked::sealed("");
        }
        self.mask(kind, value)
    }

    fn unknown_header(&mut self, value: &[u8]) -> Masked {
        if value.is_empty() {
            return Masked::sealed("");
        }
        self.count("header");
        let fingerprint = self.fingerprints.of(value);
        Masked::sealed(mark::header(fingerprint, mark::length(value)))
    }
}

/// Where the body of a refused request begins, if it has one: behind an empty line, if no field follows. (A head that
/// ended too early goes on there.)
fn head_and_body(bytes: &[u8]) -> (&[u8], &[u8]) {
    let ends = [&b"\n\r\n"[..], b"\n\n"];
    let end = ends
        .iter()
        .filter_map(|end| memchr::memmem::find(bytes, end).map(|at| at + end.len()))
        .min();
    let Some(end) = end else {
        return (bytes, b"");
    };
    let body = &bytes[end..];
    let first = body.trim_ascii_start();
    let first = memchr::memchr(b'\n', first).map_or(first, |at| &first[..at]);
    let name = memchr::memchr(b':', first).map(|colon| first[..colon].trim_ascii());
    if name.is_some_and(is_field_name) {
        return (bytes, b"");
    }
    (&bytes[..end], body)
}

fn is_field_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().copied().all(crate::http1::is_token_byte)
}

/// Whether what stands before a colon is words, as in `User Agent:`. A credential is not.
fn is_plain_label(label: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphabetic() || b" \t-_".contains(byte);
    label.len() <= LONGEST_LABEL && label.iter().all(is_plain)
}

const LONGEST_LABEL: usize = 40;

/// What a field's name says of its value.
#[derive(Clone, Copy)]
pub(super) enum Class {
    Credential(SecretKind),
    Cookie,
    SetCookie,
    /// It holds URLs.
    Url,
    /// Only a host, but clients leave `user:password@` in front.
    Host,
    Harmless,
    LooksSecret,
    Unknown,
}

fn class(name: &str) -> Class {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "authorization" => return Class::Credential(SecretKind::ApiSecret),
        "proxy-authorization" => return Class::Credential(SecretKind::ProxyAuthorization),
        "cookie" => return Class::Cookie,
        "set-cookie" | "set-cookie2" => return Class::SetCookie,
        _ => {}
    }
    if URLS.contains(&name.as_str()) {
        return Class::Url;
    }
    if name == "host" {
        return Class::Host;
    }
    let is_harmless = HARMLESS.binary_search(&name.as_str()).is_ok()
        || HARMLESS_FRONTS.iter().any(|front| name.starts_with(front));
    if is_harmless {
        return Class::Harmless;
    }
    let is_misspelt = strsim::damerau_levenshtein(&name, "authorization") <= 3;
    if is_misspelt || looks_secret(&name) {
        return Class::LooksSecret;
    }
    Class::Unknown
}

/// `username:secret`, `Basic …`, or anything else that was meant to be a credential.
fn credential(value: &[u8], kind: SecretKind, hides_username: bool, found: &mut Vec<Found>) {
    let (secret, kind) = match (scheme(value), memchr::memchr(b':', value)) {
        (Some(start), _) => (start..value.len(), other_form(kind)),
        (None, Some(colon)) if is_username(&value[..colon]) => (colon + 1..value.len(), kind),
        (None, _) => (0..value.len(), other_form(kind)),
    };
    if hides_username && secret.start > 0 && value[secret.start - 1] == b':' {
        let name = 0..secret.start - 1;
        hide(value, name, What::Secret(SecretKind::Username), found);
    }
    hide(value, secret, What::Secret(kind), found);
}

/// Only `username:secret` is known to hold an API secret.
const fn other_form(kind: SecretKind) -> SecretKind {
    match kind {
        SecretKind::ApiSecret => SecretKind::Authorization,
        other => other,
    }
}

/// Where the credential begins after a scheme word that everyone knows; a word that nobody knows may be a secret.
fn scheme(value: &[u8]) -> Option<usize> {
    let blank = value.iter().position(|byte| matches!(byte, b' ' | b'\t'))?;
    let word = value[..blank].trim_ascii_end().to_ascii_lowercase();
    let word = word.strip_suffix(b":").unwrap_or(&word);
    let is_known = SCHEMES.iter().any(|scheme| scheme.as_bytes() == word);
    let rest = value[blank..]
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())?;
    is_known.then_some(blank + rest)
}

/// Whether it can be a user name, so that showing it shows no secret with a colon in it.
fn is_username(name: &[u8]) -> bool {
    (1..=64).contains(&name.len())
        && name
            .iter()
            .all(|byte| byte.is_ascii_graphic() || !byte.is_ascii())
}

/// All that may be the secret in a value of unknown form.
fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let after_scheme = scheme(value).map_or(value, |start| &value[start..]);
    let after_colon = memchr::memchr(b':', after_scheme).map(|at| &after_scheme[at + 1..]);
    std::iter::once(after_scheme).chain(after_colon)
}

fn cookie(value: &[u8], found: &mut Vec<Found>) {
    for part in split(value, 0..value.len(), b';') {
        let secret = match memchr::memchr(b'=', &value[part.clone()]) {
            Some(at) => part.start + at + 1..part.end,
            None => part,
        };
        hide(value, secret, What::Secret(SecretKind::Cookie), found);
    }
}

fn set_cookie(value: &[u8], found: &mut Vec<Found>) {
    let mut parts = split(value, 0..value.len(), b';');
    if let Some(first) = parts.next() {
        let secret = match memchr::memchr(b'=', &value[first.clone()]) {
            Some(at) => first.start + at + 1..first.end,
            None => first,
        };
        hide(value, secret, What::Secret(SecretKind::Cookie), found);
    }
    for part in parts {
        let attribute = &value[part.clone()];
        let at = memchr::memchr(b'=', attribute);
        let name = attribute[..at.unwrap_or(attribute.len())].trim_ascii();
        let is_known = ATTRIBUTES
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        if !is_known {
            let start = part.start + at.map_or(0, |at| at + 1);
            let what = What::Secret(SecretKind::Cookie);
            hide(value, start..part.end, what, found);
        }
    }
}

/// `Accept: application/json; token=…`
fn parameters(names: &Names, value: &[u8], found: &mut Vec<Found>) {
    if memchr::memchr(b'=', value).is_some() {
        loose::assignments(names, value, 0..value.len(), found);
    }
}

/// `Link: <https://…>; rel=next`, `Refresh: 0; url=…`, or one URL.
fn urls(names: &Names, value: &[u8], found: &mut Vec<Found>) {
    let mut start = 0;
    while start < value.len() {
        let length = value[start..]
            .iter()
            .position(|byte| b" \t<>\"',".contains(byte))
            .unwrap_or(value.len() - start);
        pairs::url(names, value, start..start + length, found);
        start += length + 1;
    }
}

/// Hides a part, without the blanks and quotes round it.
fn hide(value: &[u8], part: Range<usize>, what: What, found: &mut Vec<Found>) {
    let blanks = |byte: &u8| matches!(byte, b' ' | b'\t');
    let text = &value[part.clone()];
    let front = text.iter().take_while(|byte| blanks(byte)).count();
    let back = text[front..]
        .iter()
        .rev()
        .take_while(|byte| blanks(byte))
        .count();
    let mut part = part.start + front..part.end - back;
    if let [b'"', _, .., b'"'] = &value[part.clone()] {
        part = part.start + 1..part.end - 1;
    }
    if !part.is_empty() {
        let secret = value[part.clone()].to_vec();
        found.push(Found::new(part, what, secret));
    }
}

fn split(
    value: &[u8],
    part: Range<usize>,
    separator: u8,
) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = Some(part.start);
    std::iter::from_fn(move || {
        let from = start?;
        let found = memchr::memchr(separator, &value[from..part.end]).map(|at| from + at);
        start = found.map(|at| at + 1);
        Some(from..found.unwrap_or(part.end))
    })
}

const SCHEMES: [&str; 16] = [
    "apikey",
    "api-key",
    "aws4-hmac-sha256",
    "basic",
    "bearer",
    "custom",
    "digest",
    "dpop",
    "hmac",
    "jwt",
    "key",
    "negotiate",
    "ntlm",
    "oauth",
    "token",
    "whmcs",
];
const ATTRIBUTES: [&str; 9] = [
    "domain",
    "expires",
    "httponly",
    "max-age",
    "partitioned",
    "path",
    "priority",
    "samesite",
    "secure",
];
const URLS: [&str; 7] = [
    "content-location",
    "link",
    "location",
    "origin",
    "referer",
    "refresh",
    "sourcemap",
];
/// Fields whose values are shown after the pass by value. Sorted.
const HARMLESS: [&str; 71] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "cache-control",
    "cache-status",
    "cf-cache-status",
    "cf-connecting-ip",
    "cf-ipcountry",
    "cf-ray",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-security-policy",
    "content-type",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "dnt",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "from",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "max-forwards",
    "mime-version",
    "permissions-policy",
    "pragma",
    "priority",
    "proxy-authenticate",
    "proxy-connection",
    "proxy-status",
    "range",
    "referrer-policy",
    "retry-after",
    "server",
    "server-timing",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-cache",
    "x-content-type-options",
    "x-correlation-id",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-frame-options",
    "x-powered-by",
    "x-real-ip",
    "x-request-id",
];
const HARMLESS_FRONTS: [&str; 5] = [
    "access-control-",
    "ratelimit",
    "sec-ch-",
    "sec-fetch-",
    "x-ratelimit-",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::FingerprintKey;

    /// Values in marks become `_`.
    fn shown(name: &str, value: &str) -> String {
        let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
        let masked = redactor.header(name, value.as_bytes());
        let mut out = String::new();
        let mut rest = masked.as_str();
        while let Some((front, mark)) = rest.split_once('#') {
            let (_, after) = mark.split_once('·').unwrap();
            out.push_str(front);
            out.push_str("#_·");
            rest = after;
        }
        out + rest
    }

    #[test]
    fn the_list_of_harmless_fields_is_sorted() {
        assert!(HARMLESS.is_sorted());
    }

    #[test]
    fn each_field_is_shown_as_its_kind_demands() {
        for (name, value, want) in [
            (
                "Authorization",
                "acme:s3cretXYZ",
                "acme:‹secret:api_secret#_·9›",
            ),
            ("authorization", "acme:", "acme:"),
            ("Authorization", ":abc", "‹secret:authorization#_·<8›"),
            (
                "Authorization",
                "no colon here",
                "‹secret:authorization#_·13›",
            ),
            (
                "Authorization",
                "my pass: word",
                "‹secret:authorization#_·13›",
            ),
            (
                "Authorization",
                "Basic YWNtZTpz",
                "Basic ‹secret:authorization#_·8›",
            ),
            (
                "Authorization",
                "Bearer acme:s3cretXYZ",
                "Bearer ‹secret:authorization#_·14›",
            ),
            (
                "Proxy-Authorization",
                "Basic YTpi",
                "Basic ‹secret:proxy_authorization#_·<8›",
            ),
            (
                "Cookie",
                "a=1; sid=\"abcdefgh\"; bare; empty=",
                "a=‹secret:cookie#_·<8›; sid=\"‹secret:cookie#_·8›\"; ‹secret:cookie#_·<8›; empty=",
            ),
            (
                "Host",
                "acme:s3cretXYZ@api.nicenic.net:443",
                "acme:‹secret:authorization#_·9›@api.nicenic.net:443",
            ),
            (
                "Accept",
                "text/html; token=s3cretXYZ; q=0.8",
                "text/html; token=‹secret:parameter#_·9›; q=0.8",
            ),
            (
                "Set-Cookie",
                "sid=abcdefgh; Path=/; HttpOnly; x=y",
                "sid=‹secret:cookie#_·8›; Path=/; HttpOnly; x=‹secret:cookie#_·<8›",
            ),
            (
                "Link",
                "<https://a.b/?token=xyz12345>; rel=\"next\"",
                "<https://a.b/?token=‹secret:parameter#_·8›>; rel=\"next\"",
            ),
            (
                "Location",
                "/v2/?authcode=a",
                "/v2/?authcode=‹secret:parameter#_·<8›",
            ),
            (
                "Referer",
                "https://u:p@a.b/",
                "https://u:‹secret:authorization#_·<8›@a.b/",
            ),
            ("User-Agent", "curl/8.1 \x1b[0m", "curl/8.1 \\x1b[0m"),
            ("X-Whatever", "some value", "‹header#_·10›"),
            ("X-Whatever", "", ""),
            (
                "Authorisation",
                "acme:s3cretXYZ",
                "‹secret:authorization#_·14›",
            ),
            (
                "Autorization",
                "acme:s3cretXYZ",
                "‹secret:authorization#_·14›",
            ),
            ("X-Api-Key", "abc", "‹secret:authorization#_·<8›"),
        ] {
            assert_eq!(shown(name, value), want, "{name}: {value}");
        }
    }

    #[test]
    fn a_secret_under_a_misspelt_name_is_learned() {
        let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
        redactor.header("Authorisation", b"Basic acme:s3cretXYZ");
        assert!(
            !redactor
                .text(b"bad key s3cretXYZ")
                .as_str()
                .contains("s3cret")
        );
    }
}
