//! The credential: what the Authorization header holds, and how that differs from `username:api_secret`.
use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::redact::seal::Raw;

use super::dressing::Dressing;

/// What the Authorization header holds.
pub enum Authorization {
    /// There is no such header.
    Absent,
    /// The header is there, its value is empty.
    Empty,
    /// `username:api_secret`, the form that the API wants; its halves may still be odd ([`Flaws`]).
    Pair,
    /// A scheme word such as `Basic` or `Bearer` in front.
    Scheme {
        /// The word, as sent.
        word: Raw<Box<str>>,
        /// What follows it.
        value: SchemeValue,
    },
    /// Something without a colon.
    NoColon,
    /// JSON: a list or an object in the place of a pair.
    Json,
}

/// What follows a scheme word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeValue {
    /// Nothing.
    Nothing,
    /// `username:api_secret`.
    Pair,
    /// The base64 of `username:api_secret`.
    EncodedPair,
    /// A JSON web token.
    WebToken,
    /// Something else.
    Token,
}

/// A user name and a secret, bare or out of base64.
pub struct Credential {
    /// The half before the first colon; bytes that are no UTF-8 are replaced.
    pub username: Raw<Box<str>>,
    /// The half after it.
    pub secret: Raw<Box<[u8]>>,
}

/// What is odd about a credential: what stands round it or in it that is no part of it, and how it is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flaws {
    /// It is text that stands where a value should have been put: which kind of text.
    pub placeholder: Option<&'static str>,
    /// A half without anything in it.
    pub empty: Option<Half>,
    /// White space inside it.
    pub blank: Option<Blank>,
    /// Which quotes stand round it or round its halves.
    pub quotes: Option<&'static str>,
    /// A character that no screen shows: which.
    pub invisible: Option<&'static str>,
    /// A letter beyond ASCII, or a byte that is no text: which, and where.
    pub foreign: Option<&'static str>,
    /// What was copied along with it, in front of it.
    pub pasted: Option<&'static str>,
    /// How it is encoded, though it should stand as it is.
    pub encoding: Option<Encoding>,
    /// What stands where a colon should, or instead of a pair.
    pub instead: Option<&'static str>,
    /// Halves that do not look like a user name and a secret.
    pub halves: Option<Halves>,
}

/// An encoding that the API does not undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Base64, without a scheme word in front.
    Base64,
    /// Base64 of base64.
    Base64Twice,
    /// `%2F`.
    Percent,
    /// `&amp;`.
    Html,
    /// `\/`.
    Backslash,
}

/// What is odd about the two halves together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {
    /// The value holds two credentials, with a comma between them.
    List,
    /// The user name and its colon stand in the secret once more.
    Repeated,
    /// Both are the same.
    Equal,
    /// The first looks like a secret, the second like a user name.
    Swapped,
}

/// A half of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Before the colon.
    Username,
    /// After the colon.
    Secret,
    /// Both halves.
    Both,
}

/// Where white space stands in a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    /// Before or inside the user name.
    Username,
    /// Between the user name and the colon.
    BeforeColon,
    /// Between the colon and the secret.
    AfterColon,
    /// Inside the secret.
    Secret,
    /// After the secret; seen only where the pair was encoded.
    End,
}

/// All that one Authorization value tells.
pub(super) struct Reading {
    pub(super) authorization: Authorization,
    pub(super) credential: Option<Credential>,
    pub(super) flaws: Flaws,
}

impl Reading {
    /// Reads the value of the header; `None` if there is none.
    pub(super) fn of(value: Option<&[u8]>) -> Self {
        let Some(value) = value else {
            return Self::without_pair(Authorization::Absent, Flaws::default());
        };
        let dressing = Dressing::of(value.trim_ascii());
        if dressing.is_json {
            return Self::without_pair(Authorization::Json, dressing.flaws);
        }
        Self::of_bare(&dressing.bare, dressing.flaws)
    }

    fn of_bare(value: &[u8], flaws: Flaws) -> Self {
        match Form::of(value) {
            Form::Empty => Self::without_pair(Authorization::Empty, flaws),
            Form::Pair(pair) => Self::with_pair(Authorization::Pair, pair, flaws),
            Form::NoColon(text) => Self::without_colon(text, flaws),
            Form::Scheme { word, rest } => Self::with_scheme(word, rest, flaws),
        }
    }

