//! The user's own catalogue file: further actions, and what body codes mean. It adds, and never replaces what the
//! documentation lists.
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::value::MapDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::Place;
use crate::config::value::{nearest, shown};

use super::{Action, Catalogue, Means, Param, Risk, UserCode};

/// Why a user's catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// It is not TOML.
    #[error("{place}: not valid TOML: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says.
        message: String,
    },
    /// It has a key that does not exist.
    #[error("{place}: unknown key `{path}`")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key, with those above it.
        path: String,
        /// What is known there.
        known: &'static [&'static str],
        /// The known key that it resembles.
        near: Option<&'static str>,
    },
    /// A value is not understood.
    #[error("{place}: {path}: {why}")]
    Value {
        /// Where.
        place: Place,
        /// The key, with those above it.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// A key is missing.
    #[error("{place}: {path} has no `{key}`")]
    Missing {
        /// Where.
        place: Place,
        /// The table.
        path: String,
        /// The key.
        key: &'static str,
    },
    /// An action that is listed already.
    #[error("{place}: {path}: category {category} has the action {action} already")]
    Listed {
        /// Where.
        place: Place,
        /// The table.
        path: String,
        /// The category.
        category: String,
        /// The action.
        action: String,
    },
    /// It cannot be read.
    #[error("cannot read the catalogue {}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl UserError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey {
                near: Some(near), ..
            } => Some(format!("did you mean `{near}`?")),
            Self::UnknownKey { known, .. } => Some(format!("known here: {}", known.join(", "))),
            Self::Listed { .. } => Some(
                "a catalogue of your own adds actions; it does not change documented ones".into(),
            ),
            _ => None,
        }
    }
}

impl Catalogue {
    /// The built-in catalogue with what this file adds.
    pub fn with(file: &Path) -> Result<Self, UserError> {
        let text = std::fs::read_to_string(file).map_err(|source| UserError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        Self::with_text(&text, file)
    }

    /// The built-in catalogue with what this text adds; `file` is its path, for messages.
    pub fn with_text(text: &str, file: &Path) -> Result<Self, UserError> {
        let reading = Reading { text, file };
        let mut merged = Self::builtin().clone();
        let table = DeTable::parse(text).map_err(|error| UserError::Syntax {
            place: reading.place(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        for (key, value) in table.into_inner() {
            let name = key.get_ref().as_ref();
            reading.known(name, key.span().start, "", SECTIONS)?;
            for (index, item) in reading.tables(name, value)?.into_iter().enumerate() {
                let path = format!("{name}[{}]", index + 1);
                match name {
                    "action" => {
                        let (action, at) = reading.action(item, &path)?;
                        if merged.action(&action.category, &action.action).is_some() {
                            return Err(UserError::Listed {
                                place: reading.place(at),
                                path,
                                category: action.category,
                                action: action.action,
                            });
                        }
                        merged.actions.push(action);
                    }
                    _ => merged.user_codes.push(reading.code(item, &path)?),
                }
            }
        }
        Ok(merged)
    }
}

type Item<'a> = Spanned<DeValue<'a>>;

/// The text that is read, for places.
struct Reading<'a> {
    text: &'a str,
    file: &'a Path,
}

impl<'a> Reading<'a> {
    fn place(&self, at: usize) -> Place {
        Place::new(self.file, self.text, at)
    }

    fn known(
        &self,
        name: &str,
        at: usize,
        path: &str,
        known: &'static [&'static str],
    ) -> Result<&'static str, UserError> {
        if let Some(found) = known.iter().find(|known| **known == name) {
            return Ok(found);
        }
        let name: String = name.escape_debug().take(MOST_OF_A_KEY).collect();
        Err(UserError::UnknownKey {
            place: self.place(at),
            near: nearest(&name, known.iter().copied()),
            path: join(path, &name),
            known,
        })
    }

    /// The tables of `[[name]]`.
    fn tables(&self, name: &str, value: Item<'a>) -> Result<Vec<Item<'a>>, UserError> {
        let at = value.span().start;
        match value.into_inner() {
            DeValue::Array(items) => Ok(items.into_iter().collect()),
            _ => Err(UserError::Value {
                place: self.place(at),
                path: name.to_owned(),
                why: format!("expected tables, as [[{name}]] begins them"),
            }),
        }
    }

    /// Reads a table key by key, so that what is wrong has its own place. `take` gets what a one-key table gives.
    fn each<T: for<'de> Deserialize<'de>>(
        &self,
        item: Item<'a>,
        path: &str,
        known: &'static [&'static str],
        mut take: impl FnMut(&'static str, Item<'a>) -> Result<Option<Item<'a>>, UserError>,
        mut merge: impl FnMut(T),
    ) -> Result<usize, UserError> {
        let at = item.span().start;
        let DeValue::Table(table) = item.into_inner() else {
            return Err(UserError::Value {
                place: self.place(at),
                path: path.to_owned(),
                why: "expected a table".to_owned(),
            });
        };
        for (key, value) in table {
            let name = self.known(key.get_ref(), key.span().start, path, known)?;
            let span = value.span();
            let Some(value) = take(name, value)? else {
                continue;
            };
            let one = MapDeserializer::new([(name, value)].into_iter());
            let one = T::deserialize(one).map_err(|error: toml::de::Error| {
                let span = error.span().unwrap_or(span);
                let seen = shown(self.text.get(span.clone()).unwrap_or_default());
                UserError::Value {
                    place: self.place(span.start),
                    path: join(path, name),
                    why: format!("{}, seen {seen}", error.message()),
                }
            })?;
            merge(one);
        }
        Ok(at)
    }

    fn action(&self, item: Item<'a>, path: &str) -> Result<(Action, usize), UserError> {
        let mut words = ActionWords::default();
        let mut params = Vec::new();
        let take = |name, value: Item<'a>| {
            if name != "params" {
                return Ok(Some(value));
            }
            let path = join(path, "params");
            for (index, item) in self.tables(&path, value)?.into_iter().enumerate() {
                params.push(self.param(item, &format!("{path}[{}]", index + 1))?);
            }
            Ok(None)
        };
        let at = self.each(item, path, ACTION_KEYS, take, |one| words = words.or(one))?;
        let missing = |key| UserError::Missing {
            place: self.place(at),
            path: path.to_owned(),
            key,
        };
        let action = words.action.ok_or_else(|| missing("action"))?;
        let action = Action {
            category: words.category.ok_or_else(|| missing("category"))?,
            api_type: words.api_type.unwrap_or_else(|| action.clone()),
            title: words.title.unwrap_or_else(|| action.clone()),
            risk: words.risk.ok_or_else(|| missing("risk"))?,
            method: words.method.unwrap_or_else(|| "GET".to_owned()),
            status: words
                .status
                .unwrap_or_else(|| "the user's catalogue".into()),
            success_code: words.success_code.unwrap_or(0),
            response: words.response.unwrap_or_default(),
            params,
            action,
        };
        Ok((action, at))
    }

