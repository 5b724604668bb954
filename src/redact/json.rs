//! Finds what must not be shown in JSON, sound or not: by the keys, at any depth, without rewriting a byte.
use std::ops::Range;

use super::find::{Found, What, unescaped};
use super::names::{self, Level, Names, Place};
use super::views::Escape;
use super::{loose, pairs, telltale};

/// Looks through a text that is JSON, nearly JSON, or the beginning of it.
///
/// `cut`: the text goes on where it ends here.
pub(super) fn json(names: &Names, text: &[u8], cut: bool, found: &mut Vec<Found>) {
    let mut scan = Scan {
        names,
        text,
        cut,
        at: 0,
        open: Vec::new(),
        due: None,
        found,
    };
    while let Some(&byte) = text.get(scan.at) {
        scan.step(byte);
    }
}

struct Scan<'a> {
    names: &'a Names,
    text: &'a [u8],
    cut: bool,
    at: usize,
    /// The levels of the objects and arrays round this place: what is inside a secret is secret.
    open: Vec<Level>,
    /// The level of the value that comes next, after its key.
    due: Option<Level>,
    found: &'a mut Vec<Found>,
}

impl Scan<'_> {
    fn step(&mut self, byte: u8) {
        match byte {
            b'"' => return self.string(),
            b'{' | b'[' => {
                let level = self.level();
                self.open.push(level);
            }
            b'}' | b']' => {
                self.open.pop();
                self.due = None;
            }
            b',' => self.due = None,
            b'/' => return self.comment(),
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => {
                return self.scalar();
            }
            _ => {}
        }
        self.at += 1;
    }

    /// JSON has none, but people write them.
    fn comment(&mut self) {
        let start = self.at;
        self.at += comment(&self.text[start..]).max(1);
        loose::assignments(self.names, self.text, start..self.at, self.found);
    }

    fn string(&mut self) {
        let start = self.at + 1;
        let Some(end) = end_of_string(self.text, start) else {
            self.unterminated(start);
            return;
        };
        self.at = end + 1;
        let inside = start..end;
        if self.is_key() {
            let level = self.level_of(inside);
            self.due = Some(level.or(self.around()));
            return;
        }
        let level = self.level();
        match What::of(level) {
            Some(what) => self.hide(inside, what, false),
            None => self.inside(inside),
        }
    }

    fn unterminated(&mut self, start: usize) {
        let inside = start..self.text.len();
        self.at = self.text.len();
        match What::of(self.level()) {
            Some(what) => self.hide(inside, what, false),
            None if self.cut => self.hide(inside, What::Cut, false),
            None => self.inside(inside),
        }
    }

    fn scalar(&mut self) {
        let start = self.at;
        let length = self.text[start..]
            .iter()
            .position(|byte| b",:]}[{\" \t\r\n".contains(byte))
            .unwrap_or(self.text.len() - start);
        self.at = start + length;
        let word = &self.text[start..self.at];
        if self.is_key() {
            // A key without quotes is no JSON, but its value is a value.
            let level = self.level_of(start..self.at);
            self.due = Some(level.or(self.around()));
            return;
        }
        let level = self.level();
        if matches!(word, b"true" | b"false" | b"null") {
            return;
        }
        if let Some(what) = What::of(level) {
            self.hide(start..self.at, what, true);
        }
    }

    /// A string that may be shown, unless it holds JSON or a query itself.
    fn inside(&mut self, inside: Range<usize>) {
        let text = &self.text[inside.clone()];
        if memchr::memchr3(b'=', b':', b'\\', text).is_some() {
            loose::assignments(self.names, self.text, inside.clone(), self.found);
        }
        if let Some(text) = telltale::in_base64(text)
            && let Some(within) = pairs::within(self.names, &[&text])
        {
            self.found.push(Found {
                range: inside,
                ..within
            });
        }
    }

    fn hide(&mut self, range: Range<usize>, what: What, is_bare: bool) {
        if range.is_empty() {
            return;
        }
        let value = unescaped(&self.text[range.clone()], Escape::Backslash);
        let is_domain = names::looks_like_host(&value) && matches!(what, What::Contact(_));
        if !is_domain {
            self.found.push(Found {
                is_bare,
                ..Found::new(range, what, value)
            });
        }
    }

    /// Whether what was just read is followed by a colon.
    fn is_key(&self) -> bool {
        let mut rest = self.text[self.at..].trim_ascii_start();
        while comment(rest) > 0 {
            rest = rest[comment(rest)..].trim_ascii_start();
        }
        rest.first() == Some(&b':')
    }

    fn level_of(&self, key: Range<usize>) -> Level {
        let name = unescaped(&self.text[key], Escape::Backslash);
        let name = String::from_utf8_lossy(&name);
        self.names.level(&name, Place::Member)
    }

    fn level(&mut self) -> Level {
        self.due.take().unwrap_or_else(|| self.around())
    }

    fn around(&self) -> Level {
        self.open.last().copied().unwrap_or(Level::Open)
    }
}

