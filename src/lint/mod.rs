//! Offline: the request rules over requests that stand in files.
//!
//! It sends nothing, and reads no file but those that it is given. It builds the bytes that a client would send, and
//! has them judged by the same strict reader, the same facts and the same rules as a request on the wire; nothing of a
//! request is shown but through the redactor.

mod curl;
mod har;
mod http;
mod judge;
mod report;
mod sample;
pub mod sarif;
mod shell;

pub use judge::Linter;
pub use report::{Format, render};

use crate::record::Finding;
use crate::redact::seal::Masked;

/// A file's name, as it is shown, and its bytes.
pub struct Source<'a> {
    /// The name.
    pub name: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// What came of looking at all files.
#[derive(Default)]
pub struct Report {
    /// How many requests were looked at.
    pub requests: u64,
    /// What was found, by file and place.
    pub found: Vec<Spotted>,
    /// How many findings are hidden.
    pub hidden: u64,
    /// How many findings are denied.
    pub denied: u64,
    /// Files, or parts of them, that could not be read.
    pub unread: Vec<Unread>,
}

/// A finding and its place.
pub struct Spotted {
    /// The file.
    pub file: String,
    /// The place in it.
    pub spot: Spot,
    /// The request: method and URL.
    pub request: Masked,
    /// The rule's line.
    pub summary: &'static str,
    /// The finding.
    pub finding: Finding<Masked>,
}

/// A part of a file that is no request that could be looked at. Says nothing that stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The file.
    pub file: String,
    /// The place in it.
    pub spot: Spot,
    /// Why.
    pub why: String,
}

/// Why a text holds no requests that could be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Flaw {
    spot: Spot,
    why: String,
}

impl Flaw {
    fn new(spot: Spot, why: impl Into<String>) -> Self {
        Self {
            spot,
            why: why.into(),
        }
    }
}

impl Spot {
    const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte in a text.
    fn of(text: &[u8], at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
        let in_line = String::from_utf8_lossy(&before[line_start..]);
        Self {
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            column: in_line.chars().count() + 1,
        }
    }

    const fn at_line(line: usize) -> Self {
        Self { line, column: 1 }
    }
}
