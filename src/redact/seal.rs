//! The seal: wire bytes are [`Raw`], text that may be shown is [`Masked`], and only `redact` turns one into the other.
//!
//! `Raw` cannot be printed, compared to text, or serialised:
//! ```compile_fail
//! let raw = nicetap::redact::seal::Raw::new(String::from("hunter2"));
//! println!("{raw:?}");
//! ```
//! ```compile_fail
//! let raw = nicetap::redact::seal::Raw::new(String::from("hunter2"));
//! serde_json::to_string(&raw).unwrap();
//! ```
//! `Masked` has no public constructor:
//! ```compile_fail
//! let masked = nicetap::redact::seal::Masked(String::from("hunter2").into());
//! ```
//! A record that holds a `Raw` field cannot derive `Serialize`:
//! ```compile_fail
//! #[derive(serde::Serialize)]
//! struct Leaky { token: nicetap::redact::seal::Raw<String> }
//! ```
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroize;

/// Something that came off the wire and has not been masked.
///
/// It deliberately implements nothing: no `Debug`, `Display`, `Deref`, `AsRef`, `Serialize`.
pub struct Raw<T>(T);

impl<T> Raw<T> {
    /// Wraps a value that came from outside.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Looks at the value. Every call is a line to audit: `rg '\.expose\('`.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Raw<T> {
    /// Overwrites the value, for whoever has done with it.
    pub fn wipe(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Clone> Clone for Raw<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Text that has been through the redactor: the only text leaf that a sink accepts. Clones share the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Masked(#[serde(serialize_with = "as_str")] Arc<str>);

impl Masked {
    pub(super) fn sealed(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The masked text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, without a copy.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

fn as_str<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

impl AsRef<str> for Masked {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
