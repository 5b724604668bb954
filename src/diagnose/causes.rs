//! Ranked causes of a reply that is no success.
//!
//! Each cause gathers weight with its evidence, and the order follows the weights; equal ones stand in the order of
//! NiceNIC's article. Weights are data of this file alone: what is told is the evidence.
use crate::record::{
    AnswerBy, Confidence, Environment, Exchange, Failure, Leaf, Severity, Stage, Verdict, Who,
};
use crate::rules;
use crate::stumble::{self, Place};

use super::catalogue::{self, Kind};
use super::compare::{self, Difference};
use super::memory::{Memory, Sketch, is_call};
use super::message::{self, Speaks};

/// What was found out about an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The causes, the likeliest first.
    pub causes: Vec<Cause>,
    /// The nearest call that worked, and what differs.
    pub compared_with: Option<(u64, Vec<Difference>)>,
}

/// A cause, with what speaks for and against it. Its texts hold masked text only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `1` to `8` of NiceNIC's article, or a word.
    pub cause: &'static str,
    /// In words.
    pub title: &'static str,
    /// Who must act.
    pub who: Who,
    /// How likely.
    pub likelihood: Confidence,
    /// What speaks for it.
    pub evidence_for: Vec<String>,
    /// What speaks against it.
    pub evidence_against: Vec<String>,
    /// What to do.
    pub fix: String,
}

/// Looks at an exchange in the light of those before it.
pub fn diagnose<T: Leaf>(exchange: &Exchange<T>, memory: &Memory) -> Found {
    let verdict = exchange.diagnosis.verdict;
    if matches!(verdict, Verdict::Ok | Verdict::Pending | Verdict::Held) {
        return Found::default();
    }
    stumble::at(Place::Diagnose, exchange.request.url.as_ref().as_bytes());
    let mut case = Case::new(exchange, memory);
    match verdict {
        Verdict::Unreachable => case.was_not_reached(),
        Verdict::Aborted => case.was_left(),
        Verdict::Failed => case.reply_is_no_use(),
        _ if !is_call(exchange) => case.findings(),
        _ => case.was_turned_down(),
    }
    Found {
        causes: case.ranked(),
        compared_with: is_call(exchange)
            .then(|| compare::nearest(&case.now, memory))
            .flatten(),
    }
}

/// One exchange under investigation.
struct Case<'a, T> {
    exchange: &'a Exchange<T>,
    memory: &'a Memory,
    now: Sketch,
    suspects: Vec<Suspect>,
}

/// A cause that is being weighed.
struct Suspect {
    kind: &'static Kind,
    weight: i32,
    /// Whether something said it outright.
    is_said: bool,
    pros: Vec<String>,
    cons: Vec<String>,
}

impl<'a, T: Leaf> Case<'a, T> {
    fn new(exchange: &'a Exchange<T>, memory: &'a Memory) -> Self {
        Self {
            exchange,
            memory,
            now: Sketch::of(exchange),
            suspects: Vec::new(),
        }
    }

    /// The API refused the login, or the request.
    fn was_turned_down(&mut self) {
        self.findings();
        let speaks = self.reply();
        self.credential();
        self.way();
        self.history();
        if speaks.is_specific() {
            // A message that names its own subject leaves little room for the general suspects.
            self.suspects
                .retain(|suspect| suspect.is_said || suspect.weight >= LIKELY);
        }
    }

    /// What rules have found, where they name a cause.
    fn findings(&mut self) {
        for finding in &self.exchange.findings {
            // What rules say of the reply is weighed with the reply: the same evidence does not count twice.
            let Some(cause) = finding
                .cause
                .as_deref()
                .filter(|_| finding.at.as_ref() != "reply")
            else {
                continue;
            };
            let weight = match (finding.severity, finding.confidence) {
                (Severity::Error, Confidence::Is) => 90,
                (Severity::Error, Confidence::Likely) => 70,
                (Severity::Error, Confidence::May) | (Severity::Warn, Confidence::Is) => 40,
                (Severity::Warn, _) => 30,
                (Severity::Info | Severity::Good, _) => continue,
            };
            let what = rules::find(&finding.code).map_or_else(
                || finding.name.replace('-', " "),
                |rule| rule.summary.into(),
            );
            let at = finding.at.as_ref();
            self.suspect(cause, weight, format!("{} at {at}: {what}", finding.code));
        }
    }

