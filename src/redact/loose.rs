//! Finds what must not be shown in text of no known form: `name=value`, `"name":"value"`, `<name>value</name>`,
//! and in multipart bodies.
use std::ops::Range;

use memchr::memmem;

use super::find::{Found, What, unescaped};
use super::mark;
use super::names::{Level, Names, Place};
use super::views::Escape;

/// Looks for `name=value`, `name => value` and `"name":"value"`, also inside a string of JSON or PHP.
pub(super) fn assignments(names: &Names, text: &[u8], part: Range<usize>, found: &mut Vec<Found>) {
    let mut from = part.start;
    while let Some(at) = memchr::memchr2(b'=', b':', &text[from..part.end]) {
        let sign = from + at;
        from = sign + 1;
        // The colon of a mark, in text that was masked before.
        let mark = sign
            .checked_sub("‹secret".len())
            .filter(|start| *start >= part.start);
        if let Some(length) = mark.and_then(|start| mark::at_start(&text[start..part.end])) {
            from = sign - "‹secret".len() + length;
            continue;
        }
        let before = &text[part.start..sign];
        let name = name_before(serialized(before).unwrap_or(before));
        let Some(what) = What::of(level(names, name)) else {
            continue;
        };
        let Some(value) = value_after(text, sign, part.end) else {
            continue;
        };
        from = value.end;
        let decoded = unescaped(&text[value.clone()], Escape::Backslash);
        found.push(Found::new(value, what, decoded));
    }
}

/// Looks for `<name>value</name>`, `<param name="name">value</param>` and `<input name="name" value="value">`.
pub(super) fn elements(names: &Names, text: &[u8], found: &mut Vec<Found>) {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'<', &text[from..]) {
        let start = from + at + 1;
        from = start;
        let name = text[start..]
            .iter()
            .take(64)
            .position(|byte| b" \t\r\n/>".contains(byte))
            .map_or(&[][..], |length| &text[start..start + length]);
        let Some(tag) = memchr::memchr(b'>', &text[start..]) else {
            return;
        };
        let inside = start + name.len()..start + tag;
        let by_attribute =
            attribute(text, &inside, b"name").and_then(|name| What::of(level(names, &text[name])));
        if let Some(what) = by_attribute {
            let values = [&b"value"[..], b"content"].into_iter();
            for value in values.filter_map(|key| attribute(text, &inside, key)) {
                let decoded = unescaped(&text[value.clone()], Escape::Entity);
                found.push(Found::new(value, what, decoded));
            }
        }
        let Some(what) = What::of(level(names, name)).or(by_attribute) else {
            continue;
        };
        if text[start + tag - 1] == b'/' {
            continue;
        }
        let value = content(text, start + tag + 1);
        from = value.end;
        if !value.is_empty() {
            let decoded = unescaped(&text[value.clone()], Escape::Entity);
            found.push(Found::new(value, what, decoded));
        }
    }
}

/// The value of an attribute in a tag, if it has one that is not empty.
fn attribute(text: &[u8], tag: &Range<usize>, key: &[u8]) -> Option<Range<usize>> {
    let inside = &text[tag.clone()];
    let mut keys = memmem::find_iter(inside, key);
    keys.find_map(|at| {
        let is_whole = at > 0 && inside[at - 1].is_ascii_whitespace();
        let rest = inside[at + key.len()..].trim_ascii_start();
        let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
        let (value, end) = match rest.first()? {
            quote @ (b'"' | b'\'') => (&rest[1..], memchr::memchr(*quote, &rest[1..])),
            _ => (rest, rest.iter().position(u8::is_ascii_whitespace)),
        };
        let start = tag.end - value.len();
        let end = start + end.unwrap_or(value.len());
        (is_whole && start < end).then_some(start..end)
    })
}