    fn with_scheme(word: &[u8], rest: &[u8], flaws: Flaws) -> Self {
        let scheme = |value| Authorization::Scheme {
            word: Raw::new(String::from_utf8_lossy(word).into()),
            value,
        };
        if rest.is_empty() {
            return Self::without_pair(scheme(SchemeValue::Nothing), flaws);
        }
        if is_web_token(rest) {
            return Self::without_pair(scheme(SchemeValue::WebToken), flaws);
        }
        let is_signature = SIGNATURES
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
        if is_signature {
            return Self::without_pair(scheme(SchemeValue::Token), flaws);
        }
        if let Some(pair) = Pair::of(rest) {
            return Self::with_pair(scheme(SchemeValue::Pair), pair, flaws);
        }
        let text = decoded(rest);
        if let Some(pair) = text.as_deref().and_then(Pair::of) {
            return Self::with_pair(scheme(SchemeValue::EncodedPair), pair, flaws);
        }
        let flaws = Flaws {
            placeholder: placeholder(rest),
            ..flaws
        };
        Self::without_pair(scheme(SchemeValue::Token), flaws)
    }

    fn without_colon(text: &[u8], flaws: Flaws) -> Self {
        let encoding = bare_encoding(text);
        let flaws = Flaws {
            placeholder: placeholder(text),
            instead: if encoding.is_none() {
                instead_of_colon(text)
            } else {
                None
            },
            encoding,
            ..flaws
        };
        Self::without_pair(Authorization::NoColon, flaws)
    }

    fn with_pair(authorization: Authorization, pair: Pair<'_>, dressing: Flaws) -> Self {
        let flaws = pair.flaws(dressing);
        // Which half is the secret cannot be told then: neither may be shown as a user name.
        let is_readable = flaws.halves != Some(Halves::Swapped);
        Self {
            authorization,
            credential: is_readable.then(|| Credential {
                username: Raw::new(String::from_utf8_lossy(pair.username).into()),
                secret: Raw::new(pair.secret.into()),
            }),
            flaws,
        }
    }

    fn without_pair(authorization: Authorization, flaws: Flaws) -> Self {
        Self {
            authorization,
            credential: None,
            flaws,
        }
    }
}

/// Hands each part of an Authorization value that must stay secret to `learn`; `true` with those that are the secret
/// half of a pair. Nothing that follows a colon, a scheme word or a separator is left out.
pub(super) fn secret_parts(value: &[u8], learn: &mut dyn FnMut(&[u8], bool)) {
    secret_parts_as_sent(value, learn);
    let dressing = Dressing::of(value.trim_ascii());
    if dressing.is_json {
        let quoted = value.split(|byte| matches!(byte, b'"' | b'\''));
        quoted
            .filter(|part| part.len() >= SHORTEST_QUOTED)
            .for_each(|part| secret_parts_as_sent(part, learn));
    } else if let Cow::Owned(bare) = &dressing.bare {
        secret_parts_as_sent(bare, learn);
    } else if dressing.bare.len() < value.trim_ascii().len() {
        secret_parts_as_sent(&dressing.bare, learn);
    }
}

fn secret_parts_as_sent(value: &[u8], learn: &mut dyn FnMut(&[u8], bool)) {
    match Form::of(value) {
        Form::Empty => {}
        Form::Pair(pair) => {
            learn(pair.secret, true);
            if pair.looks_swapped() {
                learn(pair.username, true);
            }
        }
        Form::Scheme { rest, .. } => {
            learn(rest, false);
            secret_parts_of_token(rest, learn);
        }
        Form::NoColon(text) => {
            learn(text, false);
            secret_parts_of_token(text, learn);
        }
    }
}

fn secret_parts_of_token(token: &[u8], learn: &mut dyn FnMut(&[u8], bool)) {
    if let Some(pair) = Pair::of(token) {
        return learn(pair.secret, true);
    }
    if let Some(text) = decoded(token) {
        return learn(Pair::of(&text).map_or(&text[..], |pair| pair.secret), true);
    }
    // `username secret`, `username=secret`: what was meant as the secret half.
    let separator = token.iter().position(|byte| b" \t=;,|/".contains(byte));
    if let Some(at) = separator {
        learn(&token[at + 1..], true);
    }
}

