//! Masks what must not be shown: the one way from [`Raw`] to [`Masked`].
//!
//! Each leaf of a record goes through two passes. *By structure*: the credential of an Authorization header, the
//! value of `authcode=`, contact data. *By value*: every secret that was learned, wherever it comes back and
//! however it is escaped. What is hidden by structure is learned at once. Nothing here does I/O.
//!
//! A value that is short or an ordinary word is no needle: it is masked in its place, and in findings.

mod assigned;
mod body;
mod clean;
mod couples;
mod cover;
mod escape;
mod find;
mod forms;
mod grammar;
mod header;
mod json;
mod know;
mod loose;
mod mark;
mod markup;
mod names;
mod needles;
mod pairs;
mod parts;
pub mod seal;
mod shape;
mod telltale;
mod texts;
mod vault;
mod views;

pub use body::Shown;
pub use know::{Credential, Likeness};
pub use mark::FingerprintKey;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::catalogue::names::Memo;
use crate::config::{Own, Pattern, Pii};
use crate::facts::{Secret, SecretKind};
use crate::rule::{At, Piece, Text};

use clean::Clean;
use escape::Lines;
use find::{Found, What};
use header::Class;
use mark::Fingerprints;
use names::{Names, Place};
use seal::{Masked, Raw};
use vault::{Mark, Stay, Vault};

/// Masks texts, and remembers the secrets that it was told.
///
/// For each record: [`Redactor::begin`], [`Redactor::learn`] all its secrets, then its leaves, then
/// [`Redactor::tally`].
pub struct Redactor {
    fingerprints: Fingerprints,
    vault: Vault,
    /// This record's secrets that are no needles.
    brief: Vec<Brief>,
    tally: Tally,
    kinds: BTreeSet<&'static str>,
    now: Instant,
    names: Names,
    classes: Memo<Class>,
    clean: Clean,
    patterns: Vec<(Pattern, u16)>,
    /// The words of the user's own kinds.
    own_kinds: Vec<Box<str>>,
    pii: Pii,
    hides_username: bool,
    known: Vec<Credential>,
    /// How many records were begun.
    records: u64,
    /// Whether this record's leaves are searched once more.
    audits: bool,
    /// Leaves of this record in which that search found something.
    slips: u64,
    /// Whether a leaf of this record taught a secret that nobody had learned before.
    learned_late: bool,
}

/// How much is masked.
pub struct Policy {
    /// Contact data.
    pub pii: Pii,
    /// Whether user names are masked too.
    pub hides_username: bool,
    /// The user's own fields and patterns.
    pub own: Own,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            pii: Pii::Shape,
            hides_username: false,
            own: Own::default(),
        }
    }
}

/// What was masked in a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many marks its leaves hold.
    pub masked: u64,
    /// Their kinds, sorted. `in_place`: a secret was too short or too common to be looked for elsewhere.
    pub kinds: Vec<&'static str>,
}

/// A secret that is no needle.
struct Brief {
    value: Zeroizing<Vec<u8>>,
    mark: Mark,
}

impl Redactor {
    /// A redactor that knows no secret yet, with the default policy.
    pub fn new(key: &FingerprintKey) -> Self {
        Self::with(key, Policy::default())
    }

    /// A redactor that knows no secret yet.
    pub fn with(key: &FingerprintKey, policy: Policy) -> Self {
        let mut own_kinds: Vec<Box<str>> = Vec::new();
        let mut number = |kind: String| {
            let kind = kind.into_boxed_str();
            let at = own_kinds.iter().position(|have| *have == kind);
            let at = at.unwrap_or_else(|| {
                own_kinds.push(kind);
                own_kinds.len() - 1
            });
            u16::try_from(at).unwrap_or(u16::MAX)
        };
        let Own { fields, patterns } = policy.own;
        let fields = fields
            .into_iter()
            .map(|field| (field.name.to_lowercase().into(), number(field.kind)))
            .collect();
        let patterns = patterns
            .into_iter()
            .map(|pattern| {
                let kind = number(pattern.kind.clone());
                (pattern, kind)
            })
            .collect();
        Self {
            names: Names::new(fields, policy.pii == Pii::Show),
            patterns,
            own_kinds,
            pii: policy.pii,
            hides_username: policy.hides_username,
            known: Vec::new(),
            records: 0,
            audits: false,
            slips: 0,
            learned_late: false,
            fingerprints: Fingerprints::new(key),
            vault: Vault::new(),
            brief: Vec::new(),
            tally: Tally::default(),
            kinds: BTreeSet::new(),
            now: Instant::now(),
            classes: Memo::default(),
            clean: Clean::default(),
        }
    }

    /// Begins a record: its tally is empty, and secrets whose time is over are forgotten.
    pub fn begin(&mut self) {
        self.begin_at(Instant::now());
    }

