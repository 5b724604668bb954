//! Ranked causes of a reply that is no success.
//!
//! Each cause gathers weight with its evidence. Weights are data of this file alone: what is told is the evidence.
use crate::record::{
    AnswerBy, Confidence, Environment, Exchange, Failure, Leaf, Severity, Stage, Verdict,
};
use crate::rules;
use crate::stumble::{self, Place};

use super::compare::{self, Difference};
use super::memory::{Memory, Sketch, is_call};
use super::message::{self, Speaks};
use super::suspects::{Cause, LIKELY, Suspects};

/// What was found out about an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The causes, the likeliest first.
    pub causes: Vec<Cause>,
    /// The nearest call that worked, and what differs.
    pub compared_with: Option<(u64, Vec<Difference>)>,
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
        causes: case.suspects.ranked(&case.all_outbound()),
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
    suspects: Suspects,
}

impl<'a, T: Leaf> Case<'a, T> {
    fn new(exchange: &'a Exchange<T>, memory: &'a Memory) -> Self {
        Self {
            exchange,
            memory,
            now: Sketch::of(exchange),
            suspects: Suspects::default(),
        }
    }

    /// The API refused the login, or the request.
    fn was_turned_down(&mut self) {
        self.findings();
        let speaks = self.reply();
        self.credential();
        self.way();
        self.history();
        if matches!(speaks, Speaks::Balance | Speaks::Domain) {
            // Who is told of his money or his domain was let in.
            self.suspects.acquit(&["1", "3", "4", "5", "8", "changed"]);
        }
        if speaks.is_specific() {
            // A message that names its own subject leaves little room for the general suspects.
            self.suspects.keep_likely();
        }
    }