/// The shape of a value, before anyone judges it.
enum Form<'a> {
    Empty,
    Pair(Pair<'a>),
    Scheme { word: &'a [u8], rest: &'a [u8] },
    NoColon(&'a [u8]),
}

impl<'a> Form<'a> {
    fn of(value: &'a [u8]) -> Self {
        let value = value.trim_ascii();
        if value.is_empty() {
            return Self::Empty;
        }
        if let Some((word, rest)) = scheme_word(value) {
            return Self::Scheme { word, rest };
        }
        Pair::of(value).map_or(Self::NoColon(value), Self::Pair)
    }
}

/// The two sides of the first colon.
#[derive(Clone, Copy)]
struct Pair<'a> {
    username: &'a [u8],
    secret: &'a [u8],
}

impl<'a> Pair<'a> {
    fn of(text: &'a [u8]) -> Option<Self> {
        let colon = memchr::memchr(b':', text)?;
        Some(Self {
            username: &text[..colon],
            secret: &text[colon + 1..],
        })
    }

    fn flaws(self, dressing: Flaws) -> Flaws {
        let (username, secret) = (self.username.trim_ascii(), self.secret.trim_ascii());
        let empty = match (username.is_empty(), secret.is_empty()) {
            (true, true) => Some(Half::Both),
            (true, false) => Some(Half::Username),
            (false, true) => Some(Half::Secret),
            (false, false) => None,
        };
        let placeholder = placeholder(secret).or_else(|| placeholder(username));
        let encoding = encoding_of_half(username).or_else(|| encoding_of_half(secret));
        let is_plain = empty.is_none() && placeholder.is_none() && encoding.is_none();
        let halves = if is_plain { self.halves() } else { None };
        let is_one = halves != Some(Halves::List);
        Flaws {
            placeholder,
            empty,
            blank: if empty.is_none() && is_one {
                self.blank()
            } else {
                None
            },
            encoding,
            halves,
            ..dressing
        }
    }

    fn halves(self) -> Option<Halves> {
        let (username, secret) = (self.username.trim_ascii(), self.secret.trim_ascii());
        let is_again = |text: &[u8]| {
            text.strip_prefix(username)
                .is_some_and(|rest| rest.starts_with(b":"))
        };
        if username == secret {
            return Some(Halves::Equal);
        }
        let after_comma = memchr::memchr(b',', secret).map(|at| secret[at + 1..].trim_ascii());
        if after_comma.is_some_and(is_again) {
            return Some(Halves::List);
        }
        let mut starts = memchr::memmem::find_iter(secret, username);
        if starts.any(|at| is_again(&secret[at..])) {
            return Some(Halves::Repeated);
        }
        self.looks_swapped().then_some(Halves::Swapped)
    }

    /// The first half has what hardly a user name has, the second is a plain word.
    fn looks_swapped(self) -> bool {
        let (first, second) = (self.username.trim_ascii(), self.secret.trim_ascii());
        let is_secret_like = (8..=128).contains(&first.len())
            && first.iter().all(u8::is_ascii_graphic)
            && first.iter().any(u8::is_ascii_digit)
            && first
                .iter()
                .any(|byte| b"!#$%&*+/=?^~|;,()[]{}<>".contains(byte));
        let is_word = |byte: &u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.@".contains(byte)
        };
        is_secret_like
            && (3..=30).contains(&second.len())
            && second[0].is_ascii_lowercase()
            && second.iter().all(is_word)
    }

    fn blank(self) -> Option<Blank> {
        let is_blank = |byte: &u8| byte.is_ascii_whitespace();
        if self.username.last().is_some_and(is_blank) {
            Some(Blank::BeforeColon)
        } else if self.username.iter().any(is_blank) {
            Some(Blank::Username)
        } else if self.secret.first().is_some_and(is_blank) {
            Some(Blank::AfterColon)
        } else if self.secret.trim_ascii().iter().any(is_blank) {
            Some(Blank::Secret)
        } else {
            self.secret
                .last()
                .is_some_and(is_blank)
                .then_some(Blank::End)
        }
    }
}

