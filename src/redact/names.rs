//! What a name says about its value, and which values are ordinary words.
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::catalogue::names::{Memo, looks_secret};
use crate::catalogue::{Catalogue, Sensitivity};

use super::mark;

/// How the value of a name is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// As it is.
    Open,
    /// Contact data: as a shape.
    Pii(Contact),
    /// Never: the user said so. The number of its kind.
    Own(u16),
    /// Never.
    Secret,
}

impl Level {
    /// The stricter one of two.
    pub(super) const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Secret, _) | (_, Self::Open) | (Self::Own(_), Self::Pii(_)) => self,
            (Self::Open, _) | (_, Self::Secret | Self::Own(_)) | (Self::Pii(_), Self::Pii(_)) => {
                other
            }
        }
    }
}

/// A field of contact data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Contact {
    /// Its name in the catalogue.
    pub(super) name: &'static str,
    /// `phone`, `email`, `string` …
    pub(super) kind: &'static str,
    /// Longest value, in characters, where documented.
    pub(super) limit: Option<usize>,
}

/// Where a name stood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a query or a form.
    Pair,
    /// In anything else. Here `code` is a result, not a one-time password.
    Member,
}

/// What names say: the lists that nicetap has, and the user's own.
#[derive(Default)]
pub(super) struct Names {
    /// The user's own, lower case, each with its kind's number.
    own: Vec<(Box<str>, u16)>,
    /// Whether contact data is shown as it is.
    shows_contacts: bool,
    of_pairs: RefCell<Memo<Level>>,
    of_members: RefCell<Memo<Level>>,
    /// In how many texts the one stands that is looked through.
    depth: Cell<u8>,
}

/// One text further inside, until it is dropped.
pub(super) struct Inside<'a>(&'a Cell<u8>);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Names {
    pub(super) fn new(own: Vec<(Box<str>, u16)>, shows_contacts: bool) -> Self {
        Self {
            own,
            shows_contacts,
            ..Self::default()
        }
    }

    /// How the value of a name is shown.
    pub(super) fn level(&self, name: &str, place: Place) -> Level {
        let known = match place {
            Place::Pair => &self.of_pairs,
            Place::Member => &self.of_members,
        };
        known.borrow_mut().of(name, |name| self.judge(name, place))
    }

    /// Begins with a text inside of the one that is looked through; `None` where that is deep inside of others already.
    /// A text can be made to stand in a hundred others, and each of them is read in two ways.
    pub(super) fn inside(&self) -> Option<Inside<'_>> {
        let depth = self.depth.get();
        if depth >= DEEPEST {
            return None;
        }
        self.depth.set(depth + 1);
        Some(Inside(&self.depth))
    }

    fn judge(&self, name: &str, place: Place) -> Level {
        if let Some(kind) = self.own(name) {
            return Level::Own(kind);
        }
        match level(name, place) {
            Level::Pii(_) if self.shows_contacts => Level::Open,
            level => level,
        }
    }

    /// Whether the user named it: its kind's number.
    pub(super) fn own(&self, name: &str) -> Option<u16> {
        if self.own.is_empty() {
            return None;
        }
        let lower = name.to_lowercase();
        let (whole, last) = (lower.as_str(), last_part(&lower));
        let mut own = self.own.iter();
        own.find(|(have, _)| **have == *whole || **have == *last)
            .map(|(_, kind)| *kind)
    }
}

/// How the value of a name is shown: what the catalogue says, else what the name looks like.
fn level(name: &str, place: Place) -> Level {
    let lower = name.to_ascii_lowercase();
    let last = last_part(&lower);
    if let Some(level) = KNOWN.get(&lower).or_else(|| KNOWN.get(last)) {
        return *level;
    }
    if looks_secret(name) || (place == Place::Pair && last == "code") {
        return Level::Secret;
    }
    let contact = CONTACTS.iter().find(|(word, _)| ends_with_word(last, word));
    contact
        .and_then(|(_, field)| KNOWN.get(*field))
        .map_or(Level::Open, |level| *level)
}

