//! Names that say that their values are secret, whether or not anybody has documented them.
//!
//! Learning (`facts`) and masking (`redact`) share these lists, so that what is masked in its place is known when it
//! comes back elsewhere. Nothing here looks at values.
use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Catalogue, Sensitivity};

/// What was found out about names. The same few come with each exchange: finding one again costs a tenth of judging
/// it. It holds names only, never a value, and so many at most: hence a hash that is quick before it is strong.
pub struct Memo<T>(HashMap<Box<str>, T, RandomState>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T: Copy> Memo<T> {
    /// What is known of a name, or else what `judge` says of it. It must say the same each time.
    pub fn of(&mut self, name: &str, judge: impl FnOnce(&str) -> T) -> T {
        if let Some(known) = self.0.get(name) {
            return *known;
        }
        let judged = judge(name);
        if name.len() <= LONGEST {
            if self.0.len() >= REMEMBERED {
                self.0.clear();
            }
            self.0.insert(name.into(), judged);
        }
        judged
    }
}

/// Whether the value of a field of this name is secret: the catalogue says so, or the name itself does.
///
/// Of `contact[password]` and `data.password` each part counts.
pub fn is_secret(name: &str) -> bool {
    thread_local! {
        static KNOWN: RefCell<Memo<bool>> = RefCell::default();
    }
    name.len() <= LONGEST && KNOWN.with_borrow_mut(|known| known.of(name, judge_secret))
}

fn judge_secret(name: &str) -> bool {
    looks_secret(name)
        || parts(name).any(|part| Catalogue::current().sensitivity(part) == Sensitivity::Secret)
}

/// Whether the name says so even where it stands in a sentence, without a sign that a value follows: `password`,
/// not `key`.
pub fn is_secret_in_prose(name: &str) -> bool {
    name.len() <= LONGEST
        && (has_stem(name) || Catalogue::current().sensitivity(name) == Sensitivity::Secret)
}

/// Whether a name nobody has documented says that its value is secret: `apiKey`, `epp-code`, `user_pass`;
/// not `postcode`, `author` or `keyword`.
pub fn looks_secret(name: &str) -> bool {
    let mut words = name
        .split(|char: char| !char.is_ascii_alphanumeric())
        .flat_map(humps);
    has_stem(name) || words.any(|word| WORDS.iter().any(|have| word.eq_ignore_ascii_case(have)))
}

fn has_stem(name: &str) -> bool {
    let flat: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|char| char.to_ascii_lowercase())
        .collect();
    // Compared at each place: names are short, and a searcher for each stem costs more to make than it saves.
    let flat = flat.as_bytes();
    let has = |at: usize| {
        STEMS
            .iter()
            .any(|stem| flat[at..].starts_with(stem.as_bytes()))
    };
    flat.starts_with(b"epp") || (0..flat.len()).any(has)
}

fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(['.', '[', ']', ':'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// `apiKey` is `api` and `Key`.
fn humps(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.as_bytes();
        let end = (1..bytes.len())
            .find(|&at| bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase())
            .unwrap_or(bytes.len());
        let (hump, after) = rest.split_at(end);
        rest = after;
        Some(hump)
    })
}

/// A name that holds one of these, separators left out, names a secret.
const STEMS: [&str; 13] = [
    "passw",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "apikey",
    "authcode",
    "authinfo",
    "eppcode",
    "transfercode",
    "sessid",
    "sessionid",
];
/// A name that has one of these as a word names a secret.
const WORDS: [&str; 18] = [
    "pass",
    "pw",
    "key",
    "keys",
    "auth",
    "authorization",
    "epp",
    "sid",
    "session",
    "pin",
    "otp",
    "jwt",
    "bearer",
    "sig",
    "signature",
    "credential",
    "credentials",
    "cvv",
];
/// A longer name is no name, but something that stands where one was expected.
const LONGEST: usize = 64;
/// Names in a [`Memo`].
const REMEMBERED: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_by_their_words() {
        for name in [
            "authcode",
            "PASSWORD",
            "password[]",
            "contact[password]",
            "epp_code",
            "api_secret",
            "userstr",
            "apiKey",
            "user_pass",
            "pin",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "domain", "email", "keppel", "author", "keyword", "postcode", "",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(!is_secret(&"password".repeat(9)));
    }

    #[test]
    fn a_memo_is_bounded_and_keeps_no_long_name() {
        let mut memo = Memo::default();
        for number in 0..3 * REMEMBERED {
            let name = number.to_string();
            assert_eq!(memo.of(&name, str::len), name.len());
            assert_eq!(memo.of(&name, |_| unreachable!()), name.len());
        }
        assert!(memo.0.len() <= REMEMBERED);
        let long = "n".repeat(LONGEST + 1);
        memo.of(&long, str::len);
        assert!(!memo.0.contains_key(&*long));
    }

    #[test]
    fn in_prose_only_words_that_mean_nothing_else_count() {
        for (word, want) in [
            ("password", true),
            ("authcode", true),
            ("key", false),
            ("session", false),
        ] {
            assert_eq!(is_secret_in_prose(word), want, "{word}");
        }
    }
}
