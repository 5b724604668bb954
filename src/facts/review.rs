//! The parameters of a call held against the catalogue: what is missing, misnamed, or not of the documented form.
//!
//! The documentation has no Required column, and says little of limits: rules built on this are at most `likely`.
use crate::catalogue::{self, Action, Catalogue};

use super::Call;
use super::misplaced::is_of_login;
use super::params::{Param, Place};

/// What a comparison with the catalogue gives.
#[derive(Default)]
pub struct Review {
    /// The documented action; `None` if there is none of this name.
    pub action: Option<&'static Action>,
    /// Documented parameters that are not there, and not marked as optional.
    pub missing: Vec<&'static str>,
    /// What is odd about those that are there, in their order.
    pub slips: Vec<Slip>,
    /// What is odd about the URL as a whole.
    pub url: Option<UrlSlip>,
    /// Whether the account's own contact is asked for, so that no other contact counts.
    uses_account: bool,
}

/// Something odd about a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slip {
    /// Which of the request's parameters.
    pub param: usize,
    /// What.
    pub kind: SlipKind,
}

/// What is odd about a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlipKind {
    /// Its name is nearly this one's.
    Misnamed(&'static str),
    /// Its name is translated; the documented one, where it can be told.
    Translated(Option<&'static str>),
    /// The action does not document it.
    Unknown,
    /// The same name stands before it; whether with the same value.
    Again(bool),
    /// It is empty.
    Empty,
    /// Its value is text that stands for a value.
    Placeholder,
    /// A blank stands where a `+` was.
    PlusLost,
    /// Its value is of another form than this.
    Shape(&'static str),
    /// It has more characters than this many.
    TooLong(usize),
    /// It has fewer characters than this many.
    TooShort(usize),
    /// It is none of the documented values.
    NotAChoice(&'static [String]),
    /// Years beyond 1 to 10.
    Years,
    /// It is percent-encoded once more.
    EncodedTwice,
}

/// What is odd about a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlSlip {
    /// A second `?`, where `&` belongs.
    SecondQuestionMark,
    /// `&amp;`, as in HTML.
    HtmlAmpersand,
    /// `%26name%3D`: the separators were encoded too.
    EncodedSeparator,
    /// A `#`, after which nothing is sent on.
    Fragment,
}

impl Review {
    pub(super) fn of(params: &[Param], call: &Call, target: &[u8]) -> Self {
        let name = |word: &Option<crate::redact::seal::Raw<Box<str>>>| {
            word.as_ref().map(|word| word.expose().to_string())
        };
        let action = name(&call.category)
            .zip(name(&call.action))
            .and_then(|(category, action)| Catalogue::current().action(&category, &action));
        let mut review = Self {
            action,
            url: UrlSlip::of(params, target),
            uses_account: params.iter().any(asks_for_account),
            ..Self::default()
        };
        if params.len() > MOST_PARAMS {
            return review;
        }
        for (index, param) in params.iter().enumerate() {
            let kind = review.slip(&params[..index], param);
            review
                .slips
                .extend(kind.map(|kind| Slip { param: index, kind }));
        }
        if let Some(action) = action {
            review.find_missing(action, params);
        }
        review
    }

    /// The first slip of a kind, its parameter's index, and how many others of the kind there are.
    pub fn first<T>(&self, pick: impl Fn(SlipKind) -> Option<T>) -> Option<(usize, T, u64)> {
        let mut found = self
            .slips
            .iter()
            .filter_map(|slip| Some((slip.param, pick(slip.kind)?)));
        let (param, first) = found.next()?;
        Some((param, first, found.count() as u64))
    }

    fn slip(&self, before: &[Param], param: &Param) -> Option<SlipKind> {
        // JSON that is also read as a form gives such names.
        if param.name.starts_with(['{', '[']) {
            return None;
        }
        if !param.name.is_ascii() {
            return Some(SlipKind::Translated(None));
        }
        let same = |other: &&Param| other.name == param.name;
        if !param.is_element
            && let Some(first) = before.iter().find(same)
        {
            return Some(SlipKind::Again(
                first.value.expose() == param.value.expose(),
            ));
        }
        let is_it = |known: &&catalogue::Param| known.name == *param.name;
        let known = self.action.map(|action| action.params.iter().find(is_it));
        if known.flatten().is_some_and(|known| self.ignores(known)) {
            return None;
        }
        let value = &**param.value.expose();
        let is_route = matches!(&*param.name, "category" | "action");
        if is_placeholder(&param.name, value) {
            return Some(SlipKind::Placeholder);
        }
        if param.place != Place::Json && is_encoded_still(value) {
            return Some(SlipKind::EncodedTwice);
        }
        let action = self.action?;
        if is_route {
            return None;
        }
        match known? {
            Some(known) => of_value(known, value),
            None => of_name(action, param),
        }
    }

    /// Whether the documentation says that this parameter does not count beside the others.
    fn ignores(&self, known: &catalogue::Param) -> bool {
        self.uses_account && known.sensitivity() == catalogue::Sensitivity::Pii
    }

    fn find_missing(&mut self, action: &'static Action, params: &[Param]) {
        let means = |slip: &Slip, name: &str| match slip.kind {
            SlipKind::Misnamed(meant) | SlipKind::Translated(Some(meant)) => meant == name,
            // Nobody can tell which of them it is.
            SlipKind::Translated(None) => true,
            _ => false,
        };
        let is_there = |name: &str| {
            params.iter().any(|param| *param.name == *name)
                || self.slips.iter().any(|slip| means(slip, name))
        };
        self.missing = action
            .params
            .iter()
            .filter(|known| known.required && !is_there(&known.name) && !self.ignores(known))
            .map(|known| known.name.as_str())
            .collect();
    }
}

/// `contact_source=member`: the other contact fields are ignored, as the documentation says.
fn asks_for_account(param: &Param) -> bool {
    &*param.name == "contact_source" && &**param.value.expose() == "member"
}

/// A name that the action does not have.
fn of_name(action: &'static Action, param: &Param) -> Option<SlipKind> {
    let name = param.name.trim_ascii().to_ascii_lowercase();
    let is_documented = |wanted: &str| action.params.iter().any(|known| known.name == wanted);
    if LEGACY_NAMES.contains(&&*name) || is_of_login(&name) {
        return None;
    }
    let translated = TRANSLATIONS
        .iter()
        .find(|(word, meant)| *word == name && is_documented(meant));
    if let Some((_, meant)) = translated {
        return Some(SlipKind::Translated(Some(meant)));
    }
    let synonym = SYNONYMS
        .iter()
        .find(|(word, meant)| *word == name && is_documented(meant))
        .map(|(_, meant)| *meant);
    let meant = synonym.or_else(|| nearest(action, &name));
    Some(meant.map_or(SlipKind::Unknown, SlipKind::Misnamed))
}

fn nearest(action: &'static Action, name: &str) -> Option<&'static str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let bare = |text: &str| text.replace(['_', '-', '[', ']'], "");
    let given = bare(name);
    action
        .params
        .iter()
        .map(|known| (strsim::osa_distance(&bare(&known.name), &given), known))
        .filter(|(distance, known)| *distance <= known.name.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known.name.as_str())
}

/// A value that the documentation describes otherwise.
fn of_value(known: &'static catalogue::Param, value: &str) -> Option<SlipKind> {
    if value.is_empty() {
        let may_be_empty = !known.required || known.choices.iter().any(String::is_empty);
        return (!may_be_empty).then_some(SlipKind::Empty);
    }
    if !known.choices.is_empty() {
        let is_choice = known.choices.iter().any(|choice| choice == value);
        return (!is_choice).then_some(SlipKind::NotAChoice(&known.choices));
    }
    if known.kind == "phone" && value.starts_with(' ') {
        return Some(SlipKind::PlusLost);
    }
    let length = value.chars().count();
    if let Some(most) = known.max_len.filter(|most| length > *most) {
        return Some(SlipKind::TooLong(most));
    }
    if let Some(least) = known.min_len.filter(|least| length < *least) {
        return Some(SlipKind::TooShort(least));
    }
    if let Some(wanted) = wanted_shape(known, value) {
        return Some(SlipKind::Shape(wanted));
    }
    let is_years =
        known.name == "year" && !value.parse().is_ok_and(|year| (1..=10).contains(&year));
    is_years.then_some(SlipKind::Years)
}

/// The form that the value should have, if it has another.
fn wanted_shape(known: &catalogue::Param, value: &str) -> Option<&'static str> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (is_right, wanted) = match (&*known.kind, &*known.name) {
        ("integer", _) => (is_digits(value), "a whole number"),
        ("date", _) => (is_date(value), "a date, as in 2025-01-01"),
        ("ip", _) => (value.parse::<std::net::IpAddr>().is_ok(), "an IP address"),
        ("hostname", _) => (is_domain(value), "a host name, as in ns1.example.com"),
        ("email", _) => (
            value
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && host.contains('.')),
            "an e-mail address",
        ),
        ("phone", _) => (is_phone(value), "a number, as in +86.13800000000"),
        (_, "domain") => (is_domain(value), "one domain name, as in example.com"),
        (_, "domains") => (
            value.split(',').all(|name| is_domain(name.trim())),
            "domain names with commas between them",
        ),
        (_, "country") => (
            value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic()),
            "a country code of two letters",
        ),
        _ => return None,
    };
    (!is_right).then_some(wanted)
}

