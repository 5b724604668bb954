//! Bodies: as masked text, if they are text.
use std::ops::Range;

use super::escape::Lines;
use super::find::{Found, What};
use super::seal::Masked;
use super::{Redactor, json, loose, markup, pairs, parts, shape, telltale};

/// A body as it may be shown.
pub enum Shown {
    /// Its text.
    Text(Masked),
    /// What it is; it is no text.
    Shape(Masked),
}

impl Redactor {
    /// A body, decoded as far as its coding demands.
    ///
    /// `truncated`: it goes on where these bytes end. A beginning of a secret at that place is not shown.
    pub fn body(&mut self, content_type: Option<&[u8]>, bytes: &[u8], truncated: bool) -> Shown {
        if is_binary(bytes) {
            return Shown::Shape(Masked::sealed(shape::binary(bytes.len())));
        }
        let (names, mut found) = (&self.names, Vec::new());
        match kind(content_type, bytes) {
            Kind::Json => {
                let is_sound = json::json(names, bytes, truncated, &mut found);
                // A line of a log begins with a bracket, too.
                if !is_sound {
                    loose::assignments(names, bytes, 0..bytes.len(), &mut found);
                }
            }
            Kind::Form => pairs::pairs(names, bytes, trimmed(bytes), truncated, &mut found),
            Kind::Multipart => {
                parts::parts(names, bytes, &mut found);
                loose::assignments(names, bytes, 0..bytes.len(), &mut found);
            }
            Kind::Other => {
                markup::elements(names, bytes, 0..bytes.len(), &mut found);
                found.extend(cut_tag(bytes).filter(|_| truncated));
                loose::assignments(names, bytes, 0..bytes.len(), &mut found);
            }
        }
        telltale::telltales(bytes, &mut found);
        Shown::Text(self.with_found(bytes, found, Lines::Many, truncated))
    }
}

/// A tag that the text ends in: what it holds is known by a name that may come only after the cut.
fn cut_tag(text: &[u8]) -> Option<Found> {
    let open = memchr::memrchr(b'<', text)?;
    let is_tag = text.get(open + 1).is_some_and(u8::is_ascii_alphabetic)
        && memchr::memchr(b'>', &text[open..]).is_none();
    is_tag.then(|| Found::new(open + 1..text.len(), What::Cut, Vec::new()))
}

pub(super) enum Kind {
    Json,
    Form,
    Multipart,
    Other,
}

/// What it says that it is counts less than what it looks like: clients often send one as the other.
pub(super) fn kind(content_type: Option<&[u8]>, bytes: &[u8]) -> Kind {
    let declared = content_type.unwrap_or_default().to_ascii_lowercase();
    let declares = |word: &[u8]| memchr::memmem::find(&declared, word).is_some();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match text.trim_ascii_start().first() {
        Some(b'{' | b'[') => Kind::Json,
        Some(b'<') => Kind::Other,
        _ if declares(b"multipart/") || looks_like_parts(text) => Kind::Multipart,
        _ if declares(b"x-www-form-urlencoded") || looks_like_form(text) => Kind::Form,
        _ if declares(b"json") => Kind::Json,
        Some(b'"') => Kind::Json,
        _ => Kind::Other,
    }
}

fn looks_like_parts(text: &[u8]) -> bool {
    let front = &text[..text.len().min(512)];
    front.starts_with(b"--") && memchr::memmem::find(front, b"form-data").is_some()
}

fn looks_like_form(text: &[u8]) -> bool {
    let Some(equals) = memchr::memchr(b'=', text) else {
        return false;
    };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.%[]+".contains(byte);
    text[..equals].iter().all(is_name) && !text.trim_ascii_end().iter().any(u8::is_ascii_whitespace)
}

pub(super) fn trimmed(bytes: &[u8]) -> Range<usize> {
    0..bytes.trim_ascii_end().len()
}

/// Whether it holds NUL, or is mostly no UTF-8.
fn is_binary(bytes: &[u8]) -> bool {
    if memchr::memchr(0, bytes).is_some() {
        return true;
    }
    if std::str::from_utf8(bytes).is_ok() {
        return false;
    }
    let broken: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    broken * 10 > bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::FingerprintKey;

    fn shown(content_type: &str, bytes: &[u8], truncated: bool) -> String {
        let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
        match redactor.body(Some(content_type.as_bytes()), bytes, truncated) {
            Shown::Text(text) => text.as_str().to_owned(),
            Shown::Shape(shape) => format!("shape {shape}"),
        }
    }

    #[test]
    fn bodies_are_read_as_what_they_look_like() {
        for (content_type, body, secret) in [
            ("application/json", "{\"password\":\"q7\"}", "q7"),
            (
                "application/x-www-form-urlencoded",
                "{\"password\":\"q7\"}",
                "q7",
            ),
            ("application/json", "password=q7&a=1", "q7"),
            ("text/plain", "a=1&password=q7", "q7"),
            ("", "password=q7\n", "q7"),
            ("text/xml", "<a><password>q7</password></a>", "q7"),
            ("application/json", "<password>q7</password>", "q7"),
            ("text/html", "var token = 'q7';", "q7"),
            ("text/plain", "[2026-11-24] a.ERROR: password=q7 {}", "q7"),
            ("text/plain", "[\"token\"]=>\n  string(2) \"q7\"", "q7"),
            (
                "multipart/form-data; boundary=b",
                "--b\r\nContent-Disposition: form-data; name=\"pw\"\r\n\r\nq7\r\n--b--",
                "q7",
            ),
        ] {
            let text = shown(content_type, body.as_bytes(), false);
            assert!(!text.contains(secret), "{body}: {text}");
            assert!(text.contains("‹secret:parameter#"), "{body}: {text}");
        }
    }

    #[test]
    fn what_is_not_secret_stays_byte_for_byte() {
        for body in [
            "{\"code\": 400,\n\t\"msg\" : \"Request parameter error\" , \"data\":[1,2.50,null]}\n",
            "category=domain&action=check&domains=a.com%2Cb.com",
            "<html><body>502 Bad Gateway</body></html>",
            "",
        ] {
            assert_eq!(shown("", body.as_bytes(), false), body);
        }
    }

    #[test]
    fn a_number_behind_a_secret_key_leaves_sound_json() {
        let text = shown("", b"{\"pin\":1234567890,\"a\":1}", false);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(json["pin"].as_str().unwrap().ends_with("·10›"));
    }

    #[test]
    fn a_tag_at_a_cut_is_hidden_whole() {
        let cut = "<p>a</p><input value='q7q7";
        assert_eq!(
            shown("text/html", cut.as_bytes(), true),
            "<p>a</p><‹cut·17›"
        );
        assert_eq!(shown("text/html", cut.as_bytes(), false), cut);
        assert_eq!(shown("text/plain", b"1 < 2", true), "1 < 2");
    }

    #[test]
    fn what_is_no_text_is_a_shape() {
        assert_eq!(shown("", b"\x89PNG\0\0", false), "shape ‹binary·6 bytes›");
        assert_eq!(shown("", &[0xff; 9], false), "shape ‹binary·9 bytes›");
        assert_eq!(shown("", b"mostly text \xff", false), "mostly text \\xff");
    }
}