/// A scheme word in front, and what follows it. A word glued on by a colon counts only where no user is called so.
fn scheme_word(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = value
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\t' | b':'))
        .unwrap_or(value.len());
    let (word, rest) = value.split_at(end);
    let known = if matches!(rest.first(), Some(b' ' | b'\t')) {
        &SCHEMES[..]
    } else {
        &SCHEMES[..2]
    };
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    known
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes()))
        .then(|| (word, rest.trim_ascii()))
}

/// The text in this base64, if it is text.
fn decoded(token: &[u8]) -> Option<Vec<u8>> {
    if token.len() > LONGEST_ENCODED || token.len() < 2 {
        return None;
    }
    let is_url_safe = token.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let engine = if is_url_safe { &URL_SAFE } else { &STANDARD };
    let text = engine.decode(token).ok()?;
    let is_text = std::str::from_utf8(&text).is_ok()
        && !text
            .iter()
            .any(|byte| *byte < b' ' && !byte.is_ascii_whitespace());
    is_text.then_some(text)
}

/// How a value without a colon is encoded, if a pair comes out.
fn bare_encoding(text: &[u8]) -> Option<Encoding> {
    let is_pair = |text: &[u8]| {
        Pair::of(text).is_some_and(|pair| {
            !pair.username.is_empty() && pair.username.iter().all(u8::is_ascii_graphic)
        })
    };
    if memchr::memmem::find(&text.to_ascii_lowercase(), b"%3a").is_some() {
        return Some(Encoding::Percent);
    }
    let inner = decoded(text)?;
    if is_pair(&inner) {
        return Some(Encoding::Base64);
    }
    let innermost = decoded(inner.trim_ascii())?;
    is_pair(&innermost).then_some(Encoding::Base64Twice)
}

/// How a half is encoded, as far as its escapes tell.
fn encoding_of_half(half: &[u8]) -> Option<Encoding> {
    memchr::memchr3(b'%', b'&', b'\\', half)?;
    let is_entity = |rest: &[u8]| {
        [&b"amp;"[..], b"lt;", b"gt;", b"quot;", b"apos;", b"#"]
            .iter()
            .any(|name| rest.starts_with(name) && memchr::memchr(b';', rest).is_some())
    };
    for (at, byte) in half.iter().enumerate() {
        match (byte, &half[at + 1..]) {
            (b'&', rest) if is_entity(rest) => return Some(Encoding::Html),
            (b'%', [high, low, ..]) if is_escaped_sign(*high, *low) => {
                return Some(Encoding::Percent);
            }
            (b'\\', [b'/' | b'"' | b'\'' | b'$' | b'!' | b'&' | b'\\' | b':', ..]) => {
                return Some(Encoding::Backslash);
            }
            _ => {}
        }
    }
    None
}

/// Whether `%` and these two digits stand for a sign: letters and digits need no escape.
fn is_escaped_sign(high: u8, low: u8) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (Some(high), Some(low)) = (digit(high), digit(low)) else {
        return false;
    };
    u8::try_from(high * 16 + low)
        .is_ok_and(|byte| byte.is_ascii_punctuation() || byte == b' ' || byte == b'\n')
}

/// What stands where the colon should, or what the value is instead of a pair.
fn instead_of_colon(text: &[u8]) -> Option<&'static str> {
    if is_web_token(text) {
        return Some("a JSON web token");
    }
    if text.len() == 32 && text.iter().all(u8::is_ascii_hexdigit) {
        return Some("32 hex digits, like an MD5 hash of the older API");
    }
    if memchr::memmem::find(text, "\u{ff1a}".as_bytes()).is_some() {
        return Some("a full-width colon (U+FF1A)");
    }
    SEPARATORS
        .iter()
        .find(|(sign, _)| {
            memchr::memchr(*sign, text).is_some_and(|at| at > 0 && at + 1 < text.len())
        })
        .map(|(_, name)| *name)
}