/// `2025-01-01`; whether the day exists is the API's to say.
fn is_date(value: &str) -> bool {
    value.len() == 10
        && value.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// `+86.13800000000`
fn is_phone(value: &str) -> bool {
    let Some((country, number)) = value
        .strip_prefix('+')
        .and_then(|rest| rest.split_once('.'))
    else {
        return false;
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    country.len() <= 3 && is_digits(country) && is_digits(number)
}

/// Labels with dots between them. Letters beyond ASCII pass: whether they must be in punycode is not documented.
fn is_domain(value: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
        !label.is_empty() && label.chars().all(inner)
    };
    value.contains('.')
        && value
            .strip_suffix('.')
            .unwrap_or(value)
            .split('.')
            .all(is_label)
}

/// `{domain}`, `<domain>`, `domain=domain`, `%s`: what curl leaves of braces, and what nobody filled in.
fn is_placeholder(name: &str, value: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. {}$".contains(&byte);
    let is_inside = |open: char, close: char| {
        let inner = value
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close));
        inner.is_some_and(|inner| !inner.is_empty() && inner.bytes().all(is_word))
    };
    let is_variable = || {
        value.strip_prefix('$').is_some_and(|name| {
            name.len() > 2
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphabetic() || b"_{}".contains(&byte))
        })
    };
    is_inside('{', '}')
        || is_inside('<', '>')
        || is_variable()
        || matches!(
            value,
            "%s" | "undefined" | "null" | "None" | "[object Object]" | "Array"
        )
        || (value.len() > 2 && value == name)
}