    fn param(&self, item: Item<'a>, path: &str) -> Result<Param, UserError> {
        let mut words = ParamWords::default();
        let whole = |_, value| Ok(Some(value));
        let at = self.each(item, path, PARAM_KEYS, whole, |one| words = words.or(one))?;
        let Some(name) = words.name else {
            return Err(UserError::Missing {
                place: self.place(at),
                path: path.to_owned(),
                key: "name",
            });
        };
        Ok(Param {
            name,
            kind: words.kind.unwrap_or_else(|| "string".to_owned()),
            required: words.required.unwrap_or(false),
            example: words.example.unwrap_or_default(),
            max_len: words.max_len,
            min_len: words.min_len,
            sensitive: words.sensitive.unwrap_or(words.sensitive_kind.is_some()),
            sensitive_kind: words.sensitive_kind.map(|kind| kind.word().to_owned()),
            choices: words.choices.unwrap_or_default(),
            default: words.default,
            note: words.note,
        })
    }

    fn code(&self, item: Item<'a>, path: &str) -> Result<UserCode, UserError> {
        let mut words = CodeWords::default();
        let whole = |_, value| Ok(Some(value));
        let at = self.each(item, path, CODE_KEYS, whole, |one| words = words.or(one))?;
        let missing = |key| UserError::Missing {
            place: self.place(at),
            path: path.to_owned(),
            key,
        };
        Ok(UserCode {
            code: words.code.ok_or_else(|| missing("code"))?,
            msg_contains: words.msg_contains.unwrap_or_default().to_lowercase(),
            means: words.means.ok_or_else(|| missing("means"))?,
        })
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Declares what can stand in a table: its keys, and how what two keys gave comes together.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $keys:ident, also [$($also:literal),*], { $($key:literal $field:ident: $kind:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct $name {
            $(#[serde(rename = $key)] $field: Option<$kind>,)+
        }

        impl $name {
            fn or(&mut self, one: Self) -> Self {
                Self { $($field: one.$field.or(self.$field.take()),)+ }
            }
        }

        const $keys: &[&str] = &[$($key,)+ $($also,)*];
    };
}

words! {
    /// An action.
    ActionWords, ACTION_KEYS, also ["params"], {
        "category" category: String,
        "action" action: String,
        "risk" risk: Risk,
        "title" title: String,
        "api_type" api_type: String,
        "method" method: String,
        "status" status: String,
        "success_code" success_code: i64,
        "response" response: Vec<String>,
    }
}

words! {
    /// A parameter.
    ParamWords, PARAM_KEYS, also [], {
        "name" name: String,
        "type" kind: String,
        "required" required: bool,
        "example" example: String,
        "max_len" max_len: usize,
        "min_len" min_len: usize,
        "sensitive" sensitive: bool,
        "sensitive_kind" sensitive_kind: SensitiveKind,
        "enum" choices: Vec<String>,
        "default" default: String,
        "note" note: String,
    }
}

words! {
    /// A body code.
    CodeWords, CODE_KEYS, also [], {
        "code" code: i64,
        "msg_contains" msg_contains: String,
        "means" means: Means,
    }
}

/// Why a value is masked.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SensitiveKind {
    Pii,
    Secret,
}

impl SensitiveKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Pii => "pii",
            Self::Secret => "secret",
        }
    }
}