/// Whether the value can be looked for in texts without tearing them apart: long enough, varied enough, and no
/// word of the API.
///
/// `lasting`: it is a credential, so that even one that looks like a host name counts.
pub(super) fn is_needle(value: &[u8], lasting: bool) -> bool {
    let length = mark::length(value);
    let varied = length >= 8 || (length >= 6 && classes(value) >= 2);
    varied && distinct(value) >= 3 && !is_word(value) && (lasting || !looks_like_host(value))
}

/// Whether it is a word of the API or of a mark, or what programs call their secrets.
pub(super) fn is_word(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else {
        return false;
    };
    let lower = text.to_lowercase();
    COMMON.contains(&lower) || mark::is_vocabulary(text) || is_usual_name(&lower)
}

/// `api_secret`, `Access-Token`: the name of a secret is none.
fn is_usual_name(lower: &str) -> bool {
    let is_sign = |char: char| matches!(char, '_' | '-' | '.' | ' ');
    let mut words = lower.split(is_sign);
    lower.len() <= LONGEST_USUAL && words.all(|word| USUAL.contains(&word))
}

/// Whether it has the form of a domain name, as people write them.
pub(super) fn looks_like_host(value: &[u8]) -> bool {
    let Some(dot) = memchr::memrchr(b'.', value) else {
        return false;
    };
    let (labels, top) = (&value[..dot], &value[dot + 1..]);
    let is_label = |label: &[u8]| {
        !label.is_empty()
            && label
                .iter()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    value.len() <= 253
        && (2..=24).contains(&top.len())
        && (top.iter().all(u8::is_ascii_lowercase) || top.starts_with(b"xn--"))
        && labels.split(|&byte| byte == b'.').all(is_label)
}

/// Of `data[0].name`, `name`.
fn last_part(name: &str) -> &str {
    name.rsplit(['.', '[', ']', ':'])
        .find(|part| !part.is_empty())
        .unwrap_or_default()
}

fn ends_with_word(name: &str, word: &str) -> bool {
    name.strip_suffix(word)
        .is_some_and(|front| !front.ends_with(|char: char| char.is_ascii_alphanumeric()))
}

fn classes(value: &[u8]) -> usize {
    let kinds: [fn(&u8) -> bool; 4] = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
        |byte| !byte.is_ascii_alphanumeric(),
    ];
    kinds.iter().filter(|is| value.iter().any(is)).count()
}

/// How many different bytes it has, up to three.
fn distinct(value: &[u8]) -> usize {
    let Some(&first) = value.first() else {
        return 0;
    };
    match value.iter().find(|&&byte| byte != first) {
        None => 1,
        Some(second) if value.iter().all(|byte| *byte == first || byte == second) => 2,
        Some(_) => 3,
    }
}

static KNOWN: LazyLock<HashMap<String, Level>> = LazyLock::new(|| {
    let catalogue = Catalogue::current();
    let mut known: HashMap<String, Level> = HashMap::new();
    for param in catalogue.actions.iter().flat_map(|action| &action.params) {
        let level = match param.sensitivity() {
            Sensitivity::Open => Level::Open,
            Sensitivity::Secret => Level::Secret,
            Sensitivity::Pii => Level::Pii(Contact {
                name: &param.name,
                kind: &param.kind,
                limit: param.max_len,
            }),
        };
        let entry = known
            .entry(param.name.to_ascii_lowercase())
            .or_insert(level);
        *entry = match (*entry, level) {
            // Actions differ in their limits; only the widest one is a limit whatever the action.
            (Level::Pii(have), Level::Pii(other)) => Level::Pii(Contact {
                limit: have.limit.max(other.limit),
                ..have
            }),
            (have, other) => have.or(other),
        };
    }
    let legacy = &catalogue.legacy_v1;
    for name in legacy.param_markers.iter().chain(&legacy.param_hints) {
        let level = match catalogue.sensitivity(name) {
            Sensitivity::Secret => Level::Secret,
            _ => Level::Open,
        };
        known.entry(name.to_ascii_lowercase()).or_insert(level);
    }
    known
});

