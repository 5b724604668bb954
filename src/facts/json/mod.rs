//! A strict reader of JSON that says where and why a text is none, in words of those who wrote it.
//!
//! It keeps no tree: it reports members and values as it meets them. It runs in linear time, and depth costs heap, not
//! stack, so that 100,000 open brackets are only an error.
use mistaken::{COMMENT, no_json_at_all, no_utf8, no_value};

pub(super) use mistaken::is_form;
pub(super) use string::{unescape, value_of};

mod mistaken;
mod string;

/// Why a body is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The reason, for a human.
    pub reason: &'static str,
}

/// What the reader meets. A name is the string between the quotes, still escaped; elements of arrays have none.
pub(super) enum Event<'a> {
    /// An object or an array begins.
    Open {
        name: Option<&'a [u8]>,
        is_array: bool,
    },
    /// It ends.
    Close,
    /// A string, number or word, as it stands.
    Scalar {
        name: Option<&'a [u8]>,
        token: &'a [u8],
    },
}

/// How the reading went.
pub(super) enum Outcome {
    /// The text is JSON.
    Valid,
    /// It is JSON as far as it was given, but this was not all of it.
    Cut,
    /// It is no JSON.
    Bad(JsonError),
}

/// Reads `text`; `whole` says whether it is all there is.
pub(super) fn read<'a>(text: &'a [u8], whole: bool, on: &mut dyn FnMut(Event<'a>)) -> Outcome {
    let (sound, after) = match std::str::from_utf8(text) {
        Ok(_) => (text, End::of(whole)),
        Err(error) if error.error_len().is_none() && !whole => {
            (&text[..error.valid_up_to()], End::Cut)
        }
        Err(error) => (&text[..error.valid_up_to()], End::NotUtf8),
    };
    let mut reader = Reader {
        text: sound,
        at: 0,
        stack: Vec::new(),
        name: None,
    };
    match (reader.run(on), after) {
        (Ok(()), End::Text | End::Cut) => Outcome::Valid,
        (Err(Stop::End(_)), End::Cut) => Outcome::Cut,
        (Err(Stop::End(reason)), End::Text) => Outcome::Bad(located(text, sound.len(), reason)),
        (Ok(()) | Err(Stop::End(_)), End::NotUtf8) => {
            Outcome::Bad(located(text, sound.len(), no_utf8(text)))
        }
        (Err(Stop::Bad(at, reason)), _) => Outcome::Bad(located(text, at, reason)),
    }
}

fn located(text: &[u8], at: usize, reason: &'static str) -> JsonError {
    let before = &text[..at];
    let start = memchr::memrchr(b'\n', before).map_or(0, |lf| lf + 1);
    let begins_character = |byte: &&u8| **byte & 0xc0 != 0x80;
    JsonError {
        line: memchr::memchr_iter(b'\n', before).count() + 1,
        column: before[start..].iter().filter(begins_character).count() + 1,
        reason,
    }
}

/// What comes after the bytes that could be read.
#[derive(Clone, Copy)]
enum End {
    Text,
    Cut,
    NotUtf8,
}

impl End {
    const fn of(whole: bool) -> Self {
        if whole { Self::Text } else { Self::Cut }
    }
}

