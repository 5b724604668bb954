//! How a command fails: something the user can mend, with a hint, or a bug of ours.
use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::Write as _;
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use super::print;
use crate::rule::levels;
use crate::{catalogue, config};

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something outside nicetap is to be mended.
    #[error("{what}")]
    Expected {
        /// What a script sees.
        exit: Exit,
        /// What failed: a lower-case fragment.
        what: String,
        /// What to do.
        hint: Option<String>,
        /// What it comes from.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// nicetap itself is to be mended.
    #[error("{what}")]
    Bug {
        /// What went wrong: nothing that came from the wire.
        what: &'static str,
    },
}

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command did its work and failed.
    Failure = 1,
    /// The command line or a setting is wrong.
    Usage = 2,
    /// An address cannot be bound, or the CA or a file cannot be used.
    CannotStart = 3,
    /// A check of `nicetap doctor` failed.
    DoctorFailed = 4,
    /// Something was found that `--deny` names.
    Denied = 5,
    /// A secret was found where none may be.
    SecretFound = 6,
    /// A bug.
    Bug = 70,
    /// The command of `nicetap run` cannot be run.
    CannotRun = 126,
    /// There is no such command.
    NoCommand = 127,
}

impl Error {
    /// The command did its work and failed: exit code 1.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::expected(Exit::Failure, what)
    }

    /// The command line or a setting is wrong: exit code 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::expected(Exit::Usage, what)
    }

    /// An address cannot be bound, or the CA or a file cannot be used: exit code 3.
    pub fn cannot_start(what: impl Into<String>) -> Self {
        Self::expected(Exit::CannotStart, what)
    }

    /// The command did its work, and found what its exit code says.
    pub fn found(exit: Exit, what: impl Into<String>) -> Self {
        Self::expected(exit, what)
    }

    /// Something was found that `--deny` names: exit code 5.
    pub fn denied(count: u64) -> Self {
        let what = match count {
            1 => "1 denied finding".to_owned(),
            count => format!("{count} denied findings"),
        };
        Self::expected(Exit::Denied, what)
    }

    /// Something that cannot happen happened: exit code 70.
    pub const fn bug(what: &'static str) -> Self {
        Self::Bug { what }
    }

    /// Adds what it comes from. Its messages follow, each after a colon.
    #[must_use]
    pub fn caused_by(mut self, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        if let Self::Expected { source, .. } = &mut self {
            *source = Some(error.into());
        }
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Expected { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// What a script sees.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Expected { exit, .. } => *exit,
            Self::Bug { .. } => Exit::Bug,
        }
    }

    /// The lines for the terminal, coloured; the door takes the colours out where they do not belong.
    pub(super) fn report(&self) -> String {
        let mut chain = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            let cause = error.to_string();
            // Errors that are shown outside of a chain, in a log for one, spell their cause out themselves.
            if !chain.contains(&cause) {
                chain.push_str(": ");
                chain.push_str(&cause);
            }
            source = error.source();
        }
        match self {
            Self::Expected { hint, .. } => lines("error", &chain, hint.as_deref()),
            Self::Bug { .. } => lines("bug", &chain, Some(REPORT_IT)),
        }
    }

    pub(super) fn expected(exit: Exit, what: impl Into<String>) -> Self {
        Self::Expected {
            exit,
            what: what.into(),
            hint: None,
            source: None,
        }
    }
}

impl From<config::Error> for Error {
    fn from(error: config::Error) -> Self {
        let failed = match error.hint() {
            Some(hint) => Self::usage(error.to_string()).hint(hint),
            None => Self::usage(error.to_string()),
        };
        match error {
            config::Error::Unreadable { source, .. } => failed.caused_by(source),
            _ => failed,
        }
    }
}

impl From<catalogue::UserError> for Error {
    fn from(error: catalogue::UserError) -> Self {
        let failed = match error.hint() {
            Some(hint) => Self::usage(error.to_string()).hint(hint),
            None => Self::usage(error.to_string()),
        };
        match error {
            catalogue::UserError::Unreadable { source, .. } => failed.caused_by(source),
            _ => failed,
        }
    }
}

impl From<levels::UnknownSelector> for Error {
    fn from(error: levels::UnknownSelector) -> Self {
        let hint = match error.near {
            Some(near) => format!("did you mean `{near}`? `nicetap rules` lists all"),
            None => "`nicetap rules` lists all codes and names".to_owned(),
        };
        Self::usage(error.to_string()).hint(hint)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Tells of a panic; of further ones at the same place nothing, since a bug may come with each call.
pub(super) fn tell_panic(panic: &PanicHookInfo<'_>) {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let report = panic_report(panic);
    let is_new = TOLD
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(report.clone());
    if is_new {
        print::to_stderr(&report);
    }
}

/// The lines for a panic. Its payload is left out, since it could quote the wire.
pub(super) fn panic_report(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(String::new, |place| {
        format!(" at {}:{}:{}", place.file(), place.line(), place.column())
    });
    lines("bug", &format!("panic{place}"), Some(REPORT_IT))
}

fn lines(word: &str, message: &str, hint: Option<&str>) -> String {
    let mut text = format!("{RED}{word}:{RED:#} {message}\n");
    if let Some(hint) = hint {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{CYAN}hint:{CYAN:#} {hint}");
    }
    text
}

const RED: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
const CYAN: anstyle::Style = anstyle::AnsiColor::Cyan.on_default().bold();
const REPORT_IT: &str =
    "this is a mistake in nicetap, not in your setup; please report the line above";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_the_chain_and_the_hint_on_a_line_of_its_own() {
        let cause = std::io::Error::other("address in use");
        let error = Error::cannot_start("cannot listen on 127.0.0.1:8899")
            .caused_by(cause)
            .hint("another nicetap may be running");
        assert_eq!(
            anstream::adapter::strip_str(&error.report()).to_string(),
            "error: cannot listen on 127.0.0.1:8899: address in use\nhint: another nicetap may be running\n"
        );
        assert_eq!(error.exit(), Exit::CannotStart);
    }

    #[test]
    fn a_cause_is_told_once() {
        let taken = crate::wire::BindError::Bind {
            addr: ([127, 0, 0, 1], 8899).into(),
            source: std::io::Error::other("address in use"),
        };
        let error = Error::cannot_start("the proxy cannot listen").caused_by(taken);
        assert!(error.report().ends_with(
            "the proxy cannot listen: cannot listen on 127.0.0.1:8899: address in use\n"
        ));
    }

    #[test]
    fn a_bug_says_that_it_is_one() {
        let error = Error::bug("no writer");
        assert!(error.report().contains("a mistake in nicetap"));
        assert_eq!(error.exit() as u8, 70);
    }

    #[test]
    fn of_a_panic_only_the_place_is_told() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let _ = sender.send(panic_report(panic));
        }));
        let payload = String::from("bob:hunter2");
        let outcome = std::thread::spawn(move || std::panic::panic_any(payload)).join();
        std::panic::set_hook(before);
        assert!(outcome.is_err());
        // Other tests may panic meanwhile, on purpose; each notice is of the same kind.
        let told = receiver.recv().unwrap();
        assert!(told.contains("panic at src"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