    /// What the reply says, and what it leaves open.
    fn reply(&mut self) -> Speaks {
        let exchange = self.exchange;
        let Some(response) = &exchange.response else {
            return Speaks::Nothing;
        };
        let who = self.server();
        let Some(envelope) = &response.envelope else {
            return self.foreign_reply(response.status);
        };
        let (code, msg) = (envelope.code, envelope.msg.as_ref());
        let said = format!("{who} replied code {code}: \"{}\"", cut(msg));
        let speaks = message::subject(msg);
        match speaks {
            Speaks::Address => self.say("3", said),
            Speaks::Login => {
                self.suspect("1", 35, said.clone());
                self.suspect("2", 5, said.clone());
                self.suspect("3", 15, said.clone());
                self.suspect("4", 14, said);
            }
            Speaks::Permission => {
                self.suspect("5", 35, said.clone());
                self.suspect("3", 25, said.clone());
                self.suspect("4", 20, said.clone());
                self.suspect("1", 15, said);
            }
            Speaks::Balance => self.say("balance", said),
            Speaks::Rate => self.say("rate", said),
            Speaks::Domain => self.suspect("domain", LIKELY, said),
            Speaks::Action => self.suspect("7", LIKELY, said),
            Speaks::Nothing if exchange.diagnosis.verdict == Verdict::Refused => {
                for (cause, weight) in [("1", 30), ("3", 25), ("4", 20), ("5", 10)] {
                    self.suspect(cause, weight, said.clone());
                }
            }
            // NiceNIC's article counts eight causes behind one such message: none is closed by it.
            Speaks::Nothing => {
                for (cause, weight) in [("7", 30), ("1", 24), ("3", 22), ("4", 20), ("5", 5)] {
                    self.suspect(cause, weight, said.clone());
                }
                if self.exchange.findings.iter().any(|it| it.code == "N432") {
                    self.against("7", "every parameter has its documented form (N432)");
                    self.weigh("7", -4);
                }
            }
        }
        if self.is_whmcs() && matches!(speaks, Speaks::Nothing | Speaks::Login) {
            self.suspect("8", 12, "the call comes from WHMCS".to_owned());
        }
        speaks
    }

    /// A reply that is not the API's own: somebody before it may have answered.
    fn foreign_reply(&mut self, status: u16) -> Speaks {
        let said = format!("HTTP {status} without the API's own envelope");
        if self.is_html() {
            self.suspect("between", LIKELY, format!("{said}: a web page"));
            self.suspect("6", 25, format!("{said}: a web page"));
            if matches!(status, 401 | 403) {
                self.suspect("3", 25, said);
            }
            return Speaks::Nothing;
        }
        match status {
            404 | 405 => self.suspect("6", LIKELY, said),
            429 => self.say("rate", said),
            401 | 403 => {
                for (cause, weight) in [("3", 30), ("1", 28), ("4", 22), ("2", 10), ("5", 8)] {
                    self.suspect(cause, weight, said.clone());
                }
            }
            _ => self.suspect("7", 30, said),
        }
        Speaks::Nothing
    }

    /// How the credential arrived, and whether it is one that the user named.
    fn credential(&mut self) {
        let call = &self.exchange.call;
        let Some(credential) = &call.credential else {
            let seen = "no whole `username:api_secret` arrived in the Authorization header";
            self.suspect("2", 80, seen.to_owned());
            // A secret that never arrived cannot be the wrong one.
            self.drop_suspects(&["1", "8", "5"]);
            return;
        };
        let header_is_wrong = self.exchange.findings.iter().any(|finding| {
            finding.severity == Severity::Error && finding.cause.as_deref() == Some("2")
        });
        if header_is_wrong {
            self.drop_suspects(&["1", "8"]);
            return;
        }
        let whole = "the header arrived whole: user name, colon, secret";
        self.against("2", whole);
        let is = credential.is.as_deref();
        match (is, call.environment) {
            (Some("login"), _) => {
                self.suspect("1", 95, "the secret is the login password".to_owned());
            }
            (Some("sandbox"), Environment::Production) => {
                let seen = "the sandbox's secret was sent to production";
                self.suspect("environment", 95, seen.to_owned());
            }
            (Some("api"), Environment::Sandbox) => {
                let seen = "production's secret was sent to the sandbox";
                self.suspect("environment", 95, seen.to_owned());
            }
            (Some("api" | "sandbox"), _) => {
                self.against("1", "the secret is the one that you named with --know");
            }
            _ => {}
        }
        if let Some(differs) = &credential.differs {
            let seen = format!("the secret differs from the one that you named: {differs}");
            self.suspect("1", 75, seen);
        }
    }

