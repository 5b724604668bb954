//! Parameters: names and values out of a query or a form, decoded.
use std::borrow::Cow;
use std::cmp::Ordering;

use crate::redact::seal::Raw;

use super::secrets::{Secret, SecretKind, is_secret_name};

/// Where a parameter stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The URL's query.
    Query,
    /// A form body.
    Form,
    /// A member of the JSON body's top object.
    Json,
}

/// A parameter, decoded.
pub struct Param {
    /// Where it stood.
    pub place: Place,
    /// Its name.
    pub name: Box<str>,
    /// Its value; bytes that are no UTF-8 are replaced. `null` and containers in JSON are empty.
    pub value: Raw<Box<str>>,
    /// Whether it is an element of a JSON list, and bears the list's name.
    pub is_element: bool,
}

impl Param {
    pub(super) fn new(place: Place, name: &[u8], value: &[u8]) -> Self {
        Self {
            place,
            name: String::from_utf8_lossy(name).into(),
            value: Raw::new(String::from_utf8_lossy(value).into()),
            is_element: false,
        }
    }

    /// Whether this is the parameter of this name, as the most tolerant reader sees it.
    pub fn is(&self, name: &str) -> bool {
        match self.name.len().cmp(&name.len()) {
            Ordering::Less => false,
            Ordering::Equal => self.name.eq_ignore_ascii_case(name),
            Ordering::Greater => self.name.trim_ascii().eq_ignore_ascii_case(name),
        }
    }
}

/// Reads `a=b&c=d` and learns the secrets in it.
pub(super) fn read(text: &[u8], place: Place, params: &mut Vec<Param>, secrets: &mut Vec<Secret>) {
    for part in text.split(|byte| *byte == b'&') {
        if part.is_empty() {
            continue;
        }
        let (name, value) = match memchr::memchr(b'=', part) {
            Some(equals) => (&part[..equals], &part[equals + 1..]),
            None => (part, &b""[..]),
        };
        let (name, value) = (decode(name), decode(value));
        if is_secret_name(&name) {
            Secret::learn(secrets, SecretKind::Parameter, &value);
        }
        params.push(Param::new(place, &name, &value));
    }
}

/// Undoes percent-encoding and `+`; what is no whole escape stays as it is.
fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'%', b'+', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..])
                if let (Some(high), Some(low)) = (hex(*high), hex(*low)) =>
            {
                decoded.push(high << 4 | low);
                rest = after;
            }
            _ => decoded.push(*byte),
        }
    }
    Cow::Owned(decoded)
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let (mut params, mut secrets) = (vec![], vec![]);
        let text = b"category=domain&&a%63tion=check&q=a+b%2Bc%zz%4&flag&authcode=e%70p&x=%ff";
        read(text, Place::Query, &mut params, &mut secrets);
        let have: Vec<_> = params
            .iter()
            .map(|param| format!("{}={}", param.name, param.value.expose()))
            .collect();
        let want = [
            "category=domain",
            "action=check",
            "q=a b+c%zz%4",
            "flag=",
            "authcode=epp",
            "x=\u{fffd}",
        ];
        assert_eq!(have, want);
        assert_eq!(&**secrets[0].value.expose(), b"epp");
        assert_eq!(secrets.len(), 1);
    }
}