static COMMON: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let catalogue = Catalogue::current();
    let mut words: HashSet<String> = HashSet::new();
    let mut add = |text: &str| {
        words.insert(text.to_lowercase());
        words.extend(text.to_lowercase().split(',').map(str::to_owned));
    };
    for action in &catalogue.actions {
        for word in [&action.category, &action.action, &action.api_type] {
            add(word);
        }
        for param in &action.params {
            let words = [&param.name, &param.example];
            for word in words
                .into_iter()
                .chain(&param.choices)
                .chain(&param.default)
            {
                add(word);
            }
        }
    }
    for action in &catalogue.unknown_actions {
        add(&action.operation);
    }
    for code in &catalogue.codes {
        add(&code.msg);
    }
    let legacy = &catalogue.legacy_v1;
    let names = legacy.param_markers.iter().chain(&legacy.param_hints);
    for word in names.chain(&legacy.action_hints) {
        add(word);
    }
    let meta = &catalogue.meta;
    for url in [&meta.production, &meta.sandbox, &meta.docs_page] {
        add(url);
        add(url.split('/').nth(2).unwrap_or_default());
    }
    let hosts = meta.third_party_mirrors.iter();
    for word in hosts.chain(&meta.never_send_credentials_to) {
        add(word);
    }
    for word in [&meta.content_type, &meta.auth_header, &meta.auth_format] {
        add(word);
    }
    words
});

/// So many texts inside of each other are looked into.
const DEEPEST: u8 = 4;
/// Words of which such names are made.
const USUAL: [&str; 22] = [
    "access",
    "api",
    "apikey",
    "apisecret",
    "auth",
    "authcode",
    "authorization",
    "bearer",
    "client",
    "code",
    "db",
    "epp",
    "key",
    "pass",
    "passwd",
    "password",
    "private",
    "refresh",
    "secret",
    "session",
    "token",
    "user",
];
const LONGEST_USUAL: usize = 24;
/// Contact data under a name of its own, such as `registrant_email`; and the documented field it is like.
const CONTACTS: [(&str, &str); 11] = [
    ("email", "email"),
    ("phone", "phone"),
    ("mobile", "phone"),
    ("fax", "fax"),
    ("postcode", "postcode"),
    ("postalcode", "postcode"),
    ("firstname", "name"),
    ("lastname", "name"),
    ("fullname", "name"),
    ("street", "address"),
    ("organisation", "organization"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_by_their_words() {
        for name in [
            "password",
            "PassWord",
            "user_pass",
            "apiKey",
            "api-key",
            "APIKEY",
            "authcode",
            "auth_code",
            "authInfo",
            "epp",
            "epp-code",
            "EPPCode",
            "transferCode",
            "domainpwd",
            "userstr",
            "access_token",
            "PHPSESSID",
            "data[password]",
            "contact.pw",
            "x:secret",
            "é_token",
        ] {
            assert!(level(name, Place::Member) == Level::Secret, "{name}");
        }
        for name in [
            "author", "keyword", "monkey", "compass", "keyboard", "code", "msg", "domain",
            "pinned", "", "[]", "expires", "privacy",
        ] {
            assert!(level(name, Place::Member) == Level::Open, "{name}");
        }
        assert!(level("code", Place::Pair) == Level::Secret);
    }

    #[test]
    fn contact_data_is_known_by_name_with_the_widest_limit() {
        for (name, field, limit) in [
            ("name", "name", Some(16)),
            ("postcode", "postcode", Some(10)),
            ("contact[email]", "email", None),
            ("registrant_phone", "phone", Some(30)),
        ] {
            let Level::Pii(contact) = level(name, Place::Pair) else {
                panic!("{name}");
            };
            assert_eq!((contact.name, contact.limit), (field, limit));
        }
    }

    #[test]
    fn ordinary_words_are_no_needles() {
        for (value, want) in [
            ("register", false),
            ("nameserverhost", false),
            ("time_desc", false),
            ("123456", false),
            ("example.com", false),
            ("Xiao Ming", false),
            ("api.nicenic.net", false),
            ("authorization", false),
            ("abcdef", false),
            ("abc123", true),
            ("abc12", false),
            ("********", false),
            ("0000000000", false),
            ("exchange", true),
            ("api_secret", false),
            ("Access-Token", false),
            ("apisecret1", true),
            ("ü😀ü😀ü😀aa", true),
        ] {
            assert_eq!(is_needle(value.as_bytes(), true), want, "{value}");
        }
        assert!(is_needle(b"my.shop.example", true));
        assert!(!is_needle(b"my.shop.example", false));
    }
}