    /// The way out, and the user's list.
    fn way(&mut self) {
        let egress = &self.exchange.egress;
        let seen = self.seen();
        match (egress.whitelisted, &seen) {
            (Some(true), Some(seen)) => {
                for cause in ["3", "4"] {
                    self.against(cause, &format!("{seen} is in your list"));
                    self.weigh(cause, -40);
                }
            }
            (Some(false), Some(seen)) => {
                // The rule that says so may be switched off.
                self.suspect("4", 10, format!("{seen} is not in your list"));
            }
            (_, Some(seen)) => {
                for cause in ["3", "4"] {
                    self.note(
                        cause,
                        format!("{seen}; your list is not known (--whitelist)"),
                    );
                }
            }
            (_, None) => {
                let time = self
                    .exchange
                    .time
                    .timestamp()
                    .strftime("%H:%M:%S")
                    .to_string();
                for cause in ["3", "4"] {
                    self.note(cause, format!("the outbound IP is not known: ask NiceNIC which address they saw at {time} UTC"));
                }
            }
        }
        if egress.chosen_by == "upstream-proxy" {
            let seen = "another proxy stands between, and chooses the outbound IP";
            self.suspect("4", 20, seen.to_owned());
        }
    }

    /// What calls before this one tell.
    fn history(&mut self) {
        let memory = self.memory;
        let now = self.now.clone();
        let good: Vec<&Sketch> = memory
            .newest_first()
            .filter(|call| call.is_good())
            .collect();
        let here = |call: &&&Sketch| call.environment == now.environment;
        let same = |call: &&&Sketch| call.has_credential_of(&now);
        let mine: Vec<&Sketch> = good.iter().filter(here).filter(same).copied().collect();
        if let Some(before) = mine.iter().find(|call| call.left_like(&now) == Some(true)) {
            return self.worked_like_this(before);
        }
        if let Some(before) = mine.iter().find(|call| call.left_like(&now) == Some(false)) {
            let seen = format!(
                "the same credential worked in {} from {}",
                before.name(),
                shown(before)
            );
            self.against("1", &seen);
            self.weigh("1", -25);
            self.against("5", &seen);
            self.weigh("5", -25);
            self.suspect(
                "4",
                45,
                format!("{seen}; now the outbound IP is {}", shown(&now)),
            );
        } else if let Some(before) = mine.first() {
            let seen = format!("the same credential worked in {}", before.name());
            for cause in ["1", "3", "4", "5", "8"] {
                self.against(cause, &seen);
                self.weigh(cause, -12);
            }
            self.suspect("7", 20, format!("{seen}, with {}", before.action()));
        }
        let elsewhere = good
            .iter()
            .find(|call| call.environment != now.environment && call.has_credential_of(&now));
        if let Some(before) = elsewhere.filter(|_| mine.is_empty()) {
            let place = place(before.environment);
            let seen = format!("the same secret worked on {place} in {}", before.name());
            self.suspect("environment", 85, seen);
        }
        let other = good.iter().filter(here).find(|call| {
            call.left_like(&now) == Some(true)
                && call.credential.is_some()
                && !call.has_credential_of(&now)
        });
        if let Some(before) = other {
            let seen = format!(
                "another secret worked from the same outbound IP in {}",
                before.name()
            );
            self.suspect("1", 45, seen.clone());
            for cause in ["3", "4"] {
                self.against(cause, &seen);
                self.weigh(cause, -30);
            }
        }
        self.refused_before();
    }

