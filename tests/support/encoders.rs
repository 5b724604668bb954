//! Spellings of a secret, by encoders of their own: no code is shared with what is tested.
#![allow(dead_code, unreachable_pub, reason = "each test uses some of them")]
use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

pub type Encoder = (&'static str, fn(&str) -> String);

pub fn percent(text: &str, keep: &str, hex: fn(u8) -> String) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ if keep.as_bytes().contains(&byte) => char::from(byte).to_string(),
            _ => hex(byte),
        })
        .collect()
}

pub fn upper(byte: u8) -> String {
    format!("%{byte:02X}")
}

fn lower(byte: u8) -> String {
    format!("%{byte:02x}")
}

fn each_byte(text: &str, form: impl Fn(u8) -> String) -> String {
    text.bytes().map(form).collect()
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As PHP's `json_encode` does without flags.
pub fn php_json(text: &str) -> String {
    php_json_with(text, |unit| format!("\\u{unit:04x}"))
}

fn php_json_with(text: &str, escape: fn(u16) -> String) -> String {
    let mut out = String::new();
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some('"') => out += "\\\"",
            Some('\\') => out += "\\\\",
            Some('/') => out += "\\/",
            Some(char @ ' '..='~') => out.push(char),
            _ => out += &escape(unit),
        }
    }
    out
}

fn entities(text: &str, form: fn(char) -> Option<String>) -> String {
    text.chars()
        .map(|char| form(char).unwrap_or_else(|| char.to_string()))
        .collect()
}

fn named(char: char) -> Option<String> {
    let name = match char {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        '\'' => "&#039;",
        _ => return None,
    };
    Some(name.to_owned())
}

pub fn shifted(front: &str, text: &str, engine: &impl Engine) -> String {
    engine.encode(format!("{front}{text}"))
}

fn hex(text: &str) -> String {
    each_byte(text, |byte| format!("{byte:02x}"))
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn wrapped(text: &str, width: usize, end: &str) -> String {
    let chars: Vec<_> = text.chars().collect();
    let lines: Vec<String> = chars
        .chunks(width)
        .map(|line| line.iter().collect())
        .collect();
    lines.join(end)
}

/// All of these hide the secret so well that no six characters of them may be seen.
pub const ENCODERS: [Encoder; 53] = [
    ("raw", str::to_owned),
    ("rawurlencode", |s| percent(s, "-_.~", upper)),
    ("percent, lower hex", |s| percent(s, "-_.~", lower)),
    ("encodeURIComponent", |s| percent(s, "-_.!~*'()", upper)),
    ("encodeURI", |s| percent(s, "-_.!~*'();/?:@&=+$,#", upper)),
    ("python quote", |s| percent(s, "-_.~/", upper)),
    ("urlencode", |s| percent(s, "-_. ", upper).replace(' ', "+")),
    ("java URLEncoder", |s| {
        percent(s, "-_.* ", upper).replace(' ', "+")
    }),
    ("every byte, upper", |s| each_byte(s, upper)),
    ("every byte, lower", |s| each_byte(s, lower)),
    ("percent twice", |s| {
        percent(&percent(s, "", upper), "", upper)
    }),
    ("percent twice, lower", |s| {
        percent(&percent(s, "", lower), "", lower)
    }),
    ("percent thrice", |s| {
        percent(&percent(&percent(s, "", upper), "", upper), "", upper)
    }),
    ("json", json),
    ("php json_encode", php_json),
    ("php json_encode, upper hex", |s| {
        php_json_with(s, |unit| format!("\\u{unit:04X}"))
    }),
    ("json, all escaped", |s| {
        s.encode_utf16().fold(String::new(), |mut out, unit| {
            let _ = write!(out, "\\u{unit:04X}");
            out
        })
    }),
    ("json in json", |s| json(&php_json(s))),
    ("json in json in json", |s| json(&json(&json(s)))),
    ("json, then percent", |s| percent(&php_json(s), "", upper)),
    ("percent, then json", |s| json(&percent(s, "", lower))),
    ("htmlspecialchars", |s| entities(s, named)),
    ("entities, decimal", |s| {
        entities(s, |c| {
            (!c.is_ascii_alphanumeric()).then(|| format!("&#{};", u32::from(c)))
        })
    }),
    ("entities, hex", |s| {
        entities(s, |c| Some(format!("&#x{:x};", u32::from(c))))
    }),
    ("entities, upper hex", |s| {
        entities(s, |c| Some(format!("&#X{:X};", u32::from(c))))
    }),
    ("entities, twice", |s| entities(&entities(s, named), named)),
    ("entities, then percent", |s| {
        percent(&entities(s, named), "", upper)
    }),
    ("php var_export", |s| {
        s.replace('\\', "\\\\").replace('\'', "\\'")
    }),
    ("rust debug", |s| {
        format!("{s:?}").trim_matches('"').to_owned()
    }),
    ("rust debug of bytes", |s| {
        format!("b\"{}\"", s.as_bytes().escape_ascii())
    }),
    ("rust debug of a list", |s| format!("{:?}", s.as_bytes())),
    ("json list of bytes", |s| {
        format!("{:?}", s.as_bytes()).replace(' ', "")
    }),
    ("C, \\x", |s| each_byte(s, |b| format!("\\x{b:02x}"))),
    ("C, octal", |s| each_byte(s, |b| format!("\\{b:03o}"))),
    ("javascript \\u{}", |s| {
        s.chars().fold(String::new(), |mut out, c| {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            out
        })
    }),
    ("hex, lower", hex),
    ("hex, upper", |s| hex(s).to_uppercase()),
    ("hex, spaced", |s| each_byte(s, |b| format!("{b:02x} "))),
    ("hex, colons", |s| each_byte(s, |b| format!("{b:02X}:"))),
    ("base64", |s| STANDARD.encode(s)),
    ("base64, no padding", |s| STANDARD_NO_PAD.encode(s)),
    ("base64url", |s| URL_SAFE.encode(s)),
    ("base64url, no padding", |s| URL_SAFE_NO_PAD.encode(s)),
    ("base64 of json", |s| {
        STANDARD.encode(json(s)) + if json(s) == s { "" } else { "\0skip" }
    }),
    ("base64, percent", |s| {
        percent(&STANDARD.encode(s), "", upper)
    }),
    ("base64, json", |s| STANDARD.encode(s).replace('/', "\\/")),
    ("base64, wrapped at 20", |s| {
        wrapped(&STANDARD.encode(s), 20, "\r\n")
    }),
    ("base64 of utf-16", |s| STANDARD.encode(utf16(s))),
    ("quoted-printable", |s| {
        percent(s, "-_.!", |b| format!("={b:02X}"))
    }),
    ("split by line breaks", |s| wrapped(s, 5, "\n")),
    ("split by colours", |s| wrapped(s, 4, "\x1b[31m")),
    ("split by invisible characters", |s| {
        wrapped(s, 4, "\u{200b}")
    }),
    ("upper case", str::to_uppercase),
];