    /// What was masked since [`Redactor::begin`].
    pub fn tally(&mut self) -> Tally {
        let mut tally = std::mem::take(&mut self.tally);
        tally.kinds = std::mem::take(&mut self.kinds).into_iter().collect();
        tally
    }

    /// Counts marks of this record that were made for another one before.
    pub fn add(&mut self, tally: &Tally) {
        self.tally.masked += tally.masked;
        self.kinds.extend(&tally.kinds);
    }

    /// How many secrets have been learned so far: while it stays, the same text is masked the same way.
    pub const fn learned(&self) -> u32 {
        self.vault.learned()
    }

    /// How many secrets were forgotten because there were too many.
    pub const fn evictions(&self) -> u64 {
        self.vault.evictions()
    }

    /// Learns the secrets of a record, before any of its leaves is masked.
    ///
    /// `username`: the half before the colon of its credential. It stays readable, and a secret that equals it is
    /// masked in its place only.
    pub fn learn(&mut self, secrets: &[Secret], username: Option<&str>) {
        if let Some(name) = username.filter(|_| self.hides_username) {
            self.learn_value(SecretKind::Username, name.as_bytes(), None);
        }
        for secret in secrets {
            self.learn_value(secret.kind, secret.value.expose(), username);
        }
    }

    /// Learns a secret that the user gave, for good.
    ///
    /// False if it is too short or too common a word to be looked for: then it is masked in its place only.
    pub fn learn_given(&mut self, value: &[u8]) -> bool {
        let value = value.trim_ascii();
        if !names::is_needle(value, true) {
            return false;
        }
        let fingerprints = &self.fingerprints;
        let new_mark = || new_mark(fingerprints, SecretKind::Given, value);
        let (vault, now) = (&mut self.vault, self.now);
        vault.learn(value, 0, Stay::Pinned, now, new_mark);
        true
    }

    /// Whether a leaf of this record taught a secret that was not learned before: what stands in an earlier leaf may
    /// have been shown there, and the record is to be sealed once more.
    pub const fn learned_late(&self) -> bool {
        self.learned_late
    }

    /// In how many leaves of this record the self-check found a secret. They are masked whole.
    pub const fn slips(&self) -> u64 {
        self.slips
    }

    /// Masks a text of one line: line breaks and tabs are shown as `\n` and `\t`.
    pub fn text(&mut self, raw: &[u8]) -> Masked {
        self.seal(raw, Vec::new(), Lines::One, false)
    }

    /// Masks a text of many lines.
    pub fn lines(&mut self, raw: &[u8]) -> Masked {
        self.seal(raw, Vec::new(), Lines::Many, false)
    }

    /// One of our own words, as a leaf.
    pub fn word(text: &'static str) -> Masked {
        Masked::sealed(text)
    }

    /// The mark of a secret.
    pub fn mask(&mut self, kind: SecretKind, value: &[u8]) -> Masked {
        let mark = self.secret_mark(kind, value);
        self.count(mark.kind);
        Masked::sealed(mark.text)
    }

    /// The user name of a credential: readable, unless it holds a known secret or is to be hidden.
    pub fn username(&mut self, name: &Raw<Box<str>>) -> Masked {
        if self.hides_username && !name.expose().is_empty() {
            return self.mask(SecretKind::Username, name.expose().as_bytes());
        }
        self.text(name.expose().as_bytes())
    }

    /// The value of a parameter, as its name demands.
    pub fn parameter(&mut self, name: &str, value: &[u8]) -> Masked {
        let what = What::of(self.names.level(name, Place::Pair)).filter(|_| !value.is_empty());
        let found = what.map(|what| Found::new(0..value.len(), what, value.to_vec()));
        self.with_found(value, found.into_iter().collect(), Lines::One, false)
    }

    /// The URL of a request. `path_and_query` stands as it was sent.
    pub fn url(&mut self, scheme: &str, authority: &str, path_and_query: &[u8]) -> Masked {
        let url = [
            scheme.as_bytes(),
            b"://",
            authority.as_bytes(),
            path_and_query,
        ]
        .concat();
        self.raw_url(&url)
    }

    /// A URL as it stands somewhere, whole or relative, perhaps with `user:password@`.
    pub fn raw_url(&mut self, url: &[u8]) -> Masked {
        let mut found = Vec::new();
        pairs::url(&self.names, url, 0..url.len(), &mut found);
        self.with_found(url, found, Lines::One, false)
    }