    /// The same credential from the same address has succeeded: neither of them is the cause.
    fn worked_like_this(&mut self, before: &Sketch) {
        let seen = format!(
            "the same credential worked from the same outbound IP in {} ({})",
            before.name(),
            before.action()
        );
        if self.exchange.diagnosis.verdict == Verdict::Refused {
            self.suspect("changed", LIKELY, seen.clone());
            for cause in ["1", "3", "4", "5", "8"] {
                self.against(cause, &seen);
                self.weigh(cause, -15);
            }
            return;
        }
        self.drop_suspects(&["1", "3", "4", "5", "8"]);
        self.suspect("7", 45, seen);
    }

    /// The call before this one was refused with the very same secret.
    fn refused_before(&mut self) {
        let now = &self.now;
        let is_refused = |call: &&Sketch| {
            !call.is_good() && call.environment == now.environment && call.has_credential_of(now)
        };
        let mut calls = self.memory.newest_first();
        let Some(before) = calls.next().filter(|call| is_refused(call)) else {
            return;
        };
        let seen = format!(
            "the same secret as in {}, which was refused too: was the new one saved?",
            before.name()
        );
        self.note("1", seen.clone());
        self.note("8", seen);
    }

    fn was_not_reached(&mut self) {
        self.findings();
        let Some(Failure { stage, reason, .. }) = &self.exchange.failure else {
            return;
        };
        let reason = reason.as_ref().to_owned();
        let cause = match stage {
            Stage::Resolve => "name",
            Stage::Tls => "tls",
            _ => "network",
        };
        self.say(cause, reason);
    }

    fn was_left(&mut self) {
        let reason = self
            .exchange
            .failure
            .as_ref()
            .map(|failure| failure.reason.as_ref());
        self.say(
            "client",
            reason.unwrap_or("the connection was closed").to_owned(),
        );
    }

    fn reply_is_no_use(&mut self) {
        self.findings();
        if let Some(failure) = &self.exchange.failure {
            let reason = failure.reason.as_ref().to_owned();
            return self.say("broken", reason);
        }
        let status = self
            .exchange
            .response
            .as_ref()
            .map_or(0, |reply| reply.status);
        if matches!(status, 300..400) {
            return self.suspect("6", LIKELY, format!("HTTP {status}: a redirect"));
        }
        if self.is_html() && !matches!(status, 500..) {
            let said = format!("HTTP {status} with a web page");
            self.suspect("6", 25, said.clone());
            return self.suspect("between", LIKELY, said);
        }
        self.suspect("server", LIKELY, format!("HTTP {status}"));
    }

    /// Adds evidence for a cause; it becomes a suspect if it was none.
    fn suspect(&mut self, cause: &str, weight: i32, evidence: String) {
        let Some(kind) = catalogue::kind(cause) else {
            return;
        };
        let Some(suspect) = self.suspects.iter_mut().find(|one| one.kind.cause == cause) else {
            self.suspects.push(Suspect {
                kind,
                weight,
                is_said: false,
                pros: vec![evidence],
                cons: Vec::new(),
            });
            return;
        };
        suspect.weight += weight;
        if !suspect.pros.contains(&evidence) {
            suspect.pros.push(evidence);
        }
    }

    /// Adds evidence that says a cause outright.
    fn say(&mut self, cause: &str, evidence: String) {
        self.suspect(cause, SAID, evidence);
        if let Some(suspect) = self.suspects.iter_mut().find(|one| one.kind.cause == cause) {
            suspect.is_said = true;
        }
    }

    /// Adds a remark to a cause that is a suspect already.
    fn note(&mut self, cause: &str, evidence: String) {
        if let Some(suspect) = self.suspects.iter_mut().find(|one| one.kind.cause == cause) {
            suspect.pros.push(evidence);
        }
    }

    /// Adds evidence against a cause that is a suspect already.
    fn against(&mut self, cause: &str, evidence: &str) {
        if let Some(suspect) = self.suspects.iter_mut().find(|one| one.kind.cause == cause) {
            suspect.cons.push(evidence.to_owned());
        }
    }

