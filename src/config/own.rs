//! `[[redact.field]]` and `[[redact.pattern]]`: what the user wants masked besides what nicetap knows.
//!
//! Everything is checked when the file is read, each mistake with its place.
use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Error, Place, Source};
use super::value;

/// What the user wants masked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Own {
    /// Names whose values are secret.
    pub fields: Vec<Field>,
    /// What secrets look like.
    pub patterns: Vec<Pattern>,
}

impl Own {
    /// Whether there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.patterns.is_empty()
    }
}

/// A name whose values are secret, in queries, forms, JSON, XML, multipart bodies and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name; its case does not matter.
    pub name: String,
    /// The word in the mask.
    pub kind: String,
}

/// What a secret looks like, in any text.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The expression. It matches no empty text.
    pub regex: Regex,
    /// The group that is masked; 0: the whole match.
    pub group: usize,
    /// The word in the mask.
    pub kind: String,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        let of = |pattern: &Self| (pattern.regex.as_str().to_owned(), pattern.group);
        of(self) == of(other) && self.kind == other.kind
    }
}

/// Reads the table `redact`. `place` turns an offset in the file into a place.
pub(super) fn read(given: &Spanned<DeValue<'_>>, place: Placing<'_>) -> Result<Own, Error> {
    let mut own = Own::default();
    let DeValue::Table(table) = given.get_ref() else {
        return Err(wrong(place, TABLE, given.span(), TABLES, kind_of(given)));
    };
    for (key, entries) in table {
        let name = key.get_ref().as_ref();
        let Some(&name) = SUBTABLES.iter().find(|known| **known == name) else {
            return Err(Error::unknown_key_of(
                place(key.span().start),
                name,
                &SUBTABLES,
            ));
        };
        let DeValue::Array(entries) = entries.get_ref() else {
            return Err(wrong(
                place,
                TABLE,
                entries.span(),
                TABLES,
                kind_of(entries),
            ));
        };
        for entry in entries {
            let entry = Entry::of(entry, name, place)?;
            if name == "field" {
                own.fields.push(entry.field()?);
            } else {
                own.patterns.push(entry.pattern()?);
            }
        }
    }
    Ok(own)
}

type Placing<'a> = &'a dyn Fn(usize) -> Place;

/// One table of a list.
struct Entry<'a> {
    table: &'a DeTable<'a>,
    span: Range<usize>,
    place: Placing<'a>,
}

impl<'a> Entry<'a> {
    fn of(
        given: &'a Spanned<DeValue<'a>>,
        name: &'static str,
        place: Placing<'a>,
    ) -> Result<Self, Error> {
        let DeValue::Table(table) = given.get_ref() else {
            return Err(wrong(place, TABLE, given.span(), TABLES, kind_of(given)));
        };
        let known: &[&'static str] = if name == "field" { &FIELD } else { &PATTERN };
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                return Err(Error::unknown_key_of(place(key.span().start), name, known));
            }
        }
        let span = given.span();
        Ok(Self { table, span, place })
    }

    fn field(&self) -> Result<Field, Error> {
        let (name, span) = self.text("name")?;
        let sound = |c: char| !c.is_control() && !c.is_whitespace() && !"\"'=&<>".contains(c);
        if name.is_empty() || name.len() > MOST_OF_A_NAME || !name.chars().all(sound) {
            let expected = "the name of a field: up to 64 characters without blanks and quotes";
            return Err(self.wrong("redact.field.name", span, expected, value::shown(name)));
        }
        Ok(Field {
            name: name.to_owned(),
            kind: self.kind("redact.field.kind")?,
        })
    }

    fn pattern(&self) -> Result<Pattern, Error> {
        let (text, span) = self.text("regex")?;
        let key = "redact.pattern.regex";
        let built = RegexBuilder::new(text).size_limit(MOST_OF_A_REGEX).build();
        let regex = built.map_err(|error| {
            let told = error.to_string();
            let last = told.lines().last().unwrap_or_default().trim();
            let last = last.strip_prefix("error: ").unwrap_or(last);
            let expected = format!("a regular expression ({last})");
            self.wrong(key, span.clone(), expected, value::shown(text))
        })?;
        let is_empty = |probe: &&[u8]| regex.find_iter(probe).any(|found| found.is_empty());
        if EMPTY_PROBES.iter().any(is_empty) {
            let expected = "an expression that does not match the empty string";
            return Err(self.wrong(key, span, expected, value::shown(text)));
        }
        Ok(Pattern {
            group: self.group(&regex)?,
            kind: self.kind("redact.pattern.kind")?,
            regex,
        })
    }

    /// The group to mask: the first one, where none is named.
    fn group(&self, regex: &Regex) -> Result<usize, Error> {
        let groups = regex.captures_len() - 1;
        let Some(given) = self.table.get("group") else {
            return Ok(groups.min(1));
        };
        let number = match given.get_ref() {
            DeValue::Integer(number) => number.as_str().parse::<usize>().ok(),
            _ => None,
        };
        number.filter(|number| *number <= groups).ok_or_else(|| {
            let expected = match groups {
                0 => "0, since the expression has no group".to_owned(),
                _ => format!("a number of a group, 0 to {groups}"),
            };
            let seen = kind_of(given);
            self.wrong("redact.pattern.group", given.span(), expected, seen)
        })
    }

    fn kind(&self, key: &'static str) -> Result<String, Error> {
        if !self.table.contains_key("kind") {
            return Ok(OWN_KIND.to_owned());
        }
        let (kind, span) = self.text("kind")?;
        let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if kind.is_empty() || kind.len() > MOST_OF_A_KIND || !kind.chars().all(sound) {
            let expected = "a word of at most 24 characters from a-z, 0-9 and _";
            return Err(self.wrong(key, span, expected, value::shown(kind)));
        }
        Ok(kind.to_owned())
    }

    fn text(&self, key: &'static str) -> Result<(&'a str, Range<usize>), Error> {
        let Some(given) = self.table.get(key) else {
            let (table, expected) = match key {
                "regex" => ("redact.pattern", "a `regex`"),
                _ => ("redact.field", "a `name`"),
            };
            return Err(self.wrong(table, self.span.clone(), expected, "none"));
        };
        match given.get_ref() {
            DeValue::String(text) => Ok((text, given.span())),
            _ => Err(self.wrong(TABLE, given.span(), "a string", kind_of(given))),
        }
    }

    fn wrong(
        &self,
        key: &'static str,
        span: Range<usize>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Error {
        wrong(self.place, key, span, expected, seen)
    }
}