const SECTIONS: &[&str] = &["action", "code"];
const MOST_OF_A_KEY: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Sensitivity;

    fn merged(text: &str) -> Result<Catalogue, UserError> {
        Catalogue::with_text(text, Path::new("my.toml"))
    }

    fn told(text: &str) -> String {
        let error = merged(text).unwrap_err();
        match error.hint() {
            Some(hint) => format!("{error} ({hint})"),
            None => error.to_string(),
        }
    }

    #[test]
    fn what_the_user_adds_comes_to_what_is_documented() {
        let text = "[[action]]\ncategory = \"domain\"\naction = \"lock\"\nrisk = \"change\"\n\
            params = [{ name = \"domain\", required = true }, { name = \"pin\", sensitive = true }]\n\n\
            [[code]]\ncode = 1001\nmsg_contains = \"IP Address\"\nmeans = \"refused\"\n\
            [[code]]\ncode = 1001\nmeans = \"rejected\"\n";
        let catalogue = merged(text).unwrap();
        let builtin = Catalogue::builtin();
        assert_eq!(catalogue.actions.len(), builtin.actions.len() + 1);
        let lock = catalogue.action("domain", "lock").unwrap();
        assert_eq!((lock.risk, lock.params.len()), (Risk::Change, 2));
        assert_eq!(catalogue.sensitivity("PIN"), Sensitivity::Secret);
        assert_eq!(
            catalogue.meaning(1001, "your ip address is not listed"),
            Some(Means::Refused)
        );
        assert_eq!(catalogue.meaning(1001, "other"), Some(Means::Rejected));
        assert_eq!(catalogue.meaning(1002, "other"), None);
    }

    #[test]
    fn mistakes_are_told_with_place_key_and_neighbour() {
        for (text, want) in [
            (
                "[[action]]\ncategory = \"a\"\nacton = \"b\"\n",
                "my.toml:3:1: unknown key `action[1].acton` (did you mean `action`?)",
            ),
            (
                "[[acton]]\n",
                "my.toml:1:3: unknown key `acton` (did you mean `action`?)",
            ),
            (
                "[[code]]\ncode = 1\nfoo = 2\n",
                "my.toml:3:1: unknown key `code[1].foo` (known here: code, msg_contains, means)",
            ),
            (
                "[[code]]\ncode = 1\n",
                "my.toml:1:1: code[1] has no `means`",
            ),
            (
                "[[code]]\ncode = \"x\"\n",
                "my.toml:2:8: code[1].code: invalid type: string \"x\", expected i64, seen `\"x\"`",
            ),
            (
                "[[action]]\nrisk = \"spent\"\n",
                "my.toml:2:8: action[1].risk: unknown variant `spent`, expected one of `read`, `change`, `spend`, `unknown`, seen `\"spent\"`",
            ),
            (
                "[[action]]\nparams = [{ nam = \"a\" }]\n",
                "my.toml:2:13: unknown key `action[1].params[1].nam` (did you mean `name`?)",
            ),
            (
                "[[action]]\ncategory = \"domain\"\naction = \"renew\"\nrisk = \"read\"\n",
                "my.toml:1:1: action[1]: category domain has the action renew already (a catalogue of your own adds actions; it does not change documented ones)",
            ),
            (
                "action = 1\n",
                "my.toml:1:10: action: expected tables, as [[action]] begins them",
            ),
        ] {
            assert_eq!(told(text), want, "{text}");
        }
        assert!(told("[[action\n").starts_with("my.toml:1:"));
    }
}