    /// What rules have found, where they name a cause.
    fn findings(&mut self) {
        let path_is_wrong = self.finds(&["N203", "N204"]);
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
                // A path such as /v2/domain/check holds what the query lacks.
                _ if path_is_wrong && MISSING.contains(&&*finding.code) => 10,
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
            self.suspects
                .add(cause, weight, format!("{} at {at}: {what}", finding.code));
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
            Speaks::Address => self.suspects.say("3", said),
            Speaks::Login => {
                self.suspects.add("1", 35, said.clone());
                self.suspects.add("2", 5, said.clone());
                self.suspects.add("3", 15, said.clone());
                self.suspects.add("4", 14, said);
            }
            Speaks::Permission => {
                self.suspects.add("5", 35, said.clone());
                self.suspects.add("3", 25, said.clone());
                self.suspects.add("4", 20, said.clone());
                self.suspects.add("1", 15, said);
            }
            Speaks::Balance => self.suspects.say("balance", said),
            Speaks::Rate => self.suspects.say("rate", said),
            Speaks::Domain => self.suspects.add("domain", LIKELY, said),
            Speaks::Action => self.suspects.add("7", LIKELY, said),
            Speaks::Nothing if exchange.diagnosis.verdict == Verdict::Refused => {
                for (cause, weight) in [("1", 30), ("3", 25), ("4", 20), ("5", 10)] {
                    self.suspects.add(cause, weight, said.clone());
                }
            }
            // NiceNIC's article counts eight causes behind one such message: none is closed by it.
            Speaks::Nothing => {
                for (cause, weight) in [("7", 30), ("1", 24), ("3", 22), ("4", 20), ("5", 5)] {
                    self.suspects.add(cause, weight, said.clone());
                }
                if self.finds(&["N302"]) {
                    let seen = "no action of this name is documented (N302)";
                    self.suspects.add("7", 30, seen.to_owned());
                }
                if self.finds(&["N432"]) {
                    self.suspects
                        .against("7", "every parameter has its documented form (N432)");
                    self.suspects.weigh("7", -4);
                }
            }
        }
        if self.is_whmcs() && matches!(speaks, Speaks::Nothing | Speaks::Login) {
            self.suspects
                .add("8", 12, "the call comes from WHMCS".to_owned());
        }
        speaks
    }

    /// A reply that is not the API's own: somebody before it may have answered.
    fn foreign_reply(&mut self, status: u16) -> Speaks {
        let said = format!("HTTP {status} without the API's own envelope");
        if self.is_html() {
            self.suspects
                .add("between", LIKELY, format!("{said}: a web page"));
            self.suspects.add("6", 25, format!("{said}: a web page"));
            if matches!(status, 401 | 403) {
                self.suspects.add("3", 25, said);
            }
            return Speaks::Nothing;
        }
        match status {
            404 | 405 => self.suspects.add("6", LIKELY, said),
            429 => self.suspects.say("rate", said),
            401 | 403 => {
                for (cause, weight) in [("3", 30), ("1", 28), ("4", 22), ("2", 10), ("5", 8)] {
                    self.suspects.add(cause, weight, said.clone());
                }
            }
            _ => self.suspects.add("7", 30, said),
        }
        Speaks::Nothing
    }

    /// How the credential arrived, and whether it is one that the user named.
    fn credential(&mut self) {
        let call = &self.exchange.call;
        let Some(credential) = &call.credential else {
            let seen = "no whole `username:api_secret` arrived in the Authorization header";
            self.suspects.add("2", 80, seen.to_owned());
            // A secret that never arrived cannot be the wrong one.
            self.suspects.acquit(&["1", "8", "5"]);
            return;
        };
        if self.header_is_wrong() {
            self.suspects.acquit(&["1", "8"]);
            return;
        }
        let whole = "the header arrived whole: user name, colon, secret";
        self.suspects.against("2", whole);
        let is = credential.is.as_deref();
        match (is, call.environment) {
            (Some("login"), _) => {
                self.suspects
                    .add("1", 95, "the secret is the login password".to_owned());
            }
            (Some("sandbox"), Environment::Production) => {
                let seen = "the sandbox's secret was sent to production";
                self.suspects.add("environment", 95, seen.to_owned());
            }
            (Some("api"), Environment::Sandbox) => {
                let seen = "production's secret was sent to the sandbox";
                self.suspects.add("environment", 95, seen.to_owned());
            }
            (Some("api" | "sandbox"), _) => {
                self.suspects
                    .against("1", "the secret is the one that you named with --know");
                self.suspects.weigh("1", -22);
            }
            _ => {}
        }
        if let Some(differs) = &credential.differs {
            let seen = format!("the secret differs from the one that you named: {differs}");
            self.suspects.add("1", 75, seen);
        }
    }

    /// The way out, and the user's list.
    fn way(&mut self) {
        let egress = &self.exchange.egress;
        let seen = self.seen();
        match (egress.whitelisted, &seen) {
            (Some(true), Some(seen)) => {
                for cause in ["3", "4"] {
                    self.suspects
                        .against(cause, &format!("{seen} is in your list"));
                    self.suspects.weigh(cause, -40);
                }
            }
            (Some(false), Some(seen)) => {
                // The rule that says so may be switched off.
                self.suspects
                    .add("4", 10, format!("{seen} is not in your list"));
            }
            (_, Some(seen)) => {
                for cause in ["3", "4"] {
                    self.suspects.note(
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
                    self.suspects.note(cause, format!("the outbound IP is not known: ask NiceNIC which address they saw at {time} UTC"));
                }
            }
        }
        if egress.chosen_by == "upstream-proxy" {
            let seen = "another proxy stands between, and chooses the outbound IP";
            self.suspects.add("4", 20, seen.to_owned());
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
            self.suspects.against("1", &seen);
            self.suspects.weigh("1", -25);
            self.suspects.against("5", &seen);
            self.suspects.weigh("5", -25);
            self.suspects.add(
                "4",
                45,
                format!("{seen}; now the outbound IP is {}", shown(&now)),
            );
        } else if let Some(before) = mine.first() {
            let seen = format!("the same credential worked in {}", before.name());
            for cause in ["1", "3", "4", "5", "8"] {
                self.suspects.against(cause, &seen);
                self.suspects.weigh(cause, -12);
            }
            self.worked_somehow(before, seen);
        } else {
            self.worked_under_another_name(&good);
        }
        let elsewhere = good
            .iter()
            .find(|call| call.environment != now.environment && call.has_credential_of(&now));
        if let Some(before) = elsewhere.filter(|_| mine.is_empty()) {
            let place = place(before.environment);
            let seen = format!("the same secret worked on {place} in {}", before.name());
            self.suspects.add("environment", 85, seen);
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
            self.suspects.add("1", 45, seen.clone());
            for cause in ["3", "4"] {
                self.suspects.against(cause, &seen);
                self.suspects.weigh(cause, -30);
            }
        }
        self.refused_before();
    }

    /// The same credential has succeeded, nobody knows from which address.
    fn worked_somehow(&mut self, before: &Sketch, seen: String) {
        if self.exchange.diagnosis.verdict == Verdict::Rejected {
            if self.is_from_api() {
                let seen = format!("{seen}, with {}", before.action());
                self.suspects.add("7", 20, seen);
            }
        } else if !self.header_is_wrong() {
            self.suspects.add("changed", 30, seen);
        }
    }

    /// The same secret has succeeded, with another user name in front of it.
    fn worked_under_another_name(&mut self, good: &[&Sketch]) {
        let now = self.now.credential.as_ref();
        let other = |call: &Sketch| {
            let (name, secret) = call.credential.clone()?;
            let (name_now, secret_now) = now?;
            let is_here = call.environment == self.now.environment;
            (is_here && secret == *secret_now && name != *name_now).then_some(name)
        };
        let found = good.iter().find_map(|call| Some((call, other(call)?)));
        if let Some((before, name)) = found {
            let seen = format!(
                "the same secret worked with the user name {name} in {}",
                before.name()
            );
            self.suspects.against("1", &seen);
            self.suspects.weigh("1", -25);
            self.suspects.add("2", LIKELY, seen);
        }
    }

    /// The same credential from the same address has succeeded: neither of them is the cause.
    fn worked_like_this(&mut self, before: &Sketch) {
        let seen = format!(
            "the same credential worked from the same outbound IP in {} ({})",
            before.name(),
            before.action()
        );
        if self.exchange.diagnosis.verdict == Verdict::Refused {
            self.suspects.add("changed", LIKELY, seen.clone());
            for cause in ["1", "3", "4", "5", "8"] {
                self.suspects.against(cause, &seen);
                self.suspects.weigh(cause, -15);
            }
            return;
        }
        self.suspects.acquit(&["1", "3", "4", "5", "8"]);
        if self.is_from_api() {
            self.suspects.add("7", 45, seen);
        }
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
        self.suspects.note("1", seen.clone());
        self.suspects.note("8", seen);
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
        self.suspects.say(cause, reason);
    }

    fn was_left(&mut self) {
        let reason = self
            .exchange
            .failure
            .as_ref()
            .map(|failure| failure.reason.as_ref());
        self.suspects.say(
            "client",
            reason.unwrap_or("the connection was closed").to_owned(),
        );
    }

    fn reply_is_no_use(&mut self) {
        self.findings();
        if let Some(failure) = &self.exchange.failure {
            let reason = failure.reason.as_ref().to_owned();
            return self.suspects.say("broken", reason);
        }
        let status = self
            .exchange
            .response
            .as_ref()
            .map_or(0, |reply| reply.status);
        if matches!(status, 300..400) {
            return self
                .suspects
                .add("6", LIKELY, format!("HTTP {status}: a redirect"));
        }
        if self.is_html() && !matches!(status, 500..) {
            let said = format!("HTTP {status} with a web page");
            self.suspects.add("6", 25, said.clone());
            return self.suspects.add("between", LIKELY, said);
        }
        if matches!(status, 200..300) {
            let said = format!("HTTP {status} with a body that is no JSON");
            self.suspects.add("server", 40, said.clone());
            return self.suspects.add("between", 35, said);
        }
        self.suspects
            .add("server", LIKELY, format!("HTTP {status}"));
    }

    /// Whether rules found one of these.
    fn finds(&self, codes: &[&str]) -> bool {
        let mut found = self.exchange.findings.iter();
        found.any(|finding| codes.contains(&&*finding.code))
    }

    /// Whether rules are sure that the header is wrong.
    fn header_is_wrong(&self) -> bool {
        let mut found = self.exchange.findings.iter();
        found.any(|finding| {
            finding.severity == Severity::Error && finding.cause.as_deref() == Some("2")
        })
    }

    /// Whether the reply is the API's own.
    fn is_from_api(&self) -> bool {
        let reply = self.exchange.response.as_ref();
        reply.is_some_and(|reply| reply.envelope.is_some())
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

const LONGEST: usize = 160;
/// Rules that miss something in the query.
const MISSING: [&str; 3] = ["N301", "N306", "N307"];