fn wrong(
    place: Placing<'_>,
    key: &'static str,
    span: Range<usize>,
    expected: impl Into<String>,
    seen: impl Into<String>,
) -> Error {
    Error::Value {
        given: Source::File(place(span.start), key),
        expected: expected.into(),
        seen: seen.into(),
    }
}

fn kind_of(given: &Spanned<DeValue<'_>>) -> &'static str {
    match given.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "another number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The key of the table.
pub(super) const TABLE: &str = "redact";
const TABLES: &str = "the tables [[redact.field]] and [[redact.pattern]]";
const SUBTABLES: [&str; 2] = ["field", "pattern"];
const FIELD: [&str; 2] = ["name", "kind"];
const PATTERN: [&str; 3] = ["regex", "group", "kind"];
const OWN_KIND: &str = "own";
const MOST_OF_A_NAME: usize = 64;
const MOST_OF_A_KIND: usize = 24;
const MOST_OF_A_REGEX: usize = 1 << 20;
/// Texts in which an expression that can match nothing would match nothing somewhere.
const EMPTY_PROBES: [&[u8]; 3] = [b"", b"a 0-Z_\n\xc3\xbc.", b"\n"];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Layer;

    fn read(text: &str) -> Result<super::Own, String> {
        Layer::from_toml(text, Path::new("/n.toml"))
            .map(|layer| layer.own.unwrap_or_default())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn fields_and_patterns_are_read() {
        let own = read(
            "log_keep = 3\n[[redact.field]]\nname = \"licence_no\"\n[[redact.pattern]]\nregex = 'LIC-([0-9]{4})'\n\
             kind = \"licence\"\n[[redact.pattern]]\nregex = '(a)(b)c'\ngroup = 2\n",
        )
        .unwrap();
        assert_eq!(
            (own.fields[0].name.as_str(), own.fields[0].kind.as_str()),
            ("licence_no", "own")
        );
        assert_eq!(
            (own.patterns[0].group, own.patterns[0].kind.as_str()),
            (1, "licence")
        );
        assert_eq!(own.patterns[1].group, 2);
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, told) in [
            (
                "redact = 1",
                "/n.toml:1:10: redact: expected the tables [[redact.field]] and [[redact.pattern]], seen another number",
            ),
            ("[redact]\nfields = []", "/n.toml:2:1: unknown key `fields`"),
            (
                "[redact]\nfield = 1",
                "/n.toml:2:9: redact: expected the tables [[redact.field]] and [[redact.pattern]], seen another number",
            ),
            (
                "[[redact.field]]\nnmae = \"a\"",
                "/n.toml:2:1: unknown key `nmae`",
            ),
            (
                "[[redact.field]]\nkind = \"a\"",
                "/n.toml:1:1: redact.field: expected a `name`, seen none",
            ),
            (
                "[[redact.field]]\nname = 3",
                "/n.toml:2:8: redact: expected a string, seen another number",
            ),
            (
                "[[redact.field]]\nname = \"a b\"",
                "/n.toml:2:8: redact.field.name: expected the name of a field: up to 64 characters without blanks and quotes, seen `a b`",
            ),
            (
                "[[redact.field]]\nname = \"a\"\nkind = \"A!\"",
                "/n.toml:3:8: redact.field.kind: expected a word of at most 24 characters from a-z, 0-9 and _, seen `A!`",
            ),
            (
                "[[redact.pattern]]\nregex = '(a'",
                "/n.toml:2:9: redact.pattern.regex: expected a regular expression (unclosed group), seen `(a`",
            ),
            (
                "[[redact.pattern]]\nregex = 'x*'",
                "/n.toml:2:9: redact.pattern.regex: expected an expression that does not match the empty string, seen `x*`",
            ),
            (
                "[[redact.pattern]]\nregex = '\\b'",
                "/n.toml:2:9: redact.pattern.regex: expected an expression that does not match the empty string, seen `\\\\b`",
            ),
            (
                "[[redact.pattern]]\nregex = 'xy'\ngroup = 1",
                "/n.toml:3:9: redact.pattern.group: expected 0, since the expression has no group, seen another number",
            ),
            (
                "[[redact.pattern]]\nregex = '(x)y'\ngroup = 2",
                "/n.toml:3:9: redact.pattern.group: expected a number of a group, 0 to 1, seen another number",
            ),
            (
                "[[redact.pattern]]\nkind = 'x'",
                "/n.toml:1:1: redact.pattern: expected a `regex`, seen none",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), told, "{text}");
        }
    }
}