/// `header.payload.signature`, of which the first part is the base64 of `{"`.
fn is_web_token(text: &[u8]) -> bool {
    text.starts_with(b"eyJ") && memchr::memchr_iter(b'.', text).count() == 2
}

/// Whether this is text that stands for a value instead of being one, and of which kind.
fn placeholder(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return None;
    }
    if let [b'<', .., b'>'] = text {
        return Some("text in angle brackets, as the documentation writes what is to be replaced");
    }
    if let Some(kind) = template(text) {
        return Some(kind);
    }
    if text.len() >= 3 && b"xX*.-_#".contains(&text[0]) && text.iter().all(|byte| *byte == text[0])
    {
        return Some("a row of dots, stars or the like");
    }
    let word = letters(text)?;
    let among = |words: &[&str]| words.iter().any(|have| have.as_bytes() == &*word);
    if among(&EXAMPLE_WORDS) {
        return Some("example text");
    }
    NOTHING_WORDS
        .iter()
        .find(|(have, _)| have.as_bytes() == &*word)
        .map(|(_, kind)| *kind)
}

/// `{secret}`, `{{ secret }}`, `${SECRET}`, `%SECRET%`, `$SECRET`, `$secret`, `$params['ApiSecret']`, `%s`.
fn template(text: &[u8]) -> Option<&'static str> {
    let is_name = |name: &[u8]| {
        name.len() >= 3
            && name
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
    };
    match text {
        b"[object Object]" => Some("an object that JavaScript turned into text"),
        [b'{', .., b'}'] | [b'[', .., b']'] | b"%s" => Some("a template that was never filled in"),
        [b'$', b'{', .., b'}'] => Some("a variable that was never filled in"),
        [b'%', name @ .., b'%'] | [b'$', name @ ..] if is_name(name) => {
            Some("a variable that was never filled in")
        }
        [b'$', name @ ..] if is_php_name(name) => {
            Some("the name of a variable: in single quotes PHP does not put its value there")
        }
        _ => None,
    }
}

/// `username`, `api_secret`, `params['ApiSecret']`, as they stand behind a `$`. Other words may be a secret.
fn is_php_name(name: &[u8]) -> bool {
    let is_member = |text: &[u8]| text.starts_with(b"['") && text.ends_with(b"']");
    let end = name
        .iter()
        .position(|byte| !byte.is_ascii_alphabetic() && *byte != b'_');
    let (word, rest) = name.split_at(end.unwrap_or(name.len()));
    let is_known = letters(word)
        .is_some_and(|word| EXAMPLE_WORDS.iter().any(|have| have.as_bytes() == &*word));
    (rest.is_empty() && is_known) || (!word.is_empty() && is_member(rest))
}

/// The text in lower case without what joins words; `None` if it is too long to be one of our words.
fn letters(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if text.len() > LONGEST_PLACEHOLDER {
        return None;
    }
    let joins = |byte: &u8| matches!(byte, b'_' | b'-' | b' ' | b'.' | b'\'' | b'"' | b'`');
    if text.iter().all(u8::is_ascii_lowercase) {
        return Some(Cow::Borrowed(text));
    }
    let kept = text.iter().filter(|byte| !joins(byte));
    Some(Cow::Owned(kept.map(u8::to_ascii_lowercase).collect()))
}

const fn lenient(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    GeneralPurpose::new(
        alphabet,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    )
}

