//! From a file to findings: the strict reader, the facts and the rules that judge a request on the wire.
use bytes::Bytes;

use crate::config::HostPort;
use crate::facts::{
    self, Arrival, BodyInput, Refusal, Scheme, Target, Via, secrets_of_refused_head,
};
use crate::http1::{BodyScan, Defect, DefectKind, Framing, Limits, RequestHead};
use crate::journal;
use crate::redact::Redactor;
use crate::rule::levels::Levels;
use crate::rule::{self, Family, Piece, Severity};
use crate::rules;

use super::sample::{Sample, SampleBody, begins_like_a_field};
use super::shell::STAND_IN;
use super::{Flaw, Report, Source, Spotted, Unread, curl, har, http};

/// Looks at files.
pub struct Linter {
    redactor: Redactor,
    levels: Levels,
    intercept: Vec<HostPort>,
    shows_good: bool,
}

impl Linter {
    /// `intercept`: the hosts whose requests are looked at in an archive, which holds those to all hosts.
    /// `shows_good`: whether it is said what is right, too.
    pub fn new(
        redactor: Redactor,
        levels: Levels,
        intercept: Vec<HostPort>,
        shows_good: bool,
    ) -> Self {
        Self {
            redactor,
            levels,
            intercept,
            shows_good,
        }
    }

    /// Looks at the requests of a file.
    pub fn look(&mut self, source: &Source<'_>, report: &mut Report) {
        let is_archive = source.bytes.trim_ascii_start().starts_with(b"{");
        let read = if is_archive {
            har::read(source.bytes)
        } else if curl::is_curl(source.bytes) {
            curl::read(source.bytes)
        } else {
            http::read(source.bytes)
        };
        let samples = match read {
            Ok(samples) => samples,
            Err(Flaw { spot, why }) => {
                report.unread.push(Unread {
                    file: source.name.to_owned(),
                    spot,
                    why,
                });
                return;
            }
        };
        let from = report.found.len();
        for sample in samples {
            if !is_archive || self.is_in_scope(&sample) {
                self.judge(source.name, &sample, report);
            }
        }
        report.found[from..].sort_by_key(|found| found.spot);
    }

    fn is_in_scope(&self, sample: &Sample) -> bool {
        sample.authority.as_ref().is_none_or(|authority| {
            self.intercept
                .iter()
                .any(|host| authority.is_within(&host.host))
        }) || sample.authority.as_ref().is_some_and(|authority| {
            let target = Target::new(authority.clone(), false, None, Via::Connect);
            target.lookalike().is_some()
        })
    }

    fn judge(&mut self, file: &str, sample: &Sample, report: &mut Report) {
        report.requests += 1;
        self.redactor.begin();
        let (findings, url) = match judged(sample) {
            Judged::Sound(facts, path_and_query) => {
                let credential = facts.credential.as_ref();
                let username = credential.map(|credential| &**credential.username.expose());
                self.redactor.learn(&facts.secrets, username);
                let authority = facts.target.authority.to_string();
                let shown = match authority.rsplit_once(':') {
                    Some((host, _))
                        if facts.target.authority.port() == sample.scheme.default_port() =>
                    {
                        host
                    }
                    _ => &authority,
                };
                let url = [
                    facts.method.as_bytes(),
                    b" ",
                    sample.scheme.word().as_bytes(),
                    b"://",
                    shown.as_bytes(),
                    &path_and_query,
                ]
                .concat();
                (rules::of_request(&facts), self.redactor.raw_url(&url))
            }
            Judged::Refused(refusal) => {
                let secrets = secrets_of_refused_head(&sample.head);
                self.redactor.learn(&secrets, None);
                let refused = self.redactor.text(b"a request that is not sound");
                (rules::of_refusal(&refusal), refused)
            }
        };
        for finding in findings {
            if rests_on_a_stand_in(&finding) {
                continue;
            }
            let spot = sample.spot(&finding.hit.at);
            let summary = finding.rule.summary;
            let Some(finding) = self.levelled(finding, report) else {
                continue;
            };
            report.denied += u64::from(self.levels.denies(&finding.code));
            report.found.push(Spotted {
                file: file.to_owned(),
                spot,
                request: url.clone(),
                summary,
                finding,
            });
        }
    }

    fn levelled(
        &mut self,
        finding: rule::Finding,
        report: &mut Report,
    ) -> Option<crate::record::Finding<crate::redact::seal::Masked>> {
        let own = finding.rule.severity;
        let Some(severity) = self.levels.severity(finding.rule.code, own) else {
            report.hidden += 1;
            return None;
        };
        if severity == Severity::Good && !self.shows_good {
            return None;
        }
        let mut masked = journal::findings(&mut self.redactor, &[finding]);
        let mut finding = masked.pop()?;
        finding.severity = severity;
        Some(finding)
    }
}

/// Whether a finding speaks of a word that only the shell knows. A credential is taken for sound where it stands in; what
/// is around it, such as a scheme word, is still wrong.
fn rests_on_a_stand_in(finding: &rule::Finding) -> bool {
    let is_one = |piece: &Piece| match piece {
        Piece::Seen(raw) => raw.expose().contains(STAND_IN),
        Piece::Lit(_) | Piece::Num(_) => false,
    };
    let family = finding.rule.family;
    !matches!(family, Family::Auth | Family::Wire) && finding.hit.seen.0.iter().any(is_one)
}

enum Judged {
    Sound(Box<facts::Request>, Vec<u8>),
    Refused(Refusal),
}

fn judged(sample: &Sample) -> Judged {
    let refused = |defect| {
        let body = match &sample.body {
            SampleBody::Whole(body) => &body[..],
            _ => b"",
        };
        Judged::Refused(Refusal::derive(defect, &[&sample.head[..], body].concat()))
    };
    let bytes = Bytes::copy_from_slice(&sample.head);
    let head = match RequestHead::parse(bytes, &Limits::default()) {
        Ok(head) => head,
        Err(defect) => return refused(defect),
    };
    if let SampleBody::Whole(body) = &sample.body {
        if begins_like_a_field(body) {
            // Fields behind an empty line: the head has ended before them.
            let own = head.fields().len();
            let field = head.fields().iter().last().map(|(name, _)| name.into());
            let kind = DefectKind::EarlyEnd;
            return refused(Defect {
                kind,
                line: own + 1,
                field,
            });
        }
        if head.framing() == Framing::Chunked
            && let Err(kind) = BodyScan::strict(Framing::Chunked).scan(body, |_| ())
        {
            return refused(Defect::whole(kind));
        }
    }
    let Some(authority) = sample.authority.clone() else {
        return refused(Defect::whole(DefectKind::BadHost));
    };
    let via = match sample.scheme {
        Scheme::Http => Via::Absolute,
        Scheme::Https => Via::Connect,
    };
    let target = Target::new(authority, true, Some(sample.scheme), via);
    let arrival = Arrival {
        target: &target,
        head: &head,
        path_and_query: head.target(),
        sni: None,
    };
    let body = match &sample.body {
        SampleBody::None => BodyInput::None,
        SampleBody::Elsewhere => BodyInput::Pending,
        SampleBody::Whole(body) => BodyInput::Seen {
            prefix: body,
            whole: true,
        },
    };
    let facts = facts::Request::derive(&arrival, body);
    Judged::Sound(Box::new(facts), head.target().to_vec())
}
