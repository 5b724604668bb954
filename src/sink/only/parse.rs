//! Reading an expression.
use std::ops::Range;

use super::keys::{KEYS, Key, Kind};
use super::{Node, OnlyError, Operator, Test};

/// Reads an expression from left to right.
pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Reads the whole text.
    pub(super) fn parse(text: &'a str) -> Result<Node, OnlyError> {
        let mut parser = Self {
            text,
            at: 0,
            depth: 0,
        };
        let node = parser.either()?;
        parser.skip_spaces();
        if parser.at == text.len() {
            return Ok(node);
        }
        let message = if parser.rest().starts_with(')') {
            "this bracket closes nothing"
        } else {
            "want `and` or `or` between two comparisons"
        };
        Err(parser.error(parser.at..parser.word_end(), message.into()))
    }

    fn either(&mut self) -> Result<Node, OnlyError> {
        let mut nodes = vec![self.both()?];
        while self.take_keyword("or") {
            nodes.push(self.both()?);
        }
        Ok(single(nodes, Node::Any))
    }

    fn both(&mut self) -> Result<Node, OnlyError> {
        let mut nodes = vec![self.one()?];
        while self.take_keyword("and") {
            nodes.push(self.one()?);
        }
        Ok(single(nodes, Node::All))
    }

    fn one(&mut self) -> Result<Node, OnlyError> {
        self.skip_spaces();
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = "too many brackets and `not`s inside each other".into();
            return Err(self.error(self.at..self.at, message));
        }
        let node = if self.take_keyword("not") {
            Node::Not(Box::new(self.one()?))
        } else if self.rest().starts_with('(') {
            self.bracket()?
        } else {
            Node::Test(self.test()?)
        };
        self.depth -= 1;
        Ok(node)
    }

    fn bracket(&mut self) -> Result<Node, OnlyError> {
        let open = self.at;
        self.at += 1;
        let node = self.either()?;
        self.skip_spaces();
        if !self.rest().starts_with(')') {
            return Err(self.error(open..open + 1, "this bracket is not closed".into()));
        }
        self.at += 1;
        Ok(node)
    }

    fn test(&mut self) -> Result<Test, OnlyError> {
        let key = self.key()?;
        self.skip_spaces();
        let operator = self.operator(key)?;
        self.skip_spaces();
        let start = self.at;
        let text = self.value()?;
        let number = text.parse::<f64>().ok().filter(|it| it.is_finite());
        let place = start..self.at;
        if key.kind == Kind::Number && !operator.is_textual() && number.is_none() {
            return Err(self.error(place, format!("`{}` wants a number", key.name)));
        }
        let is_ordered =
            !operator.is_textual() && !matches!(operator, Operator::Is | Operator::IsNot);
        if is_ordered && number.is_none() {
            return Err(self.error(place, "only numbers are less or more".into()));
        }
        if let Kind::OneOf(words) = key.kind
            && !operator.is_textual()
            && !words.iter().any(|word| word.eq_ignore_ascii_case(&text))
        {
            let hint = did_you_mean(&text, words.iter().copied())
                .unwrap_or_else(|| format!("want one of {}", words.join(", ")));
            return Err(self.error(place, format!("`{}` is never `{text}`: {hint}", key.name)));
        }
        Ok(Test {
            name: key.id,
            operator,
            text: text.to_lowercase(),
            number,
        })
    }

    fn key(&mut self) -> Result<&'static Key, OnlyError> {
        let start = self.at;
        let is_letter = |char: char| char.is_alphanumeric() || char == '_';
        let length = self.rest().find(|char| !is_letter(char));
        self.at += length.unwrap_or(self.rest().len());
        let name = &self.text[start..self.at];
        if name.is_empty() {
            let message = "want a comparison such as `action=register`".into();
            return Err(self.error(start..self.word_end(), message));
        }
        let known = KEYS.iter().find(|key| {
            let mut names = std::iter::once(&key.name).chain(key.aliases);
            names.any(|known| known.eq_ignore_ascii_case(name))
        });
        known.ok_or_else(|| {
            let names = KEYS.iter().map(|key| key.name);
            let hint = did_you_mean(name, names.clone()).unwrap_or_else(|| {
                format!("the keys are {}", names.collect::<Vec<_>>().join(", "))
            });
            self.error(
                start..start + name.len(),
                format!("no key `{name}`: {hint}"),
            )
        })
    }

    fn operator(&mut self, key: &Key) -> Result<Operator, OnlyError> {
        let known = OPERATORS
            .iter()
            .find(|(sign, _)| self.rest().starts_with(sign));
        let Some((sign, operator)) = known else {
            let message = format!("want one of = != ~ !~ < <= > >= after `{}`", key.name);
            return Err(self.error(self.at..self.word_end(), message));
        };
        if matches!(key.kind, Kind::Text | Kind::OneOf(_)) && operator.is_ordered() {
            let message = format!("`{}` is text: it can be = != ~ or !~", key.name);
            return Err(self.error(self.at..self.at + sign.len(), message));
        }
        self.at += sign.len();
        Ok(*operator)
    }

    fn value(&mut self) -> Result<String, OnlyError> {
        let start = self.at;
        if !self.rest().starts_with('"') {
            let length = self
                .rest()
                .find(|char: char| char.is_whitespace() || matches!(char, '(' | ')'));
            self.at += length.unwrap_or(self.rest().len());
            if self.at == start {
                let message = "want a value here; an empty one is written \"\"".into();
                return Err(self.error(start..start, message));
            }
            return Ok(self.text[start..self.at].to_owned());
        }
        let mut value = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => {
                    self.at += at + 1;
                    return Ok(value);
                }
                '\\' => value.extend(chars.next().map(|(_, char)| char)),
                _ => value.push(char),
            }
        }
        Err(self.error(start..start + 1, "this quote is not closed".into()))
    }

    /// Takes the word if it is next, and not the beginning of a longer one or a key.
    fn take_keyword(&mut self, keyword: &str) -> bool {
        self.skip_spaces();
        let Some((next, after)) = self.rest().split_at_checked(keyword.len()) else {
            return false;
        };
        let ends = after
            .chars()
            .next()
            .is_none_or(|char| char.is_whitespace() || matches!(char, '(' | ')'));
        let is_next = next.eq_ignore_ascii_case(keyword) && ends;
        if is_next {
            self.at += keyword.len();
        }
        is_next
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Where the word ends that begins here; at least one character on, if there is one.
    fn word_end(&self) -> usize {
        let rest = self.rest();
        let mut chars = rest.char_indices().skip(1);
        let end = chars.find(|(_, char)| char.is_whitespace());
        self.at + end.map_or(rest.len(), |(at, _)| at)
    }

    fn error(&self, place: Range<usize>, message: String) -> OnlyError {
        OnlyError {
            text: self.text.to_owned(),
            place,
            message,
        }
    }
}

fn single(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(node) if nodes.is_empty() => node,
        last => {
            nodes.extend(last);
            many(nodes)
        }
    }
}

fn did_you_mean(word: &str, known: impl Iterator<Item = &'static str>) -> Option<String> {
    let word = word.to_lowercase();
    let score = |known: &str| {
        let is_start = word.len() > 1 && known.starts_with(&word);
        if is_start {
            1.0
        } else {
            strsim::jaro_winkler(&word, known)
        }
    };
    let (best, name) = known
        .map(|name| (score(name), name))
        .max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best > 0.8).then(|| format!("did you mean `{name}`?"))
}

/// Longer signs first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 9] = [
    ("!=", Operator::IsNot),
    ("!~", Operator::HoldsNot),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Is),
    ("=", Operator::Is),
    ("~", Operator::Holds),
    ("<", Operator::Less),
    (">", Operator::More),
];

/// How deep brackets and `not` may stand inside each other.
const DEEPEST: usize = 64;