const STANDARD: GeneralPurpose = lenient(&alphabet::STANDARD);
const URL_SAFE: GeneralPurpose = lenient(&alphabet::URL_SAFE);
/// The first two also count when a colon or nothing follows them.
const SCHEMES: [&str; 15] = [
    "basic",
    "bearer",
    "token",
    "apikey",
    "api-key",
    "digest",
    "ntlm",
    "negotiate",
    "oauth",
    "hmac",
    "jwt",
    "key",
    "hoba",
    "scram-sha-256",
    "aws4-hmac-sha256",
];
const EXAMPLE_WORDS: [&str; 24] = [
    "username",
    "user",
    "yourusername",
    "apiusername",
    "apiuser",
    "youruser",
    "myusername",
    "secret",
    "apisecret",
    "yourapisecret",
    "yoursecret",
    "mysecret",
    "apikey",
    "yourapikey",
    "yourkey",
    "password",
    "apipassword",
    "yourpassword",
    "yourapipassword",
    "usernameapisecret",
    "changeme",
    "replaceme",
    "todo",
    "placeholder",
];
const NOTHING_WORDS: [(&str, &str); 8] = [
    ("null", "the word null: the setting had no value"),
    (
        "undefined",
        "the word undefined: JavaScript found no such setting",
    ),
    ("none", "the word None: Python found no such setting"),
    ("nil", "the word nil: the setting had no value"),
    ("nan", "the word NaN: JavaScript made a number of it"),
    (
        "array",
        "the word Array: PHP was given an array where text belongs",
    ),
    ("false", "the word false: the setting could not be read"),
    (
        "[objectobject]",
        "[object Object]: JavaScript was given an object where text belongs",
    ),
];
/// Schemes whose value is a list of parameters or a signature, never a pair.
const SIGNATURES: [&str; 5] = ["digest", "ntlm", "negotiate", "oauth", "aws4-hmac-sha256"];
const SEPARATORS: [(u8, &str); 7] = [
    (b' ', "a blank"),
    (b'\t', "a tab"),
    (b';', "a semicolon"),
    (b',', "a comma"),
    (b'|', "a vertical bar"),
    (b'=', "an equals sign"),
    (b'/', "a slash"),
];
const SHORTEST_QUOTED: usize = 4;
const LONGEST_PLACEHOLDER: usize = 32;
const LONGEST_ENCODED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn flaws(value: &str) -> Flaws {
        Reading::of(Some(value.as_bytes())).flaws
    }

    fn parts(value: &str) -> Vec<String> {
        let mut parts = vec![];
        secret_parts(value.as_bytes(), &mut |part, _| {
            parts.push(String::from_utf8_lossy(part).into_owned());
        });
        parts
    }

    fn form(value: &str) -> String {
        match Reading::of(Some(value.as_bytes())).authorization {
            Authorization::Absent => "absent".into(),
            Authorization::Empty => "empty".into(),
            Authorization::Pair => "pair".into(),
            Authorization::NoColon => "no colon".into(),
            Authorization::Json => "json".into(),
            Authorization::Scheme { word, value } => format!("{} {value:?}", word.expose()),
        }
    }

    #[test]
    fn forms_are_told_apart() {
        for (value, want) in [
            ("", "empty"),
            ("alice:s3cr3t", "pair"),
            ("alice:s3:cr3t", "pair"),
            (":", "pair"),
            ("basic:s3cr3t", "basic Token"),
            ("token:s3cr3t", "pair"),
            ("digest", "no colon"),
            ("Basic", "Basic Nothing"),
            ("Basic YWxpY2U6czNjcjN0", "Basic EncodedPair"),
            ("basic YWxpY2U6czNjcjN0Cg", "basic EncodedPair"),
            ("BASIC alice:s3cr3t", "BASIC Pair"),
            ("Basic Og==", "Basic EncodedPair"),
            ("Bearer eyJhbGciOi.e30.c2ln", "Bearer WebToken"),
            ("Digest username=\"a\", uri=\"http://b/\"", "Digest Token"),
            ("[\"alice:s3cr3t\"]", "json"),
            ("Authorization: alice:s3cr3t", "pair"),
            (
                "-H 'Authorization: Basic YWxpY2U6czNjcjN0'",
                "Basic EncodedPair",
            ),
            ("Token alice:s3cr3t", "Token Pair"),
            ("alice s3cr3t", "no colon"),
            ("my user:s3cr3t", "pair"),
            ("YWxpY2U6czNjcjN0", "no colon"),
        ] {
            assert_eq!(form(value), want, "{value}");
        }
    }

    #[test]
    fn no_secret_part_is_left_out() {
        for (value, want) in [
            ("alice:s3:cr3t", &["s3:cr3t"][..]),
            ("Basic YWxpY2U6czNjcjN0", &["YWxpY2U6czNjcjN0", "s3cr3t"]),
            ("Bearer alice:s3cr3t", &["alice:s3cr3t", "s3cr3t"]),
            ("Bearer tok!", &["tok!"]),
            ("Basic czNjcjN0", &["czNjcjN0", "s3cr3t"]),
            ("YWxpY2U6czNjcjN0", &["YWxpY2U6czNjcjN0", "s3cr3t"]),
            ("alice s3cr3t", &["alice s3cr3t", "s3cr3t"]),
            ("s3cr3t", &["s3cr3t"]),
            ("", &[]),
            ("username:api_secret", &["api_secret"]),
            ("\"alice:s3cr3t\"", &["s3cr3t\"", "s3cr3t"]),
            ("[\"alice:s3cr3t\"]", &["s3cr3t\"]", "s3cr3t"]),
            (
                "\u{feff}alice:s3\u{200b}cr3t",
                &["s3\u{200b}cr3t", "s3cr3t"],
            ),
            ("Authorization: alice:s3cr3t", &[" alice:s3cr3t", "s3cr3t"]),
            ("n0t/a+secret:alice", &["alice", "n0t/a+secret"]),
        ] {
            assert_eq!(parts(value), want, "{value}");
        }
    }

    #[test]
    fn placeholders_are_known_and_real_secrets_are_not() {
        for value in [
            "username:api_secret",
            "YOUR_API_KEY",
            "<user>:<secret>",
            "null:null",
            "undefined:undefined",
            "Array",
            "alice:your-api-secret",
            "alice:xxxx",
            "alice:${NICENIC_SECRET}",
            "alice:$NICENIC_SECRET",
            "$username:$api_secret",
            "alice:$params['ApiSecret']",
            "{{username}}:{{secret}}",
            "Basic dXNlcm5hbWU6YXBpX3NlY3JldA==",
        ] {
            assert!(flaws(value).placeholder.is_some(), "{value}");
        }
        for value in [
            "alice:s3cr3t",
            "alice:not-a-real-secret",
            "alice:$2y$10$abc",
            "userman:secretive",
            "alice:x1",
        ] {
            assert_eq!(flaws(value), Flaws::default(), "{value}");
        }
    }

    #[test]
    fn what_is_no_part_of_a_credential_is_taken_off() {
        let of = |value: &str| {
            let reading = Reading::of(Some(value.as_bytes()));
            let shown = reading.credential.map(|credential| {
                let secret = String::from_utf8_lossy(credential.secret.expose()).into_owned();
                format!("{} {secret}", credential.username.expose())
            });
            (shown.unwrap_or_default(), reading.flaws)
        };
        for value in [
            "\"alice:s3cr3t\"",
            "'alice':'s3cr3t'",
            "\u{201c}alice:s3cr3t\u{201d}",
            "\u{feff}alice:s3cr3t",
            "alice:s3\u{ad}cr3t",
            "Authorization: alice:s3cr3t",
            "-H 'Authorization: alice:s3cr3t'",
            "curl -H \"Authorization: alice:s3cr3t\"",
        ] {
            let (shown, flaws) = of(value);
            assert_eq!(shown, "alice s3cr3t", "{value}");
            assert_ne!(flaws, Flaws::default(), "{value}");
        }
        for value in [
            "authorization:s3cr3t",
            "alice:s3cr3t'",
            "alice:a:b:c",
            "alice:p%41ss",
            "header:x",
        ] {
            assert_eq!(of(value).1, Flaws::default(), "{value}");
        }
    }

    #[test]
    fn empty_halves_and_blanks_are_placed() {
        for (value, empty, blank) in [
            ("alice:", Some(Half::Secret), None),
            (":s3cr3t", Some(Half::Username), None),
            (":", Some(Half::Both), None),
            ("Basic Og==", Some(Half::Both), None),
            ("alice : s3cr3t", None, Some(Blank::BeforeColon)),
            ("alice: s3cr3t", None, Some(Blank::AfterColon)),
            ("al ice:s3cr3t", None, Some(Blank::Username)),
            ("alice:s3 cr3t", None, Some(Blank::Secret)),
            ("Basic YWxpY2U6czNjcjN0Cg==", None, Some(Blank::End)),
        ] {
            let have = flaws(value);
            assert_eq!((have.empty, have.blank), (empty, blank), "{value}");
        }
    }
}