enum Stop {
    /// The text ended; why that is wrong if this was all.
    End(&'static str),
    Bad(usize, &'static str),
}

/// What may come next.
#[derive(Clone, Copy)]
enum Next {
    Value,
    FirstElement,
    Name,
    FirstName,
    CommaOrClose,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// One entry for each open bracket: whether it is an array.
    stack: Vec<bool>,
    name: Option<&'a [u8]>,
}

impl<'a> Reader<'a> {
    fn run(&mut self, on: &mut dyn FnMut(Event<'a>)) -> Result<(), Stop> {
        if let Some(reason) = no_json_at_all(self.text) {
            return Err(Stop::Bad(0, reason));
        }
        let mut next = Next::Value;
        loop {
            self.skip_blanks();
            next = match next {
                Next::Value => self.value(on)?,
                Next::FirstElement if self.peek() == Some(b']') => self.close(on),
                Next::FirstElement => Next::Value,
                Next::FirstName if self.peek() == Some(b'}') => self.close(on),
                Next::FirstName | Next::Name => self.member_name()?,
                Next::CommaOrClose if self.stack.is_empty() => return self.end(),
                Next::CommaOrClose => self.comma_or_close(on)?,
            };
        }
    }

    fn value(&mut self, on: &mut dyn FnMut(Event<'a>)) -> Result<Next, Stop> {
        let start = self.at;
        let byte = self.peek().ok_or(Stop::End(TEXT_ENDS))?;
        if let b'{' | b'[' = byte {
            let (name, is_array) = (self.name.take(), byte == b'[');
            on(Event::Open { name, is_array });
            self.stack.push(is_array);
            self.at += 1;
            return Ok(if is_array {
                Next::FirstElement
            } else {
                Next::FirstName
            });
        }
        match byte {
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => self.word()?,
            _ => return Err(Stop::Bad(start, no_value(&self.text[start..]))),
        }
        on(Event::Scalar {
            name: self.name.take(),
            token: &self.text[start..self.at],
        });
        Ok(Next::CommaOrClose)
    }

    fn close(&mut self, on: &mut dyn FnMut(Event<'a>)) -> Next {
        self.stack.pop();
        self.at += 1;
        on(Event::Close);
        Next::CommaOrClose
    }

    fn member_name(&mut self) -> Result<Next, Stop> {
        let start = self.at;
        match self.peek().ok_or(Stop::End(TEXT_ENDS))? {
            b'"' => self.string()?,
            byte => {
                let reason = match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' => {
                        "a name without double quotes"
                    }
                    b',' | b':' | b'}' => "a name is missing",
                    _ => no_value(&self.text[start..]),
                };
                return Err(Stop::Bad(start, reason));
            }
        }
        self.name = Some(&self.text[start + 1..self.at - 1]);
        self.skip_blanks();
        match self.peek().ok_or(Stop::End(TEXT_ENDS))? {
            b':' => self.at += 1,
            b'=' => return Err(Stop::Bad(self.at, "`=` where a colon belongs")),
            _ => return Err(Stop::Bad(self.at, "no colon after a name")),
        }
        Ok(Next::Value)
    }

    fn comma_or_close(&mut self, on: &mut dyn FnMut(Event<'a>)) -> Result<Next, Stop> {
        let is_array = self.stack.last() == Some(&true);
        let at = self.at;
        match self.peek().ok_or(Stop::End(TEXT_ENDS))? {
            b',' => {
                self.at += 1;
                self.skip_blanks();
                match self.peek() {
                    Some(b']' | b'}') => {
                        Err(Stop::Bad(at, "a comma right before a closing bracket"))
                    }
                    _ if is_array => Ok(Next::Value),
                    _ => Ok(Next::Name),
                }
            }
            b']' if is_array => Ok(self.close(on)),
            b'}' if !is_array => Ok(self.close(on)),
            b']' | b'}' => Err(Stop::Bad(at, "a bracket that closes no open one")),
            b';' => Err(Stop::Bad(at, "a semicolon where a comma belongs")),
            b':' => Err(Stop::Bad(at, "a colon where a comma belongs")),
            b'/' | b'#' => Err(Stop::Bad(at, COMMENT)),
            _ => Err(Stop::Bad(at, "no comma between two values")),
        }
    }

    fn end(&self) -> Result<(), Stop> {
        match self.text[self.at..] {
            [] => Ok(()),
            [b'{' | b'[', ..] => Err(Stop::Bad(self.at, "a second JSON value after the first")),
            [b'}' | b']', ..] => Err(Stop::Bad(self.at, "a bracket that closes no open one")),
            _ => Err(Stop::Bad(self.at, "more text after the end of the JSON")),
        }
    }

    fn string(&mut self) -> Result<(), Stop> {
        self.at += 1;
        loop {
            let byte = self
                .peek()
                .ok_or(Stop::End("the text ends inside a string"))?;
            match byte {
                b'"' => break,
                b'\\' => self.escape()?,
                b'\n' | b'\r' => return Err(Stop::Bad(self.at, "a line break inside a string")),
                0..b' ' => return Err(Stop::Bad(self.at, "a control character inside a string")),
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let end = Stop::End("the text ends inside a string");
        match self.text.get(start + 1) {
            None => Err(end),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => {
                let digits = &self.text[start + 2..(start + 6).min(self.text.len())];
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Stop::Bad(start, "`\\u` without four hex digits after it"));
                }
                self.at += 2 + digits.len();
                if digits.len() < 4 { Err(end) } else { Ok(()) }
            }
            Some(_) => Err(Stop::Bad(
                start,
                "a backslash escape that JSON does not have",
            )),
        }
    }

    fn number(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let bad = |reason| Err(Stop::Bad(start, reason));
        self.take(b'-');
        match (self.peek(), self.text.get(self.at + 1)) {
            (Some(b'0'), Some(b'0'..=b'9')) => return bad("a number with a zero in front"),
            (Some(b'0'), Some(b'x' | b'X')) => return bad("a hexadecimal number"),
            (Some(b'0'..=b'9'), _) => self.digits(),
            (None, _) => return Err(Stop::End(TEXT_ENDS)),
            (Some(b'I' | b'N'), _) => return bad("NaN and Infinity are no JSON numbers"),
            (Some(b'.'), _) => return bad("a number that begins with a point"),
            _ => return bad("a minus sign without a number"),
        };
        if self.take(b'.') && !self.digits() {
            return self.cut_or("a number that ends with a point");
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if !self.digits() {
                return self.cut_or("an exponent without digits");
            }
        }
        match self.peek() {
            // A longer number may have been cut here.
            None if !self.stack.is_empty() => Err(Stop::End(TEXT_ENDS)),
            _ => Ok(()),
        }
    }

    fn cut_or(&self, reason: &'static str) -> Result<(), Stop> {
        match self.peek() {
            None => Err(Stop::End(TEXT_ENDS)),
            Some(_) => Err(Stop::Bad(self.at, reason)),
        }
    }

    fn word(&mut self) -> Result<(), Stop> {
        let rest = &self.text[self.at..];
        let length = rest
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'$'))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        if length == rest.len()
            && WORDS
                .iter()
                .any(|known| known.starts_with(word) && *known != word)
        {
            return Err(Stop::End(TEXT_ENDS));
        }
        if WORDS.contains(&word) {
            self.at += length;
            return Ok(());
        }
        Err(Stop::Bad(
            self.at,
            match word {
                b"True" | b"False" | b"None" => "a Python word; JSON writes true, false, null",
                b"NaN" | b"Infinity" => "NaN and Infinity are no JSON numbers",
                b"undefined" => "`undefined` is no JSON value",
                _ => "a word without double quotes",
            },
        ))
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

const WORDS: [&[u8]; 3] = [b"true", b"false", b"null"];
const TEXT_ENDS: &str = "the text ends before the JSON does";

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &[u8], whole: bool) -> Outcome {
        read(text, whole, &mut |_| ())
    }

    fn error(text: &str) -> (usize, usize, &'static str) {
        match judge(text.as_bytes(), true) {
            Outcome::Bad(error) => (error.line, error.column, error.reason),
            _ => panic!("{text:?} passed"),
        }
    }

    #[test]
    fn errors_have_a_place_and_a_reason() {
        for (text, line, column, reason) in [
            ("", 1, 1, TEXT_ENDS),
            (
                "{\n  \"a\": 1,\n}",
                2,
                9,
                "a comma right before a closing bracket",
            ),
            ("{'a': 1}", 1, 2, "single quotes; JSON wants double quotes"),
            ("{a: 1}", 1, 2, "a name without double quotes"),
            ("{\"ä\": x}", 1, 7, "a word without double quotes"),
            (
                "{\"a\": None}",
                1,
                7,
                "a Python word; JSON writes true, false, null",
            ),
            ("{\"a\": NaN}", 1, 7, "NaN and Infinity are no JSON numbers"),
            ("{\"a\" => 1}", 1, 6, "`=` where a colon belongs"),
            ("{\"a\" 1}", 1, 6, "no colon after a name"),
            ("{\"a\": 1 \"b\": 2}", 1, 9, "no comma between two values"),
            ("{\"a\": \"b", 1, 9, "the text ends inside a string"),
            ("{\"a\": 1", 1, 8, TEXT_ENDS),
            ("{\"a\": \"b\nc\"}", 1, 9, "a line break inside a string"),
            ("{\"a\": 012}", 1, 7, "a number with a zero in front"),
            ("{\"a\": 1}}", 1, 9, "a bracket that closes no open one"),
            (
                "{\"a\": 1}\n{}",
                2,
                1,
                "a second JSON value after the first",
            ),
            (
                "category=domain&action=check",
                1,
                1,
                "form data (name=value), not JSON",
            ),
            ("<b>Notice</b>", 1, 1, "markup (HTML or XML), not JSON"),
            (
                "\nNotice: Undefined index\n{}",
                1,
                1,
                "a notice of PHP in front of the JSON",
            ),
            ("cb({})", 1, 1, "a function call round the JSON (JSONP)"),
            ("--b\r\nContent-", 1, 1, "multipart form data, not JSON"),
            (
                "a:1:{s:1:\"a\";i:1;}",
                1,
                1,
                "PHP's serialize output; use json_encode",
            ),
            (
                "{\"a\": -Infinity}",
                1,
                7,
                "NaN and Infinity are no JSON numbers",
            ),
            ("Array\n(", 1, 1, "PHP's print_r output; use json_encode"),
            (
                "{\"a\": \u{201c}b\u{201d}}",
                1,
                7,
                "a typographic quote; JSON wants a plain double quote",
            ),
            ("{} // x", 1, 4, "more text after the end of the JSON"),
            ("{\"a\": 1, // x", 1, 10, COMMENT),
        ] {
            assert_eq!(error(text), (line, column, reason), "{text:?}");
        }
        let Outcome::Bad(error) = judge(b"{\"a\": \"\xff\"}", true) else {
            panic!("a bad byte passed");
        };
        assert_eq!(
            (error.column, error.reason),
            (8, "a byte that is not UTF-8")
        );
    }

    #[test]
    fn a_cut_is_no_error() {
        let text = "{\"a\": [1.5e+3, true, \"\\u00e4\u{20ac}\", null], \"b\": {\"c\": -0}}";
        for end in 0..text.len() {
            assert!(
                matches!(judge(&text.as_bytes()[..end], false), Outcome::Cut),
                "cut at {end}"
            );
        }
        assert!(matches!(judge(text.as_bytes(), true), Outcome::Valid));
    }

    #[test]
    fn depth_and_size_cost_no_stack_and_linear_time() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(matches!(judge(deep.as_bytes(), true), Outcome::Valid));
        assert_eq!(error(&"[".repeat(100_000)), (1, 100_001, TEXT_ENDS));
        let objects = "{\"a\":".repeat(100_000);
        assert_eq!(error(&objects).2, TEXT_ENDS);
    }

    /// The files of nst/JSONTestSuite are not ours to ship: `NICETAP_CORPUS` names the folder that holds them.
    #[test]
    fn it_agrees_with_json_test_suite() {
        let Some(corpus) = std::env::var_os("NICETAP_CORPUS") else {
            println!("skipped: NICETAP_CORPUS is not set");
            return;
        };
        let mut count = 0;
        for file in std::fs::read_dir(std::path::Path::new(&corpus).join("jsontestsuite")).unwrap()
        {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read(&path).unwrap();
            let is_valid = matches!(judge(&text, true), Outcome::Valid);
            match &name[..2] {
                "y_" => assert!(is_valid, "{name}"),
                "n_" => assert!(!is_valid, "{name}"),
                _ => {}
            }
            count += 1;
        }
        assert!(count > 300, "only {count} files");
    }
}
