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
    /// The same, compressed when it was sent: without its coding.
    Decoded {
        /// The payload without its content coding.
        prefix: &'a [u8],
        /// Whether this is all of it.
        whole: bool,
    },
    /// It is not of the content coding that its head names.
    Mislabelled,
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
        /// The charset, if it is named and is not UTF-8.
        charset: Option<Raw<Box<str>>>,
        /// A parameter that this type does not have, such as a boundary on JSON.
        stray: Option<Raw<Box<str>>>,
        /// Whether there are several such headers.
        is_repeated: bool,
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
        let mut parts = value.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut charset, mut stray) = (None, None);
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            let raw = |text: &str| Some(Raw::new(text.into()));
            if !name.eq_ignore_ascii_case("charset") {
                stray = stray.or_else(|| raw(name));
            } else if !["utf-8", "utf8"]
                .iter()
                .any(|utf8| value.eq_ignore_ascii_case(utf8))
            {
                charset = raw(value);
            }
        }
        Self::Given {
            // A boundary belongs to multipart types.
            stray: stray.filter(|_| essence == JSON),
            charset,
            is_repeated: fields.all("content-type").nth(1).is_some(),
            essence: Raw::new(essence.into()),
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
    Json(JsonTop),
    /// It is JSON, and says that it is a form.
    JsonAsForm,
    /// It is not of the content coding that its head names.
    Mislabelled,
    /// It says that it is JSON, or looks like it, but is not.
    BadJson(JsonError),
    /// A form: `a=b&c=d`.
    Form,
    /// Something else, compressed, or too long to tell.
    Other,
}

/// What a JSON text is, at its top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonTop {
    /// An object.
    Object,
    /// A list.
    List,
    /// A string that holds JSON once more.
    TextOfJson,
    /// Another value.
    Scalar,
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
            }
            | BodyInput::Decoded {
                prefix: b"",
                whole: true,
            } => return Self::None,
            BodyInput::Pending => return Self::Pending,
            BodyInput::Mislabelled => return Self::Mislabelled,
            BodyInput::Seen { .. } if is_encoded(fields) => return Self::Other,
            BodyInput::Seen { prefix, whole } | BodyInput::Decoded { prefix, whole } => {
                (prefix, whole)
            }
        };
        let says_form = content_type.essence() == "application/x-www-form-urlencoded";
        if says_form {
            params::read(text.trim_ascii_end(), Place::Form, params, secrets);
        }
        let looks_like_json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
        let is_json = content_type.says_json() || looks_like_json;
        match (says_form, is_json) {
            // Whoever reads JSON under this type must be judged too; as a form it is no error.
            (true, true) => {
                let (outcome, _) = read_json(text, whole, params, secrets);
                match outcome {
                    Outcome::Valid if whole => Self::JsonAsForm,
                    _ if whole => Self::Form,
                    _ => Self::Other,
                }
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
            (Outcome::Valid, top) if whole => Self::Json(top),
            (Outcome::Valid | Outcome::Cut, _) => {
                secrets::learn_from_text(text, secrets);
                Self::Other
            }
            (Outcome::Bad(error), _) => {
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
        matches!(
            self,
            Self::Pending | Self::Other | Self::BadJson(_) | Self::Mislabelled
        )
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
) -> (Outcome, JsonTop) {
    let mut follower = JsonSecrets::default();
    let mut list_name = None;
    let mut top_is_object = false;
    let mut top = JsonTop::Scalar;
    let outcome = json::read(text, whole, &mut |event| {
        match (follower.depth(), &event) {
            (0, Event::Open { is_array, .. }) => {
                top_is_object = !is_array;
                top = if *is_array {
                    JsonTop::List
                } else {
                    JsonTop::Object
                };
            }
            (0, Event::Scalar { token, .. }) => {
                let inner = json::value_of(token);
                if matches!(inner.trim_ascii_start().first(), Some(b'{' | b'[')) {
                    top = JsonTop::TextOfJson;
                }
            }
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
                    let param = Param::new(Place::Json, &name, &value);
                    params.push(Param {
                        is_element: depth == 2,
                        ..param
                    });
                }
            }
            _ => {}
        }
        follower.take(&event, false, secrets);
    });
    (outcome, top)
}

const JSON: &str = "application/json";