/// `%40` in a value that was decoded already.
fn is_encoded_still(value: &str) -> bool {
    let bytes = value.as_bytes();
    memchr::memchr_iter(b'%', bytes).any(|at| {
        bytes
            .get(at + 1..at + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

impl UrlSlip {
    fn of(params: &[Param], target: &[u8]) -> Option<Self> {
        let of_query = || params.iter().filter(|param| param.place == Place::Query);
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        // `…?category=domain?action=check`: the sign, a name, and an equals sign.
        let has_pair_after = |sign: u8| {
            of_query().any(|param| {
                let value = param.value.expose().as_bytes();
                memchr::memchr_iter(sign, value).any(|at| {
                    let rest = &value[at + 1..];
                    let end = rest.iter().position(|byte| !is_word(byte));
                    end.is_some_and(|end| end > 1 && rest[end] == b'=')
                })
            })
        };
        if of_query().any(|param| param.name.starts_with("amp;")) {
            Some(Self::HtmlAmpersand)
        } else if has_pair_after(b'?') {
            Some(Self::SecondQuestionMark)
        } else if has_pair_after(b'&') {
            Some(Self::EncodedSeparator)
        } else {
            memchr::memchr(b'#', target).map(|_| Self::Fragment)
        }
    }
}

/// Parameters of the older API have a rule of their own.
const LEGACY_NAMES: [&str; 6] = [
    "userid",
    "userstr",
    "vtime",
    "vyear",
    "productid",
    "domainpwd",
];
/// Names that people take for the documented ones.
const SYNONYMS: [(&str, &str); 34] = [
    ("domain", "domains"),
    ("domains", "domain"),
    ("domain_name", "domain"),
    ("domainname", "domain"),
    ("name", "domain"),
    ("names", "domains"),
    ("domain_names", "domains"),
    ("years", "year"),
    ("period", "year"),
    ("term", "year"),
    ("duration", "year"),
    ("ns1", "dns1"),
    ("ns2", "dns2"),
    ("nameserver1", "dns1"),
    ("nameserver2", "dns2"),
    ("nameserver", "dns"),
    ("host", "dns"),
    ("hostname", "dns"),
    ("epp", "authcode"),
    ("eppcode", "authcode"),
    ("epp_code", "authcode"),
    ("auth_code", "authcode"),
    ("transfer_code", "authcode"),
    ("expiry", "deaddate"),
    ("expiry_date", "deaddate"),
    ("expires", "deaddate"),
    ("zip", "postcode"),
    ("zipcode", "postcode"),
    ("postal_code", "postcode"),
    ("company", "organization"),
    ("telephone", "phone"),
    ("limit", "page_size"),
    ("page", "page_index"),
    ("page_index", "page"),
];
/// Names as translated copies of the documentation print them.
const TRANSLATIONS: [(&str, &str); 18] = [
    ("dominio", "domain"),
    ("dominios", "domains"),
    ("domaine", "domain"),
    ("domaines", "domains"),
    ("domein", "domain"),
    ("ano", "year"),
    ("anno", "year"),
    ("annee", "year"),
    ("jahr", "year"),
    ("nombre", "name"),
    ("nom", "name"),
    ("pais", "country"),
    ("pays", "country"),
    ("land", "country"),
    ("ciudad", "city"),
    ("ville", "city"),
    ("telefono", "phone"),
    ("direccion", "address"),
];
const LONGEST_NAME: usize = 64;
/// More than any action has; a crowd is not worth the time.
const MOST_PARAMS: usize = 128;