/// Looks through the parts of a multipart body.
pub(super) fn parts(names: &Names, text: &[u8], found: &mut Vec<Found>) {
    for at in memmem::find_iter(text, b"name=") {
        // `filename=` is no name of a part.
        if at > 0 && text[at - 1].is_ascii_alphanumeric() {
            continue;
        }
        let rest = &text[at + 5..];
        let line = memchr::memchr(b'\n', rest).map_or(rest, |end| &rest[..end]);
        let name = match line.strip_prefix(b"\"") {
            Some(quoted) => quoted.split(|&byte| byte == b'"').next(),
            None => line.split(|byte| b"; \r".contains(byte)).next(),
        };
        let Some(what) = What::of(level(names, name.unwrap_or_default())) else {
            continue;
        };
        let blank = memmem::find(rest, b"\r\n\r\n")
            .map(|at| at + 4)
            .into_iter()
            .chain(memmem::find(rest, b"\n\n").map(|at| at + 2))
            .min();
        let Some(blank) = blank else { continue };
        let start = at + 5 + blank;
        let end = memmem::find(&text[start..], b"\n--").map_or(text.len(), |at| start + at);
        let end = start + text[start..end].trim_ascii_end().len();
        if start < end {
            found.push(Found::new(start..end, what, text[start..end].to_vec()));
        }
    }
}

fn level(names: &Names, name: &[u8]) -> Level {
    match std::str::from_utf8(name) {
        Ok(name) if !name.is_empty() => names.level(name, Place::Member),
        _ => Level::Open,
    }
}

/// What stands before `;s:20`, the length of a value in what PHP's `serialize` writes.
fn serialized(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let text = &text[..text.len() - digits.count()];
    text.strip_suffix(b"\";s:")
}

/// The name that ends where this text ends, without quotes and blanks; `["name"]` too.
fn name_before(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_end();
    let text = match text {
        [inner @ .., b'"' | b'\'', b']'] => inner,
        _ => text,
    };
    let end = text
        .iter()
        .rposition(|byte| !b"\"'\\".contains(byte))
        .map_or(0, |last| last + 1);
    let text = &text[end.saturating_sub(64)..end];
    let start = text
        .iter()
        .rposition(|byte| !byte.is_ascii_alphanumeric() && !b"_-.[]".contains(byte))
        .map_or(0, |before| before + 1);
    &text[start..]
}

/// The value after a sign; `None` if there is none, or it is plainly no secret.
fn value_after(text: &[u8], sign: usize, end: usize) -> Option<Range<usize>> {
    let is_arrow = text[sign] == b'=' && text.get(sign + 1) == Some(&b'>');
    let after = &text[sign + 1 + usize::from(is_arrow)..end];
    let value = after.trim_ascii_start();
    let value = typed(value).unwrap_or(value);
    let start = end - value.len();
    let slashes = value.iter().take_while(|&&byte| byte == b'\\').count();
    if let Some(quote @ (b'"' | b'\'')) = value.get(slashes).copied() {
        let inside = start + slashes + 1;
        let length = quoted(&text[inside..end], slashes, quote);
        return (length > 0).then_some(inside..inside + length);
    }
    // A name and a value do not stand on two lines, unless quotes say so.
    if after[..after.len() - value.len()].contains(&b'\n') {
        return None;
    }
    let stops: &[u8] = if is_arrow {
        b"\r\n"
    } else {
        b" \t\r\n&,;<>\"'`)}|\\"
    };
    // A `<` in a mark ends nothing.
    let mark = mark::at_start(value).unwrap_or(0);
    let rest = &value[mark..];
    let length = rest.iter().position(|byte| stops.contains(byte));
    let length = mark + length.unwrap_or(rest.len());
    if length == mark && mark > 0 {
        return None;
    }
    let word = &value[..length];
    let is_plain = matches!(word, b"" | b"true" | b"false" | b"null");
    // In prose, `password: must be …` is no secret.
    let is_word = |word: &[u8]| !word.starts_with(b"[") && word.iter().any(u8::is_ascii_digit);
    let is_prose = text[sign] == b':' && !is_word(word);
    (!is_plain && !is_prose).then_some(start..start + length)
}

/// What follows `string(20) `, as PHP's `var_dump` writes it.
fn typed(value: &[u8]) -> Option<&[u8]> {
    let rest = value.strip_prefix(b"string(")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest[digits..].strip_prefix(b") ")
}

/// How long a quoted text is whose quotes have so many backslashes before them.
fn quoted(text: &[u8], slashes: usize, quote: u8) -> usize {
    let mut run = 0;
    for (at, &byte) in text.iter().enumerate() {
        if byte == quote && (run == slashes || (slashes == 0 && run % 2 == 0)) {
            return at - slashes;
        }
        run = if byte == b'\\' { run + 1 } else { 0 };
    }
    text.len()
}