    fn weigh(&mut self, cause: &str, weight: i32) {
        if let Some(suspect) = self.suspects.iter_mut().find(|one| one.kind.cause == cause) {
            suspect.weight += weight;
        }
    }

    fn drop_suspects(&mut self, causes: &[&str]) {
        self.suspects
            .retain(|suspect| suspect.is_said || !causes.contains(&suspect.kind.cause));
    }

    fn ranked(&self) -> Vec<Cause> {
        let mut suspects: Vec<&Suspect> = self.suspects.iter().collect();
        suspects.retain(|suspect| suspect.weight > 0);
        suspects.sort_by_key(|suspect| (-suspect.weight, suspect.kind.order()));
        let outbound = self.all_outbound();
        let fix = |kind: &Kind| match kind.cause {
            "3" | "4" if !outbound.is_empty() => {
                format!("enter {outbound} at NiceNIC: Reseller, API Settings, IP whitelist; save")
            }
            _ => kind.fix.to_owned(),
        };
        suspects
            .into_iter()
            .take(MOST)
            .map(|suspect| Cause {
                cause: suspect.kind.cause,
                title: suspect.kind.title,
                who: suspect.kind.who,
                likelihood: suspect.likelihood(),
                evidence_for: suspect.pros.clone(),
                evidence_against: suspect.cons.clone(),
                fix: fix(suspect.kind),
            })
            .collect()
    }

    /// `203.0.113.9 (seen by a.example over IPv4 at 12:01:02 UTC)`
    fn seen(&self) -> Option<String> {
        let public = self.exchange.egress.public.as_ref()?;
        let outbound = self.now.outbound?;
        let by: Vec<&str> = public.seen_by.iter().map(AsRef::as_ref).collect();
        let family = if outbound.is_ipv6() { "IPv6" } else { "IPv4" };
        let at = public.at.timestamp().strftime("%H:%M:%S");
        Some(format!(
            "{outbound} (seen by {} over {family} at {at} UTC)",
            by.join(", ")
        ))
    }

    /// The outbound addresses that were seen over the call's family.
    fn all_outbound(&self) -> String {
        let Some(first) = self.now.outbound else {
            return String::new();
        };
        let public = self.exchange.egress.public.iter();
        let others = public.flat_map(|public| &public.others);
        let others = others.filter(|other| other.is_ipv4() == first.is_ipv4());
        let all: Vec<String> = std::iter::once(&first)
            .chain(others)
            .map(ToString::to_string)
            .collect();
        all.join(" and ")
    }

    fn server(&self) -> &'static str {
        if self.exchange.answer.by == AnswerBy::Mock {
            "the mock"
        } else if self.exchange.call.environment == Environment::Other {
            "the server"
        } else {
            "NiceNIC"
        }
    }

    fn is_html(&self) -> bool {
        let body = self
            .exchange
            .response
            .as_ref()
            .and_then(|reply| reply.body.as_ref());
        let kind = body.and_then(|body| body.content_type.as_ref());
        kind.is_some_and(|kind| kind.as_ref().to_ascii_lowercase().contains("text/html"))
    }

    fn is_whmcs(&self) -> bool {
        let agent = self.exchange.client.user_agent.as_ref();
        agent.is_some_and(|agent| agent.as_ref().to_ascii_lowercase().contains("whmcs"))
    }
}

impl Suspect {
    fn likelihood(&self) -> Confidence {
        match self.weight {
            _ if self.is_said => Confidence::Is,
            weight if weight >= LIKELY => Confidence::Likely,
            _ => Confidence::May,
        }
    }
}

fn shown(call: &Sketch) -> String {
    call.outbound.map_or_else(
        || "an unknown address".to_owned(),
        |address| address.to_string(),
    )
}

const fn place(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "production",
        Environment::Sandbox => "the sandbox",
        Environment::Other => "another host",
    }
}

/// A message of the reply, not longer than one can read in a list.
fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{start}…")
}

/// The weight from which a cause is likely.
const LIKELY: i32 = 60;
/// The weight of what something said outright.
const SAID: i32 = 120;
/// Causes that are told.
const MOST: usize = 5;
const LONGEST: usize = 160;
