//! The two halves, and what is odd about them.
use super::encoding::encoding_of_half;
use super::placeholder::placeholder;
use super::{Blank, Flaws, Half, Halves};

/// The two sides of the first colon.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) username: &'a [u8],
    pub(super) secret: &'a [u8],
}

impl<'a> Pair<'a> {
    pub(super) fn of(text: &'a [u8]) -> Option<Self> {
        let colon = memchr::memchr(b':', text)?;
        Some(Self {
            username: &text[..colon],
            secret: &text[colon + 1..],
        })
    }

    pub(super) fn flaws(self, dressing: Flaws) -> Flaws {
        let (username, secret) = (self.username.trim_ascii(), self.secret.trim_ascii());
        let empty = match (username.is_empty(), secret.is_empty()) {
            (true, true) => Some(Half::Both),
            (true, false) => Some(Half::Username),
            (false, true) => Some(Half::Secret),
            (false, false) => None,
        };
        let placeholder = placeholder(secret).or_else(|| placeholder(username));
        let encoding = encoding_of_half(username).or_else(|| encoding_of_half(secret));
        let is_plain = empty.is_none() && placeholder.is_none() && encoding.is_none();
        let halves = if is_plain { self.halves() } else { None };
        let is_one = halves != Some(Halves::List);
        let blank = self.blank().filter(|_| empty.is_none() && is_one);
        Flaws {
            placeholder,
            empty,
            blank,
            white: blank.map_or("", |_| self.white()),
            encoding,
            halves,
            ..dressing
        }
    }

    pub(super) fn halves(self) -> Option<Halves> {
        let (username, secret) = (self.username.trim_ascii(), self.secret.trim_ascii());
        let is_again = |text: &[u8]| {
            text.strip_prefix(username)
                .is_some_and(|rest| rest.starts_with(b":"))
        };
        if username == secret {
            return Some(Halves::Equal);
        }
        let after_comma = memchr::memchr(b',', secret).map(|at| secret[at + 1..].trim_ascii());
        if after_comma.is_some_and(is_again) {
            return Some(Halves::List);
        }
        let mut starts = memchr::memmem::find_iter(secret, username);
        if starts.any(|at| is_again(&secret[at..])) {
            return Some(Halves::Repeated);
        }
        self.looks_swapped().then_some(Halves::Swapped)
    }

    /// The first half has what hardly a user name has, the second is a plain word.
    pub(super) fn looks_swapped(self) -> bool {
        let (first, second) = (self.username.trim_ascii(), self.secret.trim_ascii());
        let is_secret_like = (8..=128).contains(&first.len())
            && first.iter().all(u8::is_ascii_graphic)
            && first.iter().any(u8::is_ascii_digit)
            && (has_sign(first) || (looks_random(first) && !second.iter().any(u8::is_ascii_digit)));
        let is_word = |byte: &u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.@".contains(byte)
        };
        is_secret_like
            && (3..=30).contains(&second.len())
            && second[0].is_ascii_lowercase()
            && second.iter().all(is_word)
    }

    /// Which white space is the first.
    fn white(self) -> &'static str {
        let mut bytes = self.username.iter().chain(self.secret);
        match bytes.find(|byte| byte.is_ascii_whitespace()) {
            Some(b'\t') => "a tab",
            Some(b'\n' | b'\r') => "a line break",
            _ => "a blank",
        }
    }

    fn blank(self) -> Option<Blank> {
        let is_blank = |byte: &u8| byte.is_ascii_whitespace();
        if self.username.last().is_some_and(is_blank) {
            Some(Blank::BeforeColon)
        } else if self.username.iter().any(is_blank) {
            Some(Blank::Username)
        } else if self.secret.first().is_some_and(is_blank) {
            Some(Blank::AfterColon)
        } else if self.secret.trim_ascii().iter().any(is_blank) {
            Some(Blank::Secret)
        } else {
            self.secret
                .last()
                .is_some_and(is_blank)
                .then_some(Blank::End)
        }
    }
}

fn has_sign(text: &[u8]) -> bool {
    let is_sign = |byte: &u8| b"!#$%&*+/=?^~|;,()[]{}<>".contains(byte);
    text.iter().any(is_sign)
}

/// Twenty letters and digits of both cases, or 32 of hex, with digits in the midst of them: no user is called so.
fn looks_random(text: &[u8]) -> bool {
    let digit = text.iter().position(u8::is_ascii_digit);
    let goes_on = digit.is_some_and(|at| text[at..].iter().any(u8::is_ascii_alphabetic));
    let has = |is: fn(&u8) -> bool| text.iter().any(is);
    let is_mixed = text.len() >= 20 && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let is_hex = text.len() >= 32 && text.iter().all(u8::is_ascii_hexdigit);
    goes_on && (is_mixed || is_hex)
}
