//! What a request is: its credential, its call, its parameters, its body.
use crate::catalogue::Risk;
use crate::http1::RequestHead;
use crate::redact::seal::Raw;

use super::{Secret, Target};

/// A request as it arrived.
pub struct Arrival<'a> {
    /// Where it goes.
    pub target: &'a Target,
    /// The head, as sent.
    pub head: &'a RequestHead,
    /// The target's path and query, as sent: the whole target in origin-form, what follows the authority else.
    pub path_and_query: &'a [u8],
}

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

/// What the Authorization header holds.
pub enum Authorization {
    /// There is no such header, or its value is empty.
    Absent,
    /// `username:api_secret`, the form that the API wants.
    Pair,
    /// A scheme word such as `Basic` or `Bearer` in front.
    Scheme {
        /// The word, as sent.
        word: Raw<Box<str>>,
    },
    /// Something without a colon.
    NoColon,
}

/// A user name and a secret, wherever they were found.
pub struct Credential {
    /// The half before the first colon.
    pub username: Raw<Box<str>>,
    /// The half after it.
    pub secret: Raw<Box<[u8]>>,
}

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
    /// Its value; bytes that are no UTF-8 are replaced.
    pub value: Raw<Box<str>>,
}

/// Which action of the API is called.
pub struct Call {
    /// The `category` parameter.
    pub category: Option<Raw<Box<str>>>,
    /// The `action` parameter.
    pub action: Option<Raw<Box<str>>>,
    /// What the call can do, by the catalogue.
    pub risk: Risk,
    /// The domain names it speaks of.
    pub domains: Vec<Raw<Box<str>>>,
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

/// Why a body is not JSON.
pub struct JsonError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The reason, for a human.
    pub reason: &'static str,
}

/// What is known of the body.
pub enum Body {
    /// There is none.
    None,
    /// It is still on its way.
    Pending,
    /// It parses as JSON.
    Json,
    /// It says that it is JSON, or looks like it, but is not.
    BadJson(JsonError),
    /// A form: `a=b&c=d`.
    Form,
    /// Something else, or too long to tell.
    Other,
}

/// All facts of a request.
pub struct Request {
    /// Where it goes.
    pub target: Target,
    /// The method, as sent.
    pub method: Box<str>,
    /// The path, as sent.
    pub path: Raw<Box<[u8]>>,
    /// What the Authorization header holds.
    pub authorization: Authorization,
    /// The credential, if one could be read out of it.
    pub credential: Option<Credential>,
    /// The parameters of the query, then those of the body.
    pub params: Vec<Param>,
    /// Which action is called.
    pub call: Call,
    /// The Content-Type header.
    pub content_type: ContentType,
    /// The body.
    pub body: Body,
    /// All secrets in it, as far as they are known now.
    pub secrets: Vec<Secret>,
}