    /// What a rule says. Words from the wire in it are masked more strictly than other texts: a secret of this
    /// record is hidden there however short it is.
    pub fn message(&mut self, text: &Text) -> Masked {
        let mut out = String::new();
        for piece in &text.0 {
            match piece {
                Piece::Lit(words) => out.push_str(words),
                Piece::Num(number) => {
                    let _ = write!(out, "{number}");
                }
                Piece::Seen(raw) => out.push_str(self.seen(raw.expose().as_bytes()).as_str()),
            }
        }
        self.leaf(out)
    }

    /// The place that a finding speaks of.
    pub fn at(&mut self, at: &At) -> Masked {
        let text: Cow<'static, str> = match at {
            At::RequestLine => "request line".into(),
            At::Host => "host".into(),
            At::Outbound => "outbound IP".into(),
            At::Whitelist => "your list at NiceNIC".into(),
            At::Path => "path".into(),
            At::Header(name) => format!("header {name}").into(),
            At::WireHeader(name) => {
                format!("header {}", self.seen(name.expose().as_bytes())).into()
            }
            At::Query => "query".into(),
            At::Param(name) => format!("param {}", self.seen(name.expose().as_bytes())).into(),
            At::Body => "body".into(),
            At::BodyPlace { line, column } => format!("body line {line} column {column}").into(),
            At::HeadLine(line) => format!("head line {line}").into(),
            At::Connection => "connection".into(),
            At::Reply => "reply".into(),
        };
        Masked::sealed(text)
    }

    fn begin_at(&mut self, now: Instant) {
        self.now = now;
        self.vault.expire(now);
        self.clean.begin(self.vault.learned());
        self.brief.clear();
        self.tally = Tally::default();
        self.kinds.clear();
        self.audits = self.records.is_multiple_of(AUDITED);
        self.records += 1;
        self.slips = 0;
        self.learned_late = false;
    }

    /// A leaf, once more searched in one record of [`AUDITED`].
    fn leaf(&mut self, text: String) -> Masked {
        if self.audits && !self.vault.is_empty() {
            let views = views::views(text.as_bytes(), false);
            if !self.vault.search(text.as_bytes(), &views).is_empty() {
                self.slips += 1;
                self.count("unscanned");
                return Masked::sealed(mark::unscanned(text.len()));
            }
        }
        Masked::sealed(text)
    }

    fn learn_value(&mut self, kind: SecretKind, value: &[u8], username: Option<&str>) {
        let value = value.trim_ascii();
        if value.is_empty() {
            return;
        }
        let lasting = kind.is_lasting();
        let stay = if lasting {
            Stay::Lasting
        } else {
            Stay::Passing
        };
        let is_name = username.is_some_and(|name| name.as_bytes() == value);
        // What is known has been judged before; a credential comes with each request.
        if !is_name && (self.vault.knows(value, stay) || names::is_needle(value, lasting)) {
            let fingerprints = &self.fingerprints;
            let new_mark = || new_mark(fingerprints, kind, value);
            self.vault.learn(value, 0, stay, self.now, new_mark);
            return;
        }
        let mark = new_mark(&self.fingerprints, kind, value);
        if let Some(name) = username.filter(|name| lasting && !name.is_empty()) {
            self.learn_pair(name, value, &mark);
        }
        self.kinds.insert("in_place");
        if !self.brief.iter().any(|brief| brief.value[..] == *value) {
            let value = Zeroizing::new(value.to_vec());
            self.brief.push(Brief { value, mark });
        }
    }

    /// With its user name in front, even a short secret can be told from other text.
    fn learn_pair(&mut self, name: &str, value: &[u8], mark: &Mark) {
        let pair = Zeroizing::new([name.as_bytes(), b":", value].concat());
        if mark::length(&pair) >= 8 {
            let open = if self.hides_username {
                0
            } else {
                name.len() + 1
            };
            self.vault
                .learn(&pair, open, Stay::Lasting, self.now, || mark.clone());
        }
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let value = Zeroizing::new(engine.encode(&*pair).into_bytes());
            let mark = mark.clone();
            self.brief.push(Brief { value, mark });
        }
    }

    fn secret_mark(&self, kind: SecretKind, value: &[u8]) -> Mark {
        let known = self.vault.mark_of(value);
        match known.filter(|mark| mark.kind == kind.word()) {
            Some(mark) => mark.clone(),
            None => new_mark(&self.fingerprints, kind, value),
        }
    }

    fn count(&mut self, kind: &'static str) {
        self.tally.masked += 1;
        self.kinds.insert(kind);
    }
}

fn new_mark(fingerprints: &Fingerprints, kind: SecretKind, value: &[u8]) -> Mark {
    let kind = kind.word();
    let text = if value.is_empty() {
        mark::empty(kind)
    } else {
        mark::secret(kind, fingerprints.of(value), mark::length(value))
    };
    Mark {
        kind,
        text: text.into(),
    }
}

/// The self-check looks at one record in so many.
const AUDITED: u64 = 64;
