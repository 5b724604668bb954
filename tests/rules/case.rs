//! A case of a fixture: a request, a reply or a refused head, with directives that say what stands around it.
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use nicetap::clock::Time;
use nicetap::config::{Network, value::Value};
use nicetap::facts::{
    Arrival, Attempt, Authority, BodyInput, Content, Egress, Ending, Environment, Past, Refusal,
    Repeat, Reply, ReplyInput, Request, Safety, Scheme, Target, Via, Watch,
};
use nicetap::http1::{
    BodyScan, Defect, DefectKind, Framing, Limits, ReplyHead, RequestHead, end_of_head,
};
use nicetap::rule::Finding;
use nicetap::rules;

use super::DEFECTS;

/// One case: directives, and the bytes of a request and of a reply.
#[derive(Default)]
pub(crate) struct Case {
    pub(crate) directives: Vec<(String, String)>,
    pub(crate) request: Vec<u8>,
    pub(crate) reply: Vec<u8>,
}

/// What a case is about.
pub(crate) enum Subject {
    Target(Target),
    Request {
        request: Box<Request>,
        reply: Option<Reply>,
    },
    Refusal(Refusal),
    Egress(Egress),
}

impl Case {
    pub(crate) fn parse(text: &str) -> Self {
        let mut case = Self::default();
        let (request, reply) = text.split_once("# reply:\n").unwrap_or((text, ""));
        let mut rest = request;
        while let Some((key, value)) = rest.lines().next().and_then(directive) {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
            if key == "raw" {
                case.request = unescape(rest);
                rest = "";
                break;
            }
            case.directives.push((key.to_owned(), value.to_owned()));
        }
        if !rest.trim().is_empty() {
            case.request = plain(rest);
        }
        case.reply = match reply.strip_prefix("# raw:\n") {
            Some(raw) => unescape(raw),
            None if reply.trim().is_empty() => vec![],
            None => plain(reply),
        };
        case
    }