fn content(text: &[u8], start: usize) -> Range<usize> {
    const DATA: &[u8] = b"<![CDATA[";
    let rest = &text[start..];
    if rest.starts_with(DATA) {
        let start = start + DATA.len();
        let end = memmem::find(&text[start..], b"]]>").map_or(text.len(), |at| start + at);
        return start..end;
    }
    start..memmem::find(rest, b"</").map_or(text.len(), |at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts_of(text: &str, find: impl Fn(&[u8], &mut Vec<Found>)) -> Vec<&str> {
        let mut found = Vec::new();
        find(text.as_bytes(), &mut found);
        found.into_iter().map(|found| &text[found.range]).collect()
    }

    #[test]
    fn assignments_are_found_as_languages_write_them() {
        for (text, want) in [
            ("x=1; password=hunter2; y=2", vec!["hunter2"]),
            ("password = 'hun\\'ter 2', b", vec!["hun\\'ter 2"]),
            (r#"{\"token\": \"a b\", \"x\":1}"#, vec!["a b"]),
            (r#"{\\\"token\\\":\\\"ab\\\"}"#, vec!["ab"]),
            ("[password] => my pass word\n[x] => 1", vec!["my pass word"]),
            ("'token' => 'abc',", vec!["abc"]),
            ("password: must be longer", vec![]),
            ("password: hunter2", vec!["hunter2"]),
            ("token=true token= \n x", vec![]),
            ("if (a == b) { c := d }", vec![]),
            ("token=\"never ends", vec!["never ends"]),
            ("[\"token\"]=>\n  string(3) \"abc\"\n", vec!["abc"]),
            ("$a['token'] = 'abc';", vec!["abc"]),
            ("a:1:{s:5:\"token\";s:3:\"abc\";}", vec!["abc"]),
            ("{\\\"a\\\":\\\"s:5:\"token\";s:3:\"abc\";", vec!["abc"]),
            ("a:1:{s:6:\"domain\";s:3:\"abc\";}", vec![]),
            ("=:=:", vec![]),
            (
                "Basic ‹secret:authorization#me1mcw·36›; ‹secret:cookie·empty›",
                vec![],
            ),
            (
                "secret: ‹secret:api_secret#me1mcw·<8›, token=‹secret:cookie#me1mcw·36›",
                vec![],
            ),
            (
                "token=‹secret:cookie#me1mcw·<8›x1",
                vec!["‹secret:cookie#me1mcw·<8›x1"],
            ),
            ("‹secret:hunter2›", vec!["hunter2›"]),
            ("‹secret:hunter2#me1mcw·36›", vec!["hunter2#me1mcw·36›"]),
        ] {
            let have = parts_of(text, |bytes, found| {
                assignments(&Names::default(), bytes, 0..bytes.len(), found);
            });
            assert_eq!(have, want, "{text}");
        }
    }

    #[test]
    fn elements_are_found_by_their_names() {
        for (text, want) in [
            ("<a><password>x&amp;y</password></a>", vec!["x&amp;y"]),
            ("<ns:token type='a'>t</ns:token>", vec!["t"]),
            ("<pw><![CDATA[a<b]]></pw>", vec!["a<b"]),
            ("<token/><token></token><x>y</x>", vec![]),
            (
                "<input type=hidden name=\"token\" value=\"v1\">",
                vec!["v1"],
            ),
            ("<input value='v2' name='token' />", vec!["v2"]),
            ("<meta name=csrf-token content=v3>", vec!["v3"]),
            ("<param name=\"authcode\">v4</param>", vec!["v4"]),
            ("<input name=\"domain\" value=\"a.example\">", vec![]),
            ("<token>never ends", vec!["never ends"]),
            ("<token", vec![]),
            ("1 < 2", vec![]),
        ] {
            assert_eq!(
                parts_of(text, |text, found| elements(&Names::default(), text, found)),
                want,
                "{text}"
            );
        }
    }

    #[test]
    fn parts_are_found_by_their_names() {
        let text = "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--b\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"token\"\r\n\r\nshown\r\n--b--\r\n";
        assert_eq!(
            parts_of(text, |text, found| parts(&Names::default(), text, found)),
            ["hunter2"]
        );
    }
}
