//! Settings that are one of a few words.
use std::path::PathBuf;

use super::value::Word;

/// The address family of upstream connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// As getaddrinfo orders them.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// What happens to `http://` requests with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// They pass, and are flagged.
    Allow,
    /// They get 403.
    Refuse,
}

/// What happens to paid actions on production.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    Off,
    /// They pass, and are flagged.
    Warn,
    /// They get 403, and no byte of them leaves.
    Block,
}

impl Guard {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// The environment that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// `sandbox-api.nicenic.net`.
    Sandbox,
    /// `api.nicenic.net`.
    Production,
}

impl Expect {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }
}

/// How a finding is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As not found: it is hidden, and counted.
    Allow,
    /// As a warning.
    Warn,
    /// As an error that decides the exit code.
    Deny,
}

impl Level {
    /// The option that sets it.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Allow => "--allow",
            Self::Warn => "--warn",
            Self::Deny => "--deny",
        }
    }
}

/// Which findings are meant: a code, the beginning of codes, or a name. Whether there are such is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(pub String);

/// How some findings are treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelSetting {
    /// How.
    pub level: Level,
    /// Which.
    pub selector: Selector,
}

/// What happens after a client has refused our certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDistrust {
    /// Its next connections to that host pass unread for 60 s.
    Tunnel,
    /// They fail too.
    Fail,
}

/// What happens when looking has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Connections are carried on unread while a setting still points here.
    Carry,
    /// nicetap ends.
    Exit,
}

/// How contact data is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pii {
    /// As it is.
    Show,
    /// As a length, a limit, and whether its form is right.
    Shape,
    /// Not at all.
    Hide,
}

impl Pii {
    /// As it stands in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Shape => "shape",
            Self::Hide => "hide",
        }
    }
}

/// How far equal secrets have equal fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fingerprints {
    /// In all runs of this installation: their key lies in the home.
    Install,
    /// In this run only: their key is never stored.
    Session,
}

impl Fingerprints {
    /// As it stands in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Session => "session",
        }
    }
}

/// A credential that what arrives is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Know {
    /// Which one it is.
    pub label: Label,
    /// The file that holds it; `None`: it is asked for.
    pub file: Option<PathBuf>,
}

/// The passwords of an account, which are easily mixed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// The API password (WHMCS: API Secret).
    Api,
    /// That of the sandbox.
    Sandbox,
    /// That of the website, which the API never takes.
    Login,
}

impl Label {
    /// As it is typed, and as it stands in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Sandbox => "sandbox",
            Self::Login => "login",
        }
    }
}

/// When the output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Word for Plaintext {
    const EXPECTED: &'static str = "`allow` or `refuse`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(text, &[("allow", Self::Allow), ("refuse", Self::Refuse)])
    }
}

impl Word for Guard {
    const EXPECTED: &'static str = "`off`, `warn` or `block`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(
            text,
            &[
                ("off", Self::Off),
                ("warn", Self::Warn),
                ("block", Self::Block),
            ],
        )
    }
}

impl Word for Expect {
    const EXPECTED: &'static str = "`sandbox` or `production`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(
            text,
            &[("sandbox", Self::Sandbox), ("production", Self::Production)],
        )
    }
}

impl Word for Selector {
    const EXPECTED: &'static str =
        "a code such as `N102`, the beginning of codes such as `N1`, or a rule's name";

    fn read(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if text.is_empty() || text.len() > LONGEST_SELECTOR || !text.chars().all(sound) {
            return Err(Self::EXPECTED);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Word for OnDistrust {
    const EXPECTED: &'static str = "`tunnel` or `fail`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(text, &[("tunnel", Self::Tunnel), ("fail", Self::Fail)])
    }
}

impl Word for Then {
    const EXPECTED: &'static str = "`carry` or `exit`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(text, &[("carry", Self::Carry), ("exit", Self::Exit)])
    }
}

impl Word for Pii {
    const EXPECTED: &'static str = "`show`, `shape` or `hide`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let choices = [
            ("show", Self::Show),
            ("shape", Self::Shape),
            ("hide", Self::Hide),
        ];
        choose(text, &choices)
    }
}

impl Word for Fingerprints {
    const EXPECTED: &'static str = "`install` or `session`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let choices = [("install", Self::Install), ("session", Self::Session)];
        choose(text, &choices)
    }
}

impl Word for Label {
    const EXPECTED: &'static str = "`api`, `sandbox` or `login`";

    fn read(text: &str) -> Result<Self, &'static str> {
        let choices = [
            ("api", Self::Api),
            ("sandbox", Self::Sandbox),
            ("login", Self::Login),
        ];
        choose(text, &choices)
    }
}

impl Word for Know {
    const EXPECTED: &'static str =
        "`api`, `sandbox` or `login`, perhaps with `=FILE`; the secret itself is never typed here";

    fn read(text: &str) -> Result<Self, &'static str> {
        let (label, file) = match text.split_once('=') {
            Some((label, file)) => (label, Some(PathBuf::read(file)?)),
            None => (text, None),
        };
        let label = Label::read(label).map_err(|_| Self::EXPECTED)?;
        Ok(Self { label, file })
    }
}

impl Word for Color {
    const EXPECTED: &'static str = "`auto`, `always` or `never`";

    fn read(text: &str) -> Result<Self, &'static str> {
        choose(
            text,
            &[
                ("auto", Self::Auto),
                ("always", Self::Always),
                ("never", Self::Never),
            ],
        )
    }
}

fn choose<T: Word + Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, &'static str> {
    choices
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, choice)| *choice)
        .ok_or(T::EXPECTED)
}

const LONGEST_SELECTOR: usize = 64;
