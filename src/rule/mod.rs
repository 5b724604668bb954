//! What a rule is, how one is declared, and what it says when it fires.
mod declare;
pub mod levels;
mod page;

pub(crate) use declare::declare_rule;
pub use page::page;

use serde::{Deserialize, Serialize};

use crate::facts::{Agent, Egress, Ending, Past, Refusal, Reply, Request, Target};
use crate::http1::{Defect, DefectKind};
use crate::redact::seal::Raw;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The call cannot work like this.
    Error,
    /// The call may fail, cost, or leak.
    Warn,
    /// Worth knowing.
    Info,
    /// Right, and worth saying.
    Good,
}

impl Severity {
    /// As it stands in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Good => "good",
        }
    }
}

/// How sure it is: the verb of the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It was seen.
    Is,
    /// It follows from what was seen and what the documentation says.
    Likely,
    /// It is possible.
    May,
}

impl Confidence {
    /// As it stands in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::Likely => "likely",
            Self::May => "may",
        }
    }
}

/// The first digit of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// N1xx: the credential.
    Auth,
    /// N2xx: route and host.
    Route,
    /// N3xx: parameters, body, content type.
    Param,
    /// N4xx: the reply.
    Reply,
    /// N5xx: safety.
    Safety,
    /// N6xx: network and outbound IP.
    Egress,
    /// N7xx: wire and client.
    Wire,
    /// N9xx: nicetap about itself.
    Own,
}

impl Family {
    /// The first digit of its codes.
    pub const fn digit(self) -> char {
        match self {
            Self::Auth => '1',
            Self::Route => '2',
            Self::Param => '3',
            Self::Reply => '4',
            Self::Safety => '5',
            Self::Egress => '6',
            Self::Wire => '7',
            Self::Own => '9',
        }
    }

    /// The folder that holds its rules.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Route => "route",
            Self::Param => "param",
            Self::Reply => "reply",
            Self::Safety => "safety",
            Self::Egress => "egress",
            Self::Wire => "wire",
            Self::Own => "own",
        }
    }

    /// What its rules look at.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Auth => "the credential",
            Self::Route => "route and host",
            Self::Param => "parameters, body, content type",
            Self::Reply => "the reply",
            Self::Safety => "safety",
            Self::Egress => "network and outbound IP",
            Self::Wire => "wire and client",
            Self::Own => "nicetap about itself",
        }
    }
}

/// The place that a finding speaks of.
pub enum At {
    /// The request line.
    RequestLine,
    /// The host name, in the URL or on the CONNECT.
    Host,
    /// The path.
    Path,
    /// A header that is known by name.
    Header(&'static str),
    /// A header named by the wire.
    WireHeader(Raw<Box<str>>),
    /// The query as a whole.
    Query,
    /// A parameter, in query or body.
    Param(Raw<Box<str>>),
    /// The body as a whole.
    Body,
    /// A place in the body, from 1.
    BodyPlace {
        /// The line.
        line: usize,
        /// The column, in characters.
        column: usize,
    },
    /// A line of the head, from 1.
    HeadLine(usize),
    /// The connection.
    Connection,
    /// The reply.
    Reply,
    /// The outbound IP.
    Outbound,
    /// The user's list of addresses at NiceNIC.
    Whitelist,
}

impl At {
    /// The place of one of the request's parameters.
    pub fn param(request: &Request, index: usize) -> Self {
        match request.params.get(index) {
            Some(param) => Self::Param(Raw::new(param.name.clone())),
            None => Self::Query,
        }
    }

