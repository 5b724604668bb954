//! NiceNIC's twelve points, in its own order, each answered as far as records can answer it.
use crate::record::{AnswerBy, Exchange, Leaf, Risk, Verdict, Who};

use super::memory::{Sketch, is_call, outbound};

/// One of the twelve points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Its number, from 1.
    pub number: usize,
    /// What is to be checked.
    pub text: &'static str,
    /// What was found.
    pub answer: Answer,
    /// Who must act, if it is not in order.
    pub who: Who,
}

/// What was found out about a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is in order: how that was seen.
    Yes(String),
    /// It is not: what was seen, and what to do.
    No(String, String),
    /// Records cannot tell: where to look.
    OnlyYou(String),
}

/// Answers the twelve points for one call, in the light of all calls of its run.
pub fn checklist<T: Leaf>(call: &Exchange<T>, run: &[&Exchange<T>]) -> Vec<Point> {
    let view = View::of(call, run);
    let answers = [
        view.account(),
        view.settings_page(),
        view.password_set(),
        view.password_used(),
        view.header(),
        view.endpoint(),
        view.content_type(),
        view.body(),
        view.address(),
        view.whmcs_address(),
        view.low_risk_first(),
        view.recorded(),
    ];
    let points = POINTS.iter().zip(answers);
    points
        .enumerate()
        .map(|(index, ((text, who), answer))| Point {
            number: index + 1,
            text,
            answer,
            who: *who,
        })
        .collect()
}

struct View<'a, T> {
    call: &'a Exchange<T>,
    run: &'a [&'a Exchange<T>],
    now: Sketch,
    /// A call that worked with the same credential on the same system.
    good: Option<u64>,
}

