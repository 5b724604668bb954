//! Expressions that choose records: `action=register and not (verdict=ok or status>=500)`.
//!
//! ```text
//! expression = both { "or" both }
//! both       = one { "and" one }
//! one        = "not" one | "(" expression ")" | key operator value
//! operator   = "=" | "!=" | "~" (holds) | "!~" | "<" | "<=" | ">" | ">="
//! value      = word without spaces and brackets | "text in quotes"
//! ```
//! Text is compared without regard to case. Where a record has several values, such as codes, one is enough; `!=`
//! and `!~` want that none is. A key that a kind of record does not have makes the comparison false, with `!=` too:
//! `verdict!=ok` chooses no tunnel.
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::record::{Leaf, Record};

use super::escape;
use super::text::width;
use keys::{KEYS, Name, Value, View};
use parse::Parser;

mod keys;
mod parse;

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Only(Node);

impl Only {
    /// Whether the record is chosen.
    pub fn matches<T: Leaf>(&self, record: &Record<T>) -> bool {
        self.0.matches(&View::of(record))
    }
}

impl FromStr for Only {
    type Err = OnlyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Parser::parse(text).map(Self)
    }
}

/// The keys, each with what it stands for: for help texts.
pub fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYS.iter().map(|key| (key.name, key.doc))
}

/// What is wrong with an expression. `Display` shows the place with carets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlyError {
    /// The expression.
    pub text: String,
    /// The bytes of it that are wrong.
    pub place: Range<usize>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for OnlyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = width(&escape(&self.text[..self.place.start]));
        let marked = width(&escape(&self.text[self.place.clone()])).max(1);
        writeln!(f, "{}", escape(&self.message))?;
        writeln!(f, "  {}", escape(&self.text))?;
        write!(f, "  {:before$}{}", "", "^".repeat(marked))
    }
}

impl std::error::Error for OnlyError {}

#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test(Test),
}

#[derive(Clone, Debug)]
struct Test {
    name: Name,
    operator: Operator,
    /// Lower case.
    text: String,
    number: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    Holds,
    HoldsNot,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Operator {
    /// Whether it looks for a part of a text.
    const fn is_textual(self) -> bool {
        matches!(self, Self::Holds | Self::HoldsNot)
    }

    const fn is_ordered(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }
}

impl Node {
    fn matches<T: Leaf>(&self, view: &View<'_, T>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(view)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(view)),
            Self::Not(node) => !node.matches(view),
            Self::Test(test) => test.matches(view),
        }
    }
}

impl Test {
    fn matches<T: Leaf>(&self, view: &View<'_, T>) -> bool {
        let Some(values) = view.values(self.name) else {
            return false;
        };
        let any = |holds: &dyn Fn(&Value<'_>) -> bool| values.iter().any(holds);
        let compared = |holds: fn(f64, f64) -> bool| {
            any(
                &|value| matches!((value, self.number), (Value::Number(have), Some(want)) if holds(*have, want)),
            )
        };
        match self.operator {
            Operator::Is => any(&|value| self.is(value)),
            Operator::IsNot => !any(&|value| self.is(value)),
            Operator::Holds => any(&|value| self.is_held_by(value)),
            Operator::HoldsNot => !any(&|value| self.is_held_by(value)),
            Operator::Less => compared(|have, want| have < want),
            Operator::AtMost => compared(|have, want| have <= want),
            Operator::More => compared(|have, want| have > want),
            Operator::AtLeast => compared(|have, want| have >= want),
        }
    }

    fn is(&self, value: &Value<'_>) -> bool {
        match (value, self.number) {
            (Value::Text(text), _) => text.to_lowercase() == self.text,
            (Value::Number(have), Some(want)) => (have - want).abs() < f64::EPSILON,
            (Value::Number(_), None) => false,
        }
    }

    fn is_held_by(&self, value: &Value<'_>) -> bool {
        match value {
            Value::Text(text) => text.to_lowercase().contains(&self.text),
            Value::Number(number) => number.to_string().contains(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::keys::{Kind, host_of};
    use super::*;
    use crate::record::{Environment, Event, Risk, Severity, Stage, Verdict, Via};

    fn error(text: &str) -> String {
        text.parse::<Only>().unwrap_err().to_string()
    }

    #[test]
    fn errors_show_the_place_and_a_way_out() {
        assert_eq!(
            error("id=1 and acton=register"),
            "no key `acton`: did you mean `action`?\n  id=1 and acton=register\n           ^^^^^"
        );
        assert_eq!(
            error("env=prod"),
            "`env` is never `prod`: did you mean `production`?\n  env=prod\n      ^^^^"
        );
        assert_eq!(error("(id=1"), "this bracket is not closed\n  (id=1\n  ^");
        for (text, want) in [
            ("", "want a comparison"),
            ("id=1)", "closes nothing"),
            ("id=1 id=2", "want `and` or `or`"),
            ("action", "want one of ="),
            ("action=", "want a value"),
            ("action>1", "is text"),
            ("status=abc", "wants a number"),
            ("code>N102", "only numbers"),
            ("msg=\"open", "quote is not closed"),
            ("not", "want a comparison"),
            ("verdict=zzz", "want one of ok, pending"),
            ("a\u{202e}=1", "want one of ="),
        ] {
            assert!(
                error(text).contains(want) || error(text).contains("no key"),
                "{text}: {}",
                error(text)
            );
            assert!(!error(text).contains('\u{202e}'));
        }
        let deep = "(".repeat(100_000);
        assert!(error(&deep).starts_with("too many brackets"));
    }

    #[test]
    fn the_words_are_those_of_the_log() {
        fn all_parse<T: serde::de::DeserializeOwned>(name: &str) {
            let key = KEYS.iter().find(|key| key.name == name).unwrap();
            let Kind::OneOf(words) = key.kind else {
                panic!("{name}");
            };
            for word in words {
                let json = format!("\"{word}\"");
                assert!(serde_json::from_str::<T>(&json).is_ok(), "{name}={word}");
            }
        }
        all_parse::<Environment>("env");
        all_parse::<Event>("event");
        all_parse::<Risk>("risk");
        all_parse::<Severity>("severity");
        all_parse::<Stage>("stage");
        all_parse::<Verdict>("verdict");
        all_parse::<Via>("via");
        all_parse::<crate::record::AnswerBy>("by");
    }

    #[test]
    fn keys_are_sorted_and_lower_case() {
        let names: Vec<_> = keys().map(|(name, _)| name).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert!(
            names
                .iter()
                .all(|name| name.chars().all(|it| it.is_ascii_lowercase()))
        );
    }

    #[test]
    fn a_host_is_read_out_of_a_url() {
        for (url, want) in [
            ("https://api.nicenic.net/v2/?a=b", Some("api.nicenic.net")),
            ("https://u@host:8443", Some("host")),
            ("http://[::1]:80/", Some("::1")),
            ("/v2/", None),
        ] {
            assert_eq!(host_of(url), want);
        }
    }
}
