//! Finds what must not be shown in JSON, sound or not: by the keys, at any depth, without rewriting a byte.
use std::ops::Range;

use super::couples::{self, Half};
use super::find::{Found, What, unescaped};
use super::grammar::Grammar;
use super::names::{self, Level, Names, Place};
use super::views::Escape;
use super::{loose, texts};

/// Looks through a text that is JSON, nearly JSON, or the beginning of it.
///
/// `cut`: the text goes on where it ends here. Says whether it is sound JSON, or the sound beginning of it: then there
/// is nothing else to be found in it.
pub(super) fn json(names: &Names, text: &[u8], cut: bool, found: &mut Vec<Found>) -> bool {
    let mut scan = Scan {
        names,
        text,
        cut,
        at: 0,
        open: Vec::new(),
        due: None,
        half: None,
        grammar: Grammar::new(),
        found,
    };
    while let Some(&byte) = text.get(scan.at) {
        scan.step(byte);
    }
    while let Some(bracket) = scan.open.pop() {
        scan.left_open(bracket);
    }
    scan.grammar.is_sound(cut)
}

struct Scan<'a> {
    names: &'a Names,
    text: &'a [u8],
    cut: bool,
    at: usize,
    open: Vec<Bracket>,
    /// The level of the value that comes next, after its key.
    due: Option<Level>,
    /// Which half of a couple that value is.
    half: Option<Half>,
    grammar: Grammar,
    found: &'a mut Vec<Found>,
}

/// An object or array round this place.
struct Bracket {
    start: usize,
    is_array: bool,
    /// What is inside a secret is secret.
    level: Level,
    /// Which half of a couple it is itself.
    half: Option<Half>,
    /// What its `name` says of its value.
    named: Level,
    /// Its first element.
    first: Option<Range<usize>>,
    /// Where that name was found to be secret itself.
    name: Option<usize>,
    /// A value whose name has not come yet, or may not be meant.
    value: Option<Value>,
    /// How many values it has so far.
    count: usize,
}

/// A value in quotes, without them, or without any.
#[derive(Clone)]
struct Value {
    range: Range<usize>,
    is_bare: bool,
}

