//! The body of a request, and what the head says of it.
use crate::http1::Fields;
use crate::redact::seal::Raw;

use super::json::{self, Event, JsonError, Outcome};
use super::multipart;
use super::params::{self, Param, Place};
use super::secrets::{self, JsonSecrets, Secret};

/// What is known of the body when facts are derived.
#[derive(Clone, Copy)]
pub enum BodyInput<'a> {
    /// There is none.
    None,
    /// It is still on its way: rules that need it stay silent.
    Pending,
    /// Its beginning, or all of it.
    Seen {
        /// The payload, without chunk lines.
        prefix: &'a [u8],
        /// Whether this is all of it.
        whole: bool,
    },
}

/// The Content-Type header.
pub enum ContentType {
    /// There is none.
    Absent,
    /// `type/subtype`, lower case, without parameters; the raw value beside it.
    Given {
        /// Type and subtype, lower case.
        essence: Raw<Box<str>>,
        /// The whole value.
        value: Raw<Box<str>>,
    },
}

impl ContentType {
    pub(super) fn of(fields: &Fields) -> Self {
        let Some(value) = fields
            .first("content-type")
            .filter(|value| !value.is_empty())
        else {
            return Self::Absent;
        };
        let value = String::from_utf8_lossy(value);
        let essence = value.split(';').next().unwrap_or_default().trim();
        Self::Given {
            essence: Raw::new(essence.to_ascii_lowercase().into()),
            value: Raw::new(value.into()),
        }
    }

    /// Type and subtype, lower case, without parameters; empty if there is none.
    pub fn essence(&self) -> &str {
        match self {
            Self::Absent => "",
            Self::Given { essence, .. } => essence.expose(),
        }
    }

    fn says_json(&self) -> bool {
        self.essence().contains("json")
    }
}

/// What is known of the body.
pub enum Body {
    /// There is none, or it is empty.
    None,
    /// It is still on its way.
    Pending,
    /// It parses as JSON.
    Json,
    /// It says that it is JSON, or looks like it, but is not.
    BadJson(JsonError),
    /// A form: `a=b&c=d`.
    Form,
    /// Something else, compressed, or too long to tell.
    Other,
}

impl Body {
    /// Reads the body, and puts its parameters and secrets to those that were found before.
    pub(super) fn read(
        input: BodyInput<'_>,
        fields: &Fields,
        content_type: &ContentType,
        params: &mut Vec<Param>,
        secrets: &mut Vec<Secret>,
    ) -> Self {
        let (text, whole) = match input {
            BodyInput::None
            | BodyInput::Seen {
                prefix: b"",
                whole: true,
            } => return Self::None,
            BodyInput::Pending => return Self::Pending,
            BodyInput::Seen { prefix, whole } => (prefix, whole),
        };
        if is_encoded(fields) {
            return Self::Other;
        }
        let says_form = content_type.essence() == "application/x-www-form-urlencoded";
        if says_form {
            params::read(text.trim_ascii_end(), Place::Form, params, secrets);
        }
        let looks_like_json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
        let is_json = content_type.says_json() || looks_like_json;
        match (says_form, is_json) {
            // Whoever reads JSON under this type must be judged too; as a form it is no error.
            (true, true) => {
                read_json(text, whole, params, secrets);
                if whole { Self::Form } else { Self::Other }
            }
            (false, true) => Self::of_json(text, whole, params, secrets),
            (_, false) if says_form || json::is_form(text) => {
                if !says_form {
                    params::read(text.trim_ascii_end(), Place::Form, params, secrets);
                }
                if whole { Self::Form } else { Self::Other }
            }
            _ => {
                if content_type.essence().starts_with("multipart/") || text.starts_with(b"--") {
                    multipart::read(text, params, secrets);
                }
                secrets::learn_from_text(text, secrets);
                Self::Other
            }
        }
    }

    fn of_json(
        text: &[u8],
        whole: bool,
        params: &mut Vec<Param>,
        secrets: &mut Vec<Secret>,
    ) -> Self {
        match read_json(text, whole, params, secrets) {
            Outcome::Valid if whole => Self::Json,
            Outcome::Valid | Outcome::Cut => {
                secrets::learn_from_text(text, secrets);
                Self::Other
            }
            Outcome::Bad(error) => {
                secrets::learn_from_text(text, secrets);
                if json::is_form(text) {
                    params::read(text.trim_ascii_end(), Place::Form, params, secrets);
                }
                Self::BadJson(error)
            }
        }
    }

    /// Whether it may hold parameters that were not read.
    pub(super) const fn is_opaque(&self) -> bool {
        matches!(self, Self::Pending | Self::Other | Self::BadJson(_))
    }
}

/// Whether the payload is compressed.
pub(super) fn is_encoded(fields: &Fields) -> bool {
    fields
        .members("content-encoding")
        .any(|coding| !coding.eq_ignore_ascii_case("identity"))
}

/// Reads the members of the top object as parameters; each element of a list is one.
fn read_json(
    text: &[u8],
    whole: bool,
    params: &mut Vec<Param>,
    secrets: &mut Vec<Secret>,
) -> Outcome {
    let mut follower = JsonSecrets::default();
    let mut list_name = None;
    let mut top_is_object = false;
    json::read(text, whole, &mut |event| {
        match (follower.depth(), &event) {
            (0, Event::Open { is_array, .. }) => top_is_object = !is_array,
            (
                1,
                Event::Open {
                    name,
                    is_array: true,
                },
            ) => list_name = *name,
            (1, Event::Open { .. }) => list_name = None,
            (depth @ (1 | 2), Event::Scalar { name, token }) if top_is_object => {
                let name = if depth == 1 { *name } else { list_name };
                if let Some(name) = name {
                    let (name, value) = (json::unescape(name), json::value_of(token));
                    params.push(Param::new(Place::Json, &name, &value));
                }
            }
            _ => {}
        }
        follower.take(&event, false, secrets);
    })
}
