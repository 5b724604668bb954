//! The parameters of a call: from the query, and from a form or JSON body.
use std::borrow::Cow;
use std::fmt::Write as _;

use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use crate::catalogue::{Action, Param, Sensitivity};

/// Names and values, in the order in which they came.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a request. The content type decides how the body is read; a body of another type is passed over.
    pub(super) fn read(head: &Parts, body: &[u8]) -> Result<Self, String> {
        let mut pairs = form(head.uri.query().unwrap_or_default().as_bytes());
        let content_type = head.headers.get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let essence = content_type.unwrap_or_default().split(';').next();
        match essence
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "application/x-www-form-urlencoded" => pairs.extend(form(body)),
            "application/json" if !body.is_empty() => pairs.extend(json(body)?),
            _ => {}
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter: the last one, if there are more. An empty one counts as none.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().rfind(|pair| pair.0 == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value, or else the documented default.
    pub(super) fn value_or<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.value(name).unwrap_or(default)
    }

    /// Whether all required parameters are there, and those with documented values have one of these. Lengths and
    /// types are not judged: whether NiceNIC does is not known.
    pub(super) fn check(&self, action: &Action) -> Result<(), String> {
        let missing = action.params.iter().filter(|param| {
            param.required && !self.covers(param) && self.value(&param.name).is_none()
        });
        let mut problem = String::new();
        for param in missing {
            let separator = if problem.is_empty() {
                "missing: "
            } else {
                ", "
            };
            // Writing to a string cannot fail.
            let _ = write!(problem, "{separator}{}", param.name);
        }
        if !problem.is_empty() {
            return Err(problem);
        }
        let odd = action.params.iter().find(|param| {
            let value = self.value(&param.name);
            let listed = |value: &str| param.choices.iter().any(|choice| choice == value);
            !param.choices.is_empty() && value.is_some_and(|value| !listed(value))
        });
        match odd {
            None => Ok(()),
            Some(param) => Err(format!(
                "{} is not one of its documented values",
                param.name
            )),
        }
    }

    /// `contact_source=member` stands for the contact fields, as the newer documentation has it.
    fn covers(&self, param: &Param) -> bool {
        param.sensitivity() == Sensitivity::Pii && self.value("contact_source") == Some("member")
    }
}

fn form(text: &[u8]) -> Vec<(String, String)> {
    text.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = pair.split_at(equals.unwrap_or(pair.len()));
            (decoded(name), decoded(value.get(1..).unwrap_or_default()))
        })
        .collect()
}

fn decoded(text: &[u8]) -> String {
    let spaced: Cow<'_, [u8]> = if text.contains(&b'+') {
        let plus_to_space = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
        text.iter().map(plus_to_space).collect()
    } else {
        text.into()
    };
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

fn json(body: &[u8]) -> Result<Vec<(String, String)>, String> {
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| "the body is not a JSON object".to_owned())?;
    Ok(members
        .into_iter()
        .filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, text)),
            Value::Number(_) | Value::Bool(_) => Some((name, value.to_string())),
            // A list or an object is no documented value of any parameter.
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_servers_read_it() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (text, want) in [
            ("", vec![]),
            ("&&", vec![]),
            ("a=1&b", vec![pair("a", "1"), pair("b", "")]),
            ("a=b=c", vec![pair("a", "b=c")]),
            ("phone=%2B86.1+2", vec![pair("phone", "+86.1 2")]),
            ("a=%zz%", vec![pair("a", "%zz%")]),
            ("a=%ff", vec![pair("a", "\u{fffd}")]),
        ] {
            assert_eq!(form(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn a_list_is_no_value() {
        let read = json(br#"{"a":["x"],"b":1,"c":true,"d":"e","f":null}"#).unwrap();
        let names: Vec<_> = read.iter().map(|pair| pair.0.as_str()).collect();
        assert_eq!(names, ["b", "c", "d"]);
        assert!(json(b"[]").is_err());
        assert!(json(b"{,}").is_err());
    }
}