impl Scan<'_> {
    fn step(&mut self, byte: u8) {
        match byte {
            b'"' => return self.string(),
            b'{' | b'[' => self.opens(byte == b'['),
            b'}' | b']' => self.closes(byte == b']'),
            b',' => self.comma(),
            b':' => self.grammar.colon(),
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'/' => return self.comment(),
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => {
                return self.scalar();
            }
            _ => self.grammar.breaks(),
        }
        self.at += 1;
    }

    fn comma(&mut self) {
        (self.due, self.half) = (None, None);
        let is_array = self.open.last().is_some_and(|bracket| bracket.is_array);
        self.grammar.comma(is_array);
    }

    fn opens(&mut self, is_array: bool) {
        self.grammar.opens(is_array);
        let (mut level, half) = (self.level(), self.half.take());
        if let Some(outer) = self.open.last_mut() {
            outer.count += 1;
            if half == Some(Half::Value) {
                level = level.or(outer.named);
                outer.show_name(self.found);
            }
        }
        self.open.push(Bracket {
            start: self.at,
            is_array,
            level,
            half,
            named: Level::Open,
            first: None,
            name: None,
            value: None,
            count: 0,
        });
    }

    fn closes(&mut self, is_array: bool) {
        (self.due, self.half) = (None, None);
        let Some(bracket) = self.open.pop() else {
            self.grammar.breaks();
            return;
        };
        if bracket.is_array != is_array {
            self.grammar.breaks();
        }
        self.grammar.closes(is_array, self.open.is_empty());
        if bracket.is_array && bracket.count == 2 {
            self.hide_second(&bracket);
        }
        if let (Some(Half::Value), Some(outer)) = (bracket.half, self.open.last_mut())
            && outer.named == Level::Open
        {
            outer.value = Some(Value {
                range: bracket.start..self.at + 1,
                is_bare: true,
            });
        }
    }

    /// A bracket that the end of the text left open.
    fn left_open(&mut self, bracket: Bracket) {
        if bracket.is_array {
            self.hide_second(&bracket);
        } else if let Some(value) = bracket.value.filter(|_| self.cut)
            && bracket.named == Level::Open
        {
            self.hide(&value, What::Cut);
        }
    }

    /// `["password", "…"]`
    fn hide_second(&mut self, array: &Bracket) {
        if let (Some(name), Some(value)) = (&array.first, &array.value)
            && couples::looks_secret(&self.text[value.range.clone()])
            && let Some(what) = What::of(couples::named(self.names, &self.text[name.clone()]))
        {
            self.hide(value, what);
        }
    }

    /// JSON has none, but people write them.
    fn comment(&mut self) {
        self.grammar.breaks();
        let start = self.at;
        self.at += comment(&self.text[start..]).max(1);
        loose::assignments(self.names, self.text, start..self.at, self.found);
    }

    fn string(&mut self) {
        let start = self.at + 1;
        let end = end_of_string(self.text, start);
        self.at = end.map_or(self.text.len(), |end| end + 1);
        let inside = start..end.unwrap_or(self.text.len());
        if end.is_some() && self.is_key() {
            self.key(inside);
            return;
        }
        if end.is_none() && !self.cut {
            self.grammar.breaks();
        }
        let is_cut = self.cut && end.is_none();
        self.value(
            &Value {
                range: inside,
                is_bare: false,
            },
            is_cut,
        );
    }

    fn scalar(&mut self) {
        let start = self.at;
        let length = self.text[start..]
            .iter()
            .position(|byte| b",:]}[{\" \t\r\n".contains(byte))
            .unwrap_or(self.text.len() - start);
        self.at = start + length;
        if self.is_key() {
            // A key without quotes is no JSON, but its value is a value.
            self.key(start..self.at);
            self.grammar.breaks();
            return;
        }
        self.value(
            &Value {
                range: start..self.at,
                is_bare: true,
            },
            false,
        );
    }

    fn key(&mut self, key: Range<usize>) {
        self.grammar.key();
        if memchr::memchr2(b'=', b':', &self.text[key.clone()]).is_some() {
            texts::in_string(self.names, self.text, key.clone(), self.found);
        }
        let name = unescaped(&self.text[key], Escape::Backslash);
        let level = self
            .names
            .level(&String::from_utf8_lossy(&name), Place::Member);
        self.due = Some(level.or(self.around()));
        self.half = Half::of(&name);
    }

    fn value(&mut self, value: &Value, is_cut: bool) {
        let is_outermost = self.open.is_empty();
        if value.is_bare {
            self.grammar
                .scalar(&self.text[value.range.clone()], is_outermost);
        } else if !is_cut {
            self.grammar.text(is_outermost);
        }
        let half = self.half.take();
        let level = self.level().or(self.beside(value, half));
        let text = &self.text[value.range.clone()];
        let before = self.found.len();
        match What::of(level) {
            Some(_) if value.is_bare && matches!(text, b"true" | b"false" | b"null") => {}
            Some(what) => self.hide(value, what),
            None if is_cut => self.hide(value, What::Cut),
            None if value.is_bare => {}
            None => texts::in_string(self.names, self.text, value.range.clone(), self.found),
        }
        if half == Some(Half::Name) && !value.is_bare {
            let is_hidden = self.found.len() > before && self.around() == Level::Open;
            self.name(value, is_hidden.then_some(before));
        }
    }

    /// What the name beside a value says of it; takes note of names and values that may belong together.
    fn beside(&mut self, value: &Value, half: Option<Half>) -> Level {
        let text = &self.text[value.range.clone()];
        let Some(bracket) = self.open.last_mut() else {
            return Level::Open;
        };
        bracket.count += 1;
        if bracket.is_array {
            match bracket.count {
                1 if !value.is_bare => bracket.first = Some(value.range.clone()),
                2 => bracket.value = Some(value.clone()),
                _ => {}
            }
            return Level::Open;
        }
        if half != Some(Half::Value) {
            return Level::Open;
        }
        bracket.show_name(self.found);
        if bracket.named == Level::Open {
            bracket.value = Some(value.clone());
        }
        if couples::may_be_secret(text) {
            bracket.named
        } else {
            Level::Open
        }
    }

    /// Takes note of a name, which was hidden as the secret with this number; its value may have come before.
    fn name(&mut self, name: &Value, hidden: Option<usize>) {
        let text = &self.text[name.range.clone()];
        let Some(bracket) = self.open.last_mut() else {
            return;
        };
        bracket.named = couples::named(self.names, text);
        bracket.name = hidden.filter(|_| couples::is_plain_name(self.names, text));
        let Some(value) = bracket.value.take() else {
            return;
        };
        bracket.show_name(self.found);
        if let Some(what) = What::of(bracket.named)
            && couples::may_be_secret(&self.text[value.range.clone()])
        {
            self.hide(&value, what);
        }
    }

    fn hide(&mut self, value: &Value, what: What) {
        let range = value.range.clone();
        if range.is_empty() {
            return;
        }
        let secret = unescaped(&self.text[range.clone()], Escape::Backslash);
        let is_domain = names::looks_like_host(&secret) && matches!(what, What::Contact(_));
        if !is_domain {
            self.found.push(Found {
                is_bare: value.is_bare,
                ..Found::new(range, what, secret)
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

    fn level(&mut self) -> Level {
        self.due.take().unwrap_or_else(|| self.around())
    }

    fn around(&self) -> Level {
        self.open
            .last()
            .map_or(Level::Open, |bracket| bracket.level)
    }
}

impl Bracket {
    /// A name that was hidden because a secret may stand under its key: its value has come, so it is none.
    fn show_name(&mut self, found: &mut [Found]) {
        if let Some(name) = self.name.take().and_then(|at| found.get_mut(at)) {
            *name = Found::nothing();
        }
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
        found.retain(|found| !found.range.is_empty());
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
            // JSON, lines and forms in a string.
            (r#"{"x":"[\"pin\",\"1\"]"}"#, vec!["1"]),
            (r#"{"x":"a:\n  pin:\n    12\n"}"#, vec!["12"]),
            (
                r#"{"x":"{\"value\":\"p\\u0031\",\"name\":\"pin\"}"}"#,
                vec![r"p\\u0031", "pin"],
            ),
            (r#"{"x":"code=400 \"a\"","y":"\"code=4\""}"#, vec![]),
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
            (r#"{"x":"<a><pin>p2</pin></a>"}"#, vec!["p2"]),
        ] {
            assert_eq!(hidden(text, false), want, "{text}");
        }
    }

    #[test]
    fn values_are_found_by_the_names_beside_them() {
        for (text, want) in [
            (r#"[{"name":"password","value":"s 1"}]"#, vec!["s 1"]),
            (r#"{"value":"s1","name":"password"}"#, vec!["s1"]),
            (r#"{"name":"pin","type":"x","value":12}"#, vec!["12"]),
            (r#"{"value":12,"Name":"pin"}"#, vec!["12"]),
            (r#"{"key":"api_secret","value":"s1"}"#, vec!["s1"]),
            (r#"{"key":"domain","value":"a"}"#, vec![]),
            (r#"{"key":"xY12-token"}"#, vec!["xY12-token"]),
            (r#"{"field":"API secret:","content":"s1"}"#, vec!["s1"]),
            (
                r#"{"name":"token","values":["a",{"b":"c"}]}"#,
                vec!["a", "c"],
            ),
            (r#"{"values":["a"],"name":"token"}"#, vec![r#"["a"]"#]),
            (r#"{"name":"phone","value":"+86.1"}"#, vec!["+86.1"]),
            (
                r#"{"f":[{"name":"x","value":"y"},{"name":"epp","value":"z"}]}"#,
                vec!["z"],
            ),
            (r#"["password","s3cret"]"#, vec!["s3cret"]),
            (r#"[["a","b1"],["pin","12"],["pin",34]]"#, vec!["12", "34"]),
            (r#"["password","s3cret"#, vec!["s3cret"]),
            // Names in a list, records of a zone, answers to a form, sentences.
            (r#"["password","username"]"#, vec![]),
            (r#"["password","s3cret","email"]"#, vec![]),
            (r#"["password","must have 8 letters"]"#, vec![]),
            (r#"["password"]"#, vec![]),
            (r#"{"field":"password","message":"has no digit 1"}"#, vec![]),
            (r#"{"name":"pin","type":"A","value":"192.0.2.1"}"#, vec![]),
            (r#"{"name":"key.example.com","value":"v=1"}"#, vec![]),
            (r#"{"name":"token","value":true}"#, vec![]),
            (r#"{"value":"a b","name":"domain"}"#, vec![]),
            (r#"{"name":"Xiao","value":"a b"}"#, vec!["Xiao"]),
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
            (r#"{"value":"s1","na"#, vec!["na", "s1"]),
        ] {
            assert_eq!(hidden(text, true), want, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_no_problem() {
        let text = format!("{}\"token\":\"a\"", "[{".repeat(40_000));
        assert_eq!(hidden(&text, false), ["a"]);
    }

    #[test]
    fn what_is_sound_and_what_is_not_is_told() {
        for (text, cut, want) in [
            (r#" {"a":[1,{},[],"b",null,-2.5e3]} "#, false, true),
            (r#""a""#, false, true),
            (r#"{"a":1"#, true, true),
            (r#"{"a":"b"#, true, true),
            (r#"{"a"#, true, true),
            ("", true, true),
            ("", false, false),
            (r#"{"a":1"#, false, false),
            (r#"{"a":"b"#, false, false),
            (r#"{"a":1}{"b":2}"#, true, false),
            (r#"{"a" 1}"#, true, false),
            (r#"{"a":1,}"#, true, false),
            (r#"{"a":1]"#, true, false),
            (r#"{"a",1}"#, true, false),
            ("{a:1}", true, false),
            (r#"["a":1]"#, true, false),
            ("[1 2]", true, false),
            ("[1,//\n2]", true, false),
            ("[2026-11-24] password=q7", true, false),
            ("[error] no", true, false),
            ("]", true, false),
        ] {
            let have = json(&Names::default(), text.as_bytes(), cut, &mut Vec::new());
            assert_eq!(have, want, "{text}");
        }
    }

    proptest::proptest! {
        /// The plain search through text of any kind is left out where this one says that the text is sound.
        #[test]
        fn nothing_more_is_found_in_sound_json_by_its_text(
            parts in proptest::collection::vec(0..PARTS.len(), 0..16), cut in proptest::bool::ANY
        ) {
            let text: Vec<&str> = parts.into_iter().map(|part| PARTS[part]).collect();
            let text = text.concat();
            for text in [&text, &format!("{{\"a\":{text}"), &format!("[\"a\",{text}]")] {
                let (mut by_keys, mut by_text) = (Vec::new(), Vec::new());
                let is_sound = json(&Names::default(), text.as_bytes(), cut, &mut by_keys);
                loose::assignments(&Names::default(), text.as_bytes(), 0..text.len(), &mut by_text);
                let is_secret = |found: &&Found| matches!(found.what, What::Secret(_));
                for found in by_text.iter().filter(is_secret).filter(|_| is_sound) {
                    let mut bytes = found.range.clone();
                    let is_hidden = |at: usize| by_keys.iter().any(|have| have.range.contains(&at));
                    proptest::prop_assert!(bytes.all(is_hidden), "{:?} in {}", &text[found.range.clone()], text);
                }
            }
        }
    }

    const PARTS: [&str; 28] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ",",
        ":",
        "\"token\":",
        "\"token\":",
        "\"a\":",
        "\"a\":",
        "\"name\":",
        "\"value\":",
        "\"token\"",
        "\"ab1\"",
        "\"ab1\"",
        "12",
        "12",
        "true",
        "\"x=1 token=q7\"",
        "\"pin: 1\":",
        "\"\\\"token\\\":\\\"q7\\\"\"",
        "{\"token\":{\"a\":\"q7\"}}",
        "[{\"pin\":12}]",
        " ",
        "\"never ends",
        "\"=ab1\"",
        "{\"name\":\"pin\",\"value\":\"q7\"}",
    ];
}
