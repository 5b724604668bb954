//! The credential: what the Authorization header holds, and how that differs from `username:api_secret`.
use crate::redact::seal::Raw;

use super::dressing::Dressing;
use encoding::{bare_encoding, is_web_token};
use form::{Form, SIGNATURES, instead_of_colon};
use pair::Pair;
use placeholder::placeholder;

mod encoding;
mod form;
mod pair;
mod placeholder;

pub use encoding::base64_text;
pub(super) use form::secret_parts;

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
    /// Where white space stands inside it.
    pub blank: Option<Blank>,
    /// Which white space the first of it is.
    pub white: &'static str,
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
    /// `%0A`.
    PercentLineBreak,
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
        let text = base64_text(rest);
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
            (
                "n0tARealSecretAtAll7z:alice",
                &["alice", "n0tARealSecretAtAll7z"],
            ),
            ("MyCompanyAndSonsResell2024:alice", &["alice"]),
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