impl<'a, T: Leaf> View<'a, T> {
    fn of(call: &'a Exchange<T>, run: &'a [&'a Exchange<T>]) -> Self {
        let now = Sketch::of(call);
        let worked = |other: &&&Exchange<T>| {
            // What the mock says proves nothing of an account.
            let is_api = other.answer.by == AnswerBy::Origin;
            let other = Sketch::of(**other);
            is_api
                && other.is_good()
                && other.environment == now.environment
                && other.has_credential_of(&now)
        };
        let good = run.iter().rev().find(worked).map(|other| other.id);
        Self {
            call,
            run,
            now,
            good,
        }
    }

    /// Yes, because a call with this credential worked; else the user must look.
    fn by_success(&self, what: &str, where_to_look: &str) -> Answer {
        match self.good {
            Some(id) => Answer::Yes(format!("{what} in #{id}")),
            None => Answer::OnlyYou(where_to_look.to_owned()),
        }
    }

    fn account(&self) -> Answer {
        self.by_success(
            "a call of this account worked",
            "log in at NiceNIC: does the menu show Reseller? If not, ask NiceNIC to open the API for the account",
        )
    }

    fn settings_page(&self) -> Answer {
        self.by_success(
            "a call of this account worked",
            "NiceNIC: Reseller, API Settings: can you open it?",
        )
    }

    fn password_set(&self) -> Answer {
        if self.is("login") {
            return Answer::No(
                format!("#{} sent the login password", self.call.id),
                "set another one at NiceNIC: Reseller, API Settings, and save".to_owned(),
            );
        }
        self.by_success(
            "the API took the secret",
            "NiceNIC: Reseller, API Settings: is an API password set, other than the login password?",
        )
    }

    fn password_used(&self) -> Answer {
        if self.is("login") {
            return Answer::No(
                format!("#{} sent the login password", self.call.id),
                "put the API password into the integration (WHMCS: API Secret)".to_owned(),
            );
        }
        self.by_success(
            "the API took the secret",
            "compare the integration's secret with the API password; nicetap cannot know it",
        )
    }

    fn header(&self) -> Answer {
        if let Some(no) = self.finding("2") {
            return no;
        }
        match &self.call.call.credential {
            Some(credential) => Answer::Yes(format!(
                "seen in #{}: user name {}, a colon, a secret",
                self.call.id,
                credential.username.as_ref()
            )),
            None => Answer::No(
                format!("#{} has no `username:api_secret`", self.call.id),
                "send the header Authorization: username:api_secret".to_owned(),
            ),
        }
    }

    fn endpoint(&self) -> Answer {
        if let Some(no) = self.finding("6") {
            return no;
        }
        let place = self.now.place();
        if ENDPOINTS.contains(&place) {
            return Answer::Yes(format!("seen in #{}: {place}", self.call.id));
        }
        Answer::No(
            format!("#{} went to {place}", self.call.id),
            format!("call {} (sandbox: {})", ENDPOINTS[0], ENDPOINTS[1]),
        )
    }

    fn content_type(&self) -> Answer {
        if let Some(no) = self.coded(&["N303", "N304"]) {
            return no;
        }
        let headers = &self.call.request.headers;
        let kind = headers
            .iter()
            .find(|(name, _)| name.as_ref().eq_ignore_ascii_case("content-type"));
        match kind {
            Some((_, kind)) => Answer::Yes(format!("seen in #{}: {}", self.call.id, kind.as_ref())),
            None => Answer::No(
                format!("#{} has none", self.call.id),
                "send the header Content-Type: application/json".to_owned(),
            ),
        }
    }

    fn body(&self) -> Answer {
        if let Some(no) = self.coded(&["N305"]) {
            return no;
        }
        match &self.call.request.body {
            Some(body) if body.size > 0 => Answer::Yes(format!(
                "seen in #{}: {} bytes, no error found",
                self.call.id, body.size
            )),
            _ => Answer::Yes(format!(
                "#{} has no body: its parameters stand in the URL",
                self.call.id
            )),
        }
    }

    fn address(&self) -> Answer {
        let egress = &self.call.egress;
        let seen = outbound(egress);
        match (egress.whitelisted, seen) {
            (Some(true), Some(seen)) => Answer::Yes(format!(
                "{seen}, seen for #{}, is in your list",
                self.call.id
            )),
            (Some(false), Some(seen)) => Answer::No(
                format!("{seen}, seen for #{}, is not in your list", self.call.id),
                "enter it at NiceNIC: Reseller, API Settings, IP whitelist; save".to_owned(),
            ),
            _ => {
                let look = match seen {
                    Some(seen) => format!("does NiceNIC: Reseller, API Settings, IP whitelist hold {seen}?"),
                    None => "`nicetap egress` shows the outbound IP; compare it with NiceNIC: Reseller, API Settings, IP whitelist".to_owned(),
                };
                self.by_success("a call from this machine worked", &look)
            }
        }
    }

    fn whmcs_address(&self) -> Answer {
        let agent = self.call.client.user_agent.as_ref();
        let is_whmcs = agent.is_some_and(|agent| agent.as_ref().to_lowercase().contains("whmcs"));
        if is_whmcs {
            return self.address();
        }
        Answer::OnlyYou(
            "if WHMCS runs on another server, run nicetap there: its address counts, and that of its cron".to_owned(),
        )
    }

    fn low_risk_first(&self) -> Answer {
        let read = self
            .run
            .iter()
            .find(|call| is_call(call) && call.call.risk == Risk::Read && call.id <= self.call.id);
        match read {
            Some(read) => Answer::Yes(format!("{} in #{}", Sketch::of(*read).action(), read.id)),
            None => Answer::No(
                "no read-only call was seen before".to_owned(),
                "call domain/check first: it changes nothing and costs nothing".to_owned(),
            ),
        }
    }

    fn recorded(&self) -> Answer {
        Answer::Yes(format!(
            "#{} at {}; `nicetap report {}` writes it down",
            self.call.id, self.call.time, self.call.id
        ))
    }

    fn is(&self, which: &str) -> bool {
        let credential = self.call.call.credential.as_ref();
        credential.is_some_and(|credential| credential.is.as_deref() == Some(which))
    }

    /// What a finding of this cause says.
    fn finding(&self, cause: &str) -> Option<Answer> {
        let is_it = |code: &str, of: Option<&str>| of == Some(cause) && !code.starts_with("N6");
        let mut found = self.call.findings.iter();
        let found = found.find(|one| is_it(&one.code, one.cause.as_deref()))?;
        Some(no(&found.code, found.seen.as_ref(), found.fix.as_ref()))
    }

    fn coded(&self, codes: &[&str]) -> Option<Answer> {
        let mut found = self.call.findings.iter();
        let found = found.find(|one| codes.contains(&&*one.code))?;
        Some(no(&found.code, found.seen.as_ref(), found.fix.as_ref()))
    }
}

fn no(code: &str, seen: &str, fix: &str) -> Answer {
    Answer::No(format!("{code}: {seen}"), fix.to_owned())
}

/// The call that a person most likely asks about: the last that failed, else the last.
pub fn subject<'a, T: Leaf>(run: &[&'a Exchange<T>]) -> Option<&'a Exchange<T>> {
    let calls = || run.iter().rev().copied().filter(|call| is_call(call));
    let is_bad =
        |call: &&Exchange<T>| !matches!(call.diagnosis.verdict, Verdict::Ok | Verdict::Pending);
    calls().find(is_bad).or_else(|| calls().next())
}

/// The points of the article, and who must act.
const POINTS: [(&str, Who); 12] = [
    ("the account has reseller access", Who::Nicenic),
    ("API Settings can be opened under Reseller", Who::You),
    (
        "an API password is set that differs from the login password",
        Who::You,
    ),
    ("the integration uses the API password", Who::You),
    ("the Authorization header is username:api_secret", Who::You),
    ("the endpoint is https://api.nicenic.net/v2/", Who::You),
    ("the Content-Type is application/json", Who::You),
    ("the body is valid JSON", Who::You),
    ("the server's outbound IP is whitelisted", Who::You),
    (
        "with WHMCS: the WHMCS server's outbound IP is whitelisted",
        Who::Host,
    ),
    ("a low-risk action was tested first", Who::You),
    (
        "timestamp, action, domain, response code and message are recorded",
        Who::You,
    ),
];
const ENDPOINTS: [&str; 2] = [
    "https://api.nicenic.net/v2/",
    "https://sandbox-api.nicenic.net/v2/",
];