/// How long the comment is that begins here.
fn comment(text: &[u8]) -> usize {
    let end = match text {
        [b'/', b'*', rest @ ..] => memchr::memmem::find(rest, b"*/").map(|at| at + 4),
        [b'/', b'/', rest @ ..] => memchr::memchr(b'\n', rest).map(|at| at + 3),
        _ => return 0,
    };
    end.unwrap_or(text.len())
}

fn end_of_string(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str, cut: bool) -> Vec<&str> {
        let mut found = Vec::new();
        json(&Names::default(), text.as_bytes(), cut, &mut found);
        found.into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn values_are_found_by_their_keys_at_any_depth() {
        for (text, want) in [
            (r#"{"code":400,"msg":"no","data":null}"#, vec![]),
            (r#"{"a":{"b":[{"authcode":"x\"y"}]}}"#, vec![r#"x\"y"#]),
            (r#"{"p\u0061ssword" : "s1"}"#, vec!["s1"]),
            (r#"{"password":123456,"year":1}"#, vec!["123456"]),
            (r#"{"pin":true,"token":null,"key":""}"#, vec![]),
            (
                r#"{"secrets":["a1",{"x":"b2"},3],"y":"c"}"#,
                vec!["a1", "b2", "3"],
            ),
            (r#"{"email":"a@b.c","name":"Xiao"}"#, vec!["a@b.c", "Xiao"]),
            (r#"{"name":"shop.example"}"#, vec![]),
            (r#"[{"epp":"p1"},{"epp":"p2"}]"#, vec!["p1", "p2"]),
            ("{\"token\":\"a\"}\n{\"token\":\"b\"}", vec!["a", "b"]),
            // Not JSON.
            (r#"{/*x*/"token"/*y*/:/*z*/"a"}"#, vec!["a"]),
            ("{\"a\":1, // token=\"b\"\n\"pin\":12}", vec!["b", "12"]),
            ("{\"a\": 1 /* never ends \"token\": \"b\"", vec!["b"]),
            (r#"{"token":"a",}"#, vec!["a"]),
            (r#"{token:"a", pin: 12}"#, vec!["a", "12"]),
            (r#"{"token" "a","token":"b"]"#, vec!["b"]),
            (r#"{"password":"never ends"#, vec!["never ends"]),
            // JSON, queries and fields inside strings.
            (r#"["Authorization: a:s3cret"]"#, vec!["a:s3cret"]),
            (r#"{"msg":"token: try again"}"#, vec![]),
            (r#"{"x":"{\"password\":\"p1\"}"}"#, vec!["p1"]),
            (r#"{"url":"/?a=1&token=t9"}"#, vec!["t9"]),
        ] {
            assert_eq!(hidden(text, false), want, "{text}");
        }
    }

    #[test]
    fn a_string_at_a_cut_is_hidden_whole() {
        for (text, want) in [
            (r#"{"msg":"some wor"#, vec!["some wor"]),
            (r#"{"msg":"done","nam"#, vec!["nam"]),
            (r#"{"msg":"done\"#, vec![r"done\"]),
            (r#"{"msg":"done","year":12"#, vec![]),
            (r#"{"msg":"done","pin":12"#, vec!["12"]),
        ] {
            assert_eq!(hidden(text, true), want, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_no_problem() {
        let text = format!("{}\"token\":\"a\"", "[{".repeat(40_000));
        assert_eq!(hidden(&text, false), ["a"]);
    }
}
