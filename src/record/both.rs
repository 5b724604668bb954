//! What stands in both lines of an exchange: made once, kept once, turned into JSON once.
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// A part of a record that another record has too. Clones share it, and its JSON.
pub struct Both<T>(Arc<Part<T>>);

struct Part<T> {
    part: T,
    /// `None` inside: it cannot be turned into JSON.
    json: OnceLock<Option<Box<RawValue>>>,
}

impl<T> From<T> for Both<T> {
    fn from(part: T) -> Self {
        let json = OnceLock::new();
        Self(Arc::new(Part { part, json }))
    }
}

impl<T> Deref for Both<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.part
    }
}

/// Who changes it has a copy of his own from then on.
impl<T: Clone> DerefMut for Both<T> {
    fn deref_mut(&mut self) -> &mut T {
        let part = Arc::make_mut(&mut self.0);
        part.json = OnceLock::new();
        &mut part.part
    }
}

impl<T: Clone> Clone for Part<T> {
    fn clone(&self) -> Self {
        Self {
            part: self.part.clone(),
            json: OnceLock::new(),
        }
    }
}

impl<T> Clone for Both<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Both<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.part.fmt(f)
    }
}

impl<T: Serialize> Serialize for Both<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Part { part, json } = &*self.0;
        match json.get_or_init(|| to_raw_value(part).ok()) {
            Some(json) => json.serialize(serializer),
            None => part.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Both<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_and_writes_like_what_it_holds() {
        let plain = vec![("Host", Some(1)), ("X-\"quoted\"\n", None)];
        let both = Both::from(plain.clone());
        let text = serde_json::to_string(&plain).unwrap();
        let value = serde_json::to_value(&plain).unwrap();
        for both in [both.clone(), both] {
            assert_eq!(serde_json::to_string(&both).unwrap(), text);
            assert_eq!(serde_json::to_value(&both).unwrap(), value);
        }
        let read: Both<Vec<(String, Option<u8>)>> = serde_json::from_str(&text).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[1].0, plain[1].0);
    }

    #[test]
    fn a_change_shows_in_the_json_and_not_in_a_clone() {
        let before = Both::from(vec![1]);
        assert_eq!(serde_json::to_string(&before).unwrap(), "[1]");
        let mut after = before.clone();
        after.push(2);
        assert_eq!(serde_json::to_string(&after).unwrap(), "[1,2]");
        after.push(3);
        assert_eq!(serde_json::to_string(&after).unwrap(), "[1,2,3]");
        assert_eq!(serde_json::to_string(&before).unwrap(), "[1]");
    }
}