    /// The place of a defect: the field, where it has a name, else the line.
    pub fn defect(defect: &Defect) -> Self {
        match (&defect.field, defect.kind) {
            (_, DefectKind::NoColon | DefectKind::BadFieldName) => Self::HeadLine(defect.line),
            (_, DefectKind::HeadTooLarge) => Self::Connection,
            (Some(name), _) => Self::WireHeader(Raw::new(name.clone())),
            (None, _) if defect.line <= 1 => Self::RequestLine,
            (None, _) => Self::HeadLine(defect.line),
        }
    }
}

/// Message pieces. There is no `From<String>`: wire text must be wrapped in [`Raw`].
pub enum Piece {
    /// Our own words.
    Lit(&'static str),
    /// A number.
    Num(u64),
    /// Words from the wire; masked before anyone sees them.
    Seen(Raw<Box<str>>),
}

impl From<&'static str> for Piece {
    fn from(text: &'static str) -> Self {
        Self::Lit(text)
    }
}

impl From<u64> for Piece {
    fn from(number: u64) -> Self {
        Self::Num(number)
    }
}

impl From<std::net::IpAddr> for Piece {
    fn from(address: std::net::IpAddr) -> Self {
        Self::Seen(Raw::new(address.to_string().into()))
    }
}

impl From<Raw<Box<str>>> for Piece {
    fn from(raw: Raw<Box<str>>) -> Self {
        Self::Seen(raw)
    }
}

/// A message of pieces.
pub struct Text(pub Vec<Piece>);

impl Text {
    /// The same, and how many others there are.
    #[must_use]
    pub fn and_more(mut self, count: u64) -> Self {
        if count > 0 {
            self.0
                .extend([", and ".into(), count.into(), " more".into()]);
        }
        self
    }
}

/// What a rule's check returns when it fires.
pub struct Hit {
    /// The place.
    pub at: At,
    /// What was seen.
    pub seen: Text,
    /// What was wanted instead.
    pub want: Text,
    /// The fix, where it depends on what was seen; else the rule's own.
    pub fix: Option<Text>,
}

impl Hit {
    /// A hit whose fix is the rule's own.
    pub const fn new(at: At, seen: Text, want: Text) -> Self {
        Self {
            at,
            seen,
            want,
            fix: None,
        }
    }

    /// The same with a fix of its own.
    #[must_use]
    pub fn with_fix(mut self, fix: Text) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The same with a fix in the words of the client that was seen, if there is one for it.
    #[must_use]
    pub fn in_words_of(self, agent: Agent, fixes: &[(Agent, &'static str)]) -> Self {
        match fixes.iter().find(|(of, _)| *of == agent) {
            Some((_, fix)) => self.with_fix(Text(vec![Piece::Lit(fix)])),
            None => self,
        }
    }
}

/// A rule that fired.
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What it said.
    pub hit: Hit,
}

/// What a rule looks at. A request rule cannot read a status: it has none.
#[derive(Clone, Copy)]
pub enum Check {
    /// The host of a request, or of a CONNECT.
    Target(fn(&Target) -> Option<Hit>),
    /// A request.
    Request(fn(&Request) -> Option<Hit>),
    /// A reply, and the request that it answers.
    Reply(fn(&Request, &Reply) -> Option<Hit>),
    /// How the exchange ended.
    Ending(fn(&Request, &Ending) -> Option<Hit>),
    /// What earlier exchanges say of a request.
    Past(fn(&Request, &Past) -> Option<Hit>),
    /// A head or body that is not forwarded.
    Refusal(fn(&Refusal) -> Option<Hit>),
    /// Nothing: the journal itself says it.
    Own,
    /// The way out of a call to the API.
    Egress(fn(&Egress) -> Option<Hit>),
}

/// A rule: data and one pure function.
pub struct Rule {
    /// `N102`; never used again for another rule.
    pub code: &'static str,
    /// The bad pattern, kebab-case; reads after "allow".
    pub name: &'static str,
    /// The first digit of the code.
    pub family: Family,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// The number of the cause in NiceNIC's article on authentication errors, 1 to 8.
    pub cause: Option<&'static str>,
    /// One line, lower case, no full stop.
    pub summary: &'static str,
    /// What to do, one line, lower case, no full stop.
    pub fix: &'static str,
    /// The page that `explain` prints, as Markdown.
    pub doc: &'static str,
    /// The version that brought it.
    pub since: &'static str,
    /// Whether saying the same once in a run is enough.
    pub once: bool,
    /// The file that holds it.
    pub file: &'static str,
    /// The check.
    pub check: Check,
}

impl Finding {
    /// The order in which findings are shown: severity, then confidence, then code.
    pub fn rank(&self) -> (Severity, Confidence, &'static str) {
        (self.rule.severity, self.rule.confidence, self.rule.code)
    }
}
