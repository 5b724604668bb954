//! Which program wrote a request, so that a fix can be said in its words. A guess by name: nothing depends on it.
use crate::http1::{Fields, RequestHead};

/// A client that the rules know the words of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// curl on the command line.
    Curl,
    /// PHP's curl functions, or another program on libcurl: no User-Agent.
    PhpCurl,
    /// Guzzle.
    Guzzle,
    /// Python's requests.
    Requests,
    /// axios.
    Axios,
    /// Node's own client: fetch, undici.
    Node,
    /// WHMCS.
    Whmcs,
    /// Another.
    Other,
}

impl Agent {
    pub(super) fn of(head: &RequestHead) -> Self {
        let Some(name) = head.fields().first("user-agent") else {
            return Self::of_nameless(head.fields());
        };
        let begins = |word: &str| {
            name.get(..word.len())
                .is_some_and(|front| front.eq_ignore_ascii_case(word.as_bytes()))
        };
        AGENTS
            .iter()
            .find(|(word, _)| begins(word))
            .map_or(Self::Other, |(_, agent)| *agent)
    }

    /// libcurl sends no name of its own, but `Accept: */*` right after Host; Node's own client sends neither.
    fn of_nameless(fields: &Fields) -> Self {
        let mut names = fields.iter();
        let begins_with_host = names
            .next()
            .is_some_and(|(name, _)| name.eq_ignore_ascii_case("host"));
        let accepts_all = fields.first("accept") == Some(b"*/*");
        if begins_with_host && accepts_all {
            Self::PhpCurl
        } else {
            Self::Other
        }
    }
}

const AGENTS: [(&str, Agent); 7] = [
    ("curl/", Agent::Curl),
    ("GuzzleHttp", Agent::Guzzle),
    ("python-requests", Agent::Requests),
    ("axios", Agent::Axios),
    ("node", Agent::Node),
    ("undici", Agent::Node),
    ("WHMCS", Agent::Whmcs),
];
