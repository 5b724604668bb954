//! What can be wrong with the settings, and where. Values are shown through [`value::shown`] only.
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::layer::Layer;
use super::value;

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not TOML.
    #[error("{place}: not valid TOML: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says; repeats nothing of the file.
        message: String,
    },
    /// The file has a key that does not exist.
    #[error("{place}: unknown key `{key}`")]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// The known key that it resembles.
        near: Option<&'static str>,
    },
    /// A value was not understood.
    #[error("{given}: expected {expected}, seen {seen}")]
    Value {
        /// Who gave it.
        given: Source,
        /// What is expected.
        expected: String,
        /// What was seen, fit to be shown.
        seen: String,
    },
    /// The file cannot be read.
    #[error("cannot read {}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A setting is understood, but not possible.
    #[error("{setting}: {why}")]
    Refused {
        /// The key.
        setting: &'static str,
        /// Why, with the value.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// There is no place for the home directory.
    #[error("no home directory: neither XDG_STATE_HOME nor HOME holds an absolute path")]
    NoHome,
}

impl Error {
    /// A key in a table that does not exist there.
    pub(super) fn unknown_key_of(place: Place, key: &str, known: &[&'static str]) -> Self {
        Self::UnknownKey {
            place,
            key: key.escape_debug().take(MOST_OF_A_KEY).collect(),
            near: value::nearest(key, known.iter().copied()),
        }
    }

    pub(super) fn unknown_key(place: Place, key: &str) -> Self {
        let wanted = key.trim_start_matches('-').replace('-', "_");
        let near = value::nearest(&wanted, Layer::keys().iter().copied());
        Self::UnknownKey {
            place,
            key: key.escape_debug().take(MOST_OF_A_KEY).collect(),
            near,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { near, key, .. } => Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if value::names_a_secret(key) => {
                    format!("the file takes no secrets; {GIVE}")
                }
                None => {
                    "a key is the option's name with `_` for `-`; `nicetap serve --help` lists them"
                        .to_owned()
                }
            }),
            Self::Refused { hint, .. } => Some((*hint).to_owned()),
            Self::NoHome => Some("name one with --home DIR or NICETAP_HOME".to_owned()),
            Self::Syntax { .. } | Self::Value { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The place of the byte `at` of this text.
    pub fn new(file: &Path, text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// Who gave a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file, here, under this key.
    File(Place, &'static str),
    /// The environment, in this variable.
    Variable(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(place, key) => write!(f, "{place}: {key}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// How a credential is given.
pub const GIVE: &str = "the proxy needs no credential: it watches the client's own; where one helps, a file or a \
                         variable is named: --know api=FILE, --secret-env NAME, --secret-file FILE, --credential-file \
                         FILE; `nicetap check` takes the secret from NICETAP_SECRET, --secret-file FILE or the terminal";
const MOST_OF_A_KEY: usize = 40;
