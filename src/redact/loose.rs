//! Finds what must not be shown in text of no known form: `name=value`, `"name":"value"`, `name: |`.
use std::ops::Range;

use super::assigned::Values;
use super::couples::{Couple, Half};
use super::find::{Found, What};
use super::mark;
use super::names::{Level, Names, Place};

/// Looks for `name=value`, `name => value` and `"name":"value"`, also inside a string of JSON or PHP; and for a name and
/// its value one behind the other, as in `name: password, value: …`.
///
/// Nothing long is read twice, so that the time is linear.
pub(super) fn assignments(names: &Names, text: &[u8], part: Range<usize>, found: &mut Vec<Found>) {
    let mut values = Values::new(text, part.clone());
    let mut couple = Couple::NONE;
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
        let half = half(name, values.is_arrow(sign));
        let own = What::of(level(names, name));
        let number = found.len();
        if (own.is_some() || couple.waits_for(half))
            && let Some(value) = values.after(sign)
            && let Some(what) = own.or_else(|| couple.what(half, &text[value.range.clone()]))
        {
            from = value.range.end;
            let secret = value.meaning(text);
            found.push(Found::new(value.range, what, secret));
        }
        let hidden = (found.len() > number).then_some(number);
        couple.pass(half, found);
        if half == Some(Half::Name) {
            let is_list = name.ends_with(b"0]") || name == b"0";
            couple = Couple::begun(names, values.word(sign), is_list, hidden);
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

/// Which half of a couple the value of this name is; `0 => 'password', 1 => '…'` is one, too.
fn half(name: &[u8], is_arrow: bool) -> Option<Half> {
    let index = name
        .strip_prefix(b"[")
        .and_then(|name| name.strip_suffix(b"]"));
    match index.unwrap_or(name) {
        b"0" if is_arrow => Some(Half::Name),
        b"1" if is_arrow => Some(Half::Value),
        _ => Half::of(name),
    }
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
                "password: |\n  line 1\n  line 2\nx: y",
                vec!["line 1\n  line 2"],
            ),
            ("password:password:pin: a1", vec!["a1"]),
            ("token=[1, token: [2, token: 3", vec!["[1", "3"]),
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
    fn values_are_found_by_the_names_beside_them() {
        for (text, want) in [
            ("{'name': 'password', 'value': 's 1'}", vec!["s 1"]),
            ("- name: DB_PASSWORD\n  value: s3cret\n", vec!["s3cret"]),
            ("{name: \"pin\", type: 'x', value: 12}", vec!["12"]),
            ("[name] => password\n[value] => s 1\n", vec!["s 1"]),
            ("  0 => 'password',\n  1 => 's3cret',", vec!["s3cret"]),
            ("[0] => token\n [1] => s3cret\n", vec!["s3cret"]),
            ("key=api_secret&value=s1", vec!["s1"]),
            (
                "s:4:\"name\";s:5:\"token\";s:5:\"value\";s:2:\"s1\";",
                vec!["value", "s1"],
            ),
            // Fields, zones, lists of names, and a name that is far away.
            ("name: domain\nvalue: s3cret", vec![]),
            ("name: pin\nvalue: 192.0.2.1", vec![]),
            ("[0] => token\n[1] => password", vec![]),
            ("field: password, message: 8 letters", vec![]),
            ("name: pin a=b a=b a=b a=b value=s1", vec![]),
        ] {
            let mut have = Vec::new();
            assignments(&Names::default(), text.as_bytes(), 0..text.len(), &mut have);
            have.retain(|found| !found.range.is_empty() && !matches!(found.what, What::Contact(_)));
            let have: Vec<_> = have.into_iter().map(|found| &text[found.range]).collect();
            assert_eq!(have, want, "{text}");
        }
    }
}