    pub(crate) fn directive(&self, key: &str) -> Option<&str> {
        let mut found = self.directives.iter().filter(|(have, _)| have == key);
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn expected(&self) -> Vec<&str> {
        let expected = self.directive("expect").expect("`# expect:`");
        expected.split(' ').filter(|code| *code != "none").collect()
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        match self.subject() {
            Subject::Target(target) => rules::of_target(&target),
            Subject::Refusal(refusal) => rules::of_refusal(&refusal),
            Subject::Egress(egress) => rules::of_egress(&egress),
            Subject::Request { request, reply } => {
                let mut findings = rules::of_request(&request);
                findings.extend(
                    reply
                        .iter()
                        .flat_map(|reply| rules::of_reply(&request, reply)),
                );
                findings.extend(rules::of_ending(&request, &self.ending()));
                findings.extend(rules::of_past(&request, &self.past()));
                findings.sort_by_key(Finding::rank);
                findings
            }
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        if let Some(defect) = self.directive("defect") {
            let mut words = defect.split(' ');
            let name = words.next().unwrap();
            let mut kinds = DEFECTS.iter().filter(|kind| format!("{kind:?}") == name);
            let defect = Defect {
                kind: *kinds.next().unwrap_or_else(|| panic!("no defect {name}")),
                line: words.next().map_or(1, |line| line.parse().unwrap()),
                field: words.next().map(Into::into),
            };
            return Subject::Refusal(Refusal::derive(defect, &self.request));
        }
        if let Some(way) = self.directive("egress") {
            return Subject::Egress(self.egress(way));
        }
        if self.request.is_empty() {
            return Subject::Target(self.target(None));
        }
        let end = end_of_head(&self.request, 0).expect("a head with an end");
        let (head, body) = self.request.split_at(end);
        if head.len() > Limits::default().head {
            let defect = Defect::whole(DefectKind::HeadTooLarge);
            return Subject::Refusal(Refusal::derive(defect, &self.request));
        }
        let head = match RequestHead::parse(Bytes::copy_from_slice(head), &Limits::default()) {
            Ok(head) => head,
            Err(defect) => return Subject::Refusal(Refusal::derive(defect, &self.request)),
        };
        if head.framing() == Framing::Chunked
            && let Err(kind) = BodyScan::strict(Framing::Chunked).scan(body, |_| ())
        {
            return Subject::Refusal(Refusal::derive(Defect::whole(kind), &self.request));
        }
        let target = self.target(head.fields().first("host"));
        let absolute = memchr::memmem::find(head.target(), b"://").map(|at| at + 3);
        let path_and_query = match absolute.filter(|_| !head.target().starts_with(b"/")) {
            Some(start) => {
                let rest = &head.target()[start..];
                &rest[memchr::memchr(b'/', rest).unwrap_or(rest.len())..]
            }
            None => head.target(),
        };
        let arrival = Arrival {
            target: &target,
            head: &head,
            path_and_query,
            sni: self.directive("sni"),
            time: self.directive("time").map(|time| {
                let time: jiff::Timestamp = time.parse().unwrap();
                Time::from_millis(time.as_millisecond())
            }),
        };
        let body = match body {
            _ if self.directive("body") == Some("mislabelled") => BodyInput::Mislabelled,
            b"" => BodyInput::None,
            prefix => BodyInput::Seen {
                prefix,
                whole: true,
            },
        };
        let mut request = Request::derive(&arrival, body);
        request.safety = self.safety();
        Subject::Request {
            reply: self.reply_to(&request),
            request: Box::new(request),
        }
    }

    pub(crate) fn egress(&self, way: &str) -> Egress {
        let all = |text: &str| -> Vec<IpAddr> {
            let words = text.split(' ').filter(|word| !word.is_empty());
            words.map(|word| word.parse().unwrap()).collect()
        };
        let (front, seen) = way.split_once("seen").unwrap_or((way, ""));
        let from = front.split_once("from ").map(|(_, local)| all(local)[0]);
        let list = self.directive("list").unwrap_or_default().split(' ');
        Egress {
            local: from,
            over_v6: (!front.contains("proxy")).then(|| front.starts_with("v6")),
            other_family: self.directive("other").map(|text| all(text)[0]),
            beside: all(self.directive("beside").unwrap_or_default()),
            family_is_set: front.contains(" set "),
            is_refused: front.contains("refused"),
            seen: all(seen),
            named_by_api: front.contains("named"),
            listed: list
                .filter(|word| !word.is_empty())
                .map(|word| word.parse::<Value<Network>>().unwrap().0)
                .collect(),
            site: all(self.directive("site").unwrap_or_default()),
            last_good: self.directive("worked").map(|text| all(text)[0]),
            behind_proxy: front.contains("proxy"),
        }
    }

    pub(crate) fn safety(&self) -> Safety {
        Safety {
            watch: match self.directive("guard") {
                None | Some("off") => Watch::Off,
                Some("warn") => Watch::Paid,
                Some("block") => Watch::PaidOrUnknown,
                Some(other) => panic!("guard {other}"),
            },
            expected: match self.directive("expected") {
                None => None,
                Some("sandbox") => Some(Environment::Sandbox),
                Some("production") => Some(Environment::Production),
                Some(other) => panic!("expected {other}"),
            },
            repeated: self
                .directive("repeated")
                .map(|seconds| std::time::Duration::from_secs(seconds.parse().unwrap())),
        }
    }

    pub(crate) fn reply_to(&self, request: &Request) -> Option<Reply> {
        let end = end_of_head(&self.reply, 0)?;
        let (head, prefix) = self.reply.split_at(end);
        let head = ReplyHead::parse(Bytes::copy_from_slice(head)).ok().unwrap();
        let input = ReplyInput::new(&head, prefix, true);
        let input = match self.directive("reply-content") {
            None => input,
            Some("cut") => ReplyInput {
                is_cut: true,
                whole: false,
                ..input
            },
            Some("mislabelled") => ReplyInput {
                content: Content::Mislabelled,
                ..input
            },
            Some(other) => panic!("reply-content {other}"),
        };
        Some(Reply::derive(&input, request))
    }

    pub(crate) fn ending(&self) -> Ending {
        let Some(ending) = self.directive("ending") else {
            return Ending::default();
        };
        match ending.split_once(' ') {
            Some(("client-left", millis)) => Ending {
                client_left: true,
                waited: Duration::from_millis(millis.parse().unwrap()),
                ..Ending::default()
            },
            None if ending == "continue-missed" => Ending {
                continue_missed: true,
                ..Ending::default()
            },
            _ => panic!("ending {ending}"),
        }
    }

    pub(crate) fn past(&self) -> Past {
        let Some(past) = self.directive("past") else {
            return Past::default();
        };
        let words: Vec<_> = past.split(' ').collect();
        match words[..] {
            ["other-environment"] => Past {
                other_environment: true,
                ..Past::default()
            },
            ["repeat", seconds, ended] => Past {
                repeat: Some(Repeat {
                    seconds: seconds.parse().unwrap(),
                    ended: match ended {
                        "succeeded" => Attempt::Succeeded,
                        "pending" => Attempt::Pending,
                        "failed" => Attempt::Failed,
                        "unknown" => Attempt::Unknown,
                        other => panic!("past {other}"),
                    },
                }),
                ..Past::default()
            },
            _ => panic!("past {past}"),
        }
    }

    pub(crate) fn target(&self, host: Option<&[u8]>) -> Target {
        let scheme = match self.directive("scheme") {
            Some("http") => Scheme::Http,
            None | Some("https") => Scheme::Https,
            Some(other) => panic!("scheme {other}"),
        };
        let via = match self.directive("via") {
            None | Some("connect") => Via::Connect,
            Some("absolute") => Via::Absolute,
            Some("absolute-https") => Via::AbsoluteHttps,
            Some("gateway") => Via::Gateway,
            Some(other) => panic!("via {other}"),
        };
        let authority = match (self.directive("connect"), via) {
            (Some(authority), _) => authority.as_bytes(),
            (None, Via::Gateway) => b"api.nicenic.net",
            (None, _) => host.expect("Host or `# connect:`"),
        };
        let authority = Authority::parse(authority, Some(scheme.default_port())).unwrap();
        let scheme = host.map(|_| scheme);
        let on_connect = self.directive("on-connect") == Some("Authorization");
        Target::new(authority, host.is_some(), scheme, via)
            .with_authorization_on_connect(on_connect)
            .with_blind_trust(self.directive("trust") == Some("blind"))
    }
}

pub(crate) fn directive(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix("# ")?.split_once(':')?;
    Some((key, value.trim()))
}

/// The head's lines end in CRLF; what follows the first empty line is the body, as it stands.
pub(crate) fn plain(text: &str) -> Vec<u8> {
    let text = text.trim_end_matches('\n');
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n")).into_bytes()
}

pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = vec![];
    let mut rest = text.chars().filter(|letter| *letter != '\n');
    while let Some(letter) = rest.next() {
        if letter != '\\' {
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        bytes.push(match rest.next().expect("an escape") {
            'r' => b'\r',
            'n' => b'\n',
            't' => b'\t',
            '0' => 0,
            '\\' => b'\\',
            'x' => {
                let digits: String = rest.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).unwrap()
            }
            other => panic!("escape \\{other}"),
        });
    }
    bytes
}
