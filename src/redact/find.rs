//! What the finders report: a part of a text that must not be shown, by its structure alone.
use std::borrow::Cow;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::facts::SecretKind;

use super::names::{Contact, Level};
use super::views::{Escape, View};

/// A part that must not be shown.
pub(super) struct Found {
    pub(super) range: Range<usize>,
    pub(super) what: What,
    /// The value that stands there, unescaped.
    pub(super) value: Zeroizing<Vec<u8>>,
    /// Whether the mark needs quotes of its own: a bare JSON value.
    pub(super) is_bare: bool,
}

/// Why it must not be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Secret(SecretKind),
    /// The user named it; the number of its kind.
    Own(u16),
    Contact(Contact),
    /// The text was cut inside it, so that nobody knows what it is.
    Cut,
}

impl Found {
    pub(super) fn new(range: Range<usize>, what: What, value: impl Into<Vec<u8>>) -> Self {
        Self {
            range,
            what,
            value: Zeroizing::new(value.into()),
            is_bare: false,
        }
    }

    /// In place of what turned out to be none.
    pub(super) fn nothing() -> Self {
        Self::new(0..0, What::Cut, Vec::new())
    }
}

impl What {
    /// What a level asks for; `None` if the value may be shown.
    pub(super) const fn of(level: Level) -> Option<Self> {
        match level {
            Level::Open => None,
            Level::Pii(contact) => Some(Self::Contact(contact)),
            Level::Own(kind) => Some(Self::Own(kind)),
            Level::Secret => Some(Self::Secret(SecretKind::Parameter)),
        }
    }
}

/// Percent-decoded, `+` as a blank.
pub(super) fn decode_pair(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'+', text).is_none() {
        return unescaped(text, Escape::Percent);
    }
    let blanks: Vec<u8> = text
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    unescaped(&blanks, Escape::Percent).into_owned().into()
}

/// The text without this escape.
pub(super) fn unescaped(text: &[u8], escape: Escape) -> Cow<'_, [u8]> {
    View::of(text, escape, false).map_or(Cow::Borrowed(text), |view| Cow::Owned(view.bytes))
}
