//! What is remembered of calls: who called what, from which address, and how it went.
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::Time;
use crate::record::{
    AddressFamily, AnswerBy, Call, Egress, Environment, Exchange, Leaf, Verdict, Via, Word,
};

/// The calls to the API that were answered, the oldest first.
#[derive(Default)]
pub struct Memory {
    calls: VecDeque<Sketch>,
}

/// What is remembered of one call. All its text is masked, and shared with the record: remembering copies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// Its number.
    pub id: u64,
    /// When it was over.
    pub time: Time,
    /// Whether it is of an earlier run, which had numbers of its own.
    pub is_earlier: bool,
    /// How it went.
    pub verdict: Verdict,
    /// Which of NiceNIC's systems it went to.
    pub environment: Environment,
    /// User name, and the secret's fingerprint.
    pub credential: Option<(Arc<str>, Arc<str>)>,
    /// The outbound address that was seen over its family.
    pub outbound: Option<IpAddr>,
    /// Our own address.
    pub local: Option<IpAddr>,
    /// The family.
    pub family: Option<AddressFamily>,
    /// The method.
    pub method: Arc<str>,
    /// Its header lines, in their order.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// Bytes of its body.
    pub body: u64,
    /// The version of HTTP.
    pub http: Word,
    /// The process that sent it.
    pub process: Option<Arc<str>>,
    url: Arc<str>,
    category: Option<Arc<str>>,
    action: Option<Arc<str>>,
}

impl Memory {
    /// Remembers an exchange, if it was a call to the API that was answered.
    pub fn remember<T: Leaf>(&mut self, exchange: &Exchange<T>) {
        let was_answered = matches!(exchange.answer.by, AnswerBy::Origin | AnswerBy::Mock);
        let tells = matches!(
            exchange.diagnosis.verdict,
            Verdict::Ok | Verdict::Pending | Verdict::Refused | Verdict::Rejected
        );
        if !(was_answered && tells && is_call(exchange)) {
            return;
        }
        if self.calls.len() >= REMEMBERED {
            self.calls.pop_front();
        }
        self.calls.push_back(Sketch::of(exchange));
    }

    /// From now on what is remembered counts as of an earlier run.
    pub fn close_run(&mut self) {
        for call in &mut self.calls {
            call.is_earlier = true;
        }
    }

    /// The calls, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Sketch> {
        self.calls.iter().rev()
    }

    /// The outbound address of the last call that worked with this credential in this environment.
    pub fn last_good<T: Leaf>(&self, call: &Call<T>) -> Option<IpAddr> {
        let sent = call.credential.as_ref()?;
        let is_same = |(username, fingerprint): &(Arc<str>, Arc<str>)| {
            **username == *sent.username.as_ref() && **fingerprint == *sent.fingerprint.as_ref()
        };
        self.newest_first()
            .filter(|sketch| sketch.is_good() && sketch.environment == call.environment)
            .find(|sketch| sketch.credential.as_ref().is_some_and(is_same))
            .and_then(|sketch| sketch.outbound)
    }
}

impl Sketch {
    /// What is remembered of this exchange.
    pub fn of<T: Leaf>(exchange: &Exchange<T>) -> Self {
        let request = &exchange.request;
        let call = &exchange.call;
        Self {
            id: exchange.id,
            time: exchange.time,
            is_earlier: false,
            verdict: exchange.diagnosis.verdict,
            environment: call.environment,
            credential: call
                .credential
                .as_ref()
                .map(|sent| (sent.username.shared(), sent.fingerprint.shared())),
            outbound: outbound(&exchange.egress),
            local: exchange.egress.local.map(|local| local.ip().to_canonical()),
            family: exchange.egress.family,
            method: request.method.shared(),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.shared(), value.shared()))
                .collect(),
            body: request.body.as_ref().map_or(0, |body| body.size),
            http: request.http.clone(),
            process: exchange.client.process.as_ref().map(Leaf::shared),
            url: request.url.shared(),
            category: call.category.as_ref().map(Leaf::shared),
            action: call.action.as_ref().map(Leaf::shared),
        }
    }

    /// `category/action`.
    pub fn action(&self) -> String {
        let part = |part: &Option<Arc<str>>| part.as_deref().unwrap_or("?").to_owned();
        format!("{}/{}", part(&self.category), part(&self.action))
    }

    /// Scheme, host and path.
    pub fn place(&self) -> &str {
        self.url
            .split_once('?')
            .map_or(&*self.url, |(place, _)| place)
    }

    /// The names of its query parameters, in their order.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        let params = query.split('&').filter(|part| !part.is_empty());
        params.map(|part| part.split('=').next().unwrap_or_default())
    }

    /// Whether it asked for the same action.
    pub fn has_action_of(&self, other: &Self) -> bool {
        self.category == other.category && self.action == other.action
    }

    /// How it is named in a text: `#7`, and of which run if not of this one.
    pub fn name(&self) -> String {
        if self.is_earlier {
            let when = self.time.timestamp().strftime("%Y-%m-%d %H:%M UTC");
            return format!("#{} of an earlier run ({when})", self.id);
        }
        format!("#{}", self.id)
    }

    /// Whether it worked.
    pub fn is_good(&self) -> bool {
        matches!(self.verdict, Verdict::Ok | Verdict::Pending)
    }

    /// Whether it used the same credential.
    pub fn has_credential_of(&self, other: &Self) -> bool {
        self.credential.is_some() && self.credential == other.credential
    }

    /// Whether it went out from the same address; `None`: not known of both.
    pub fn left_like(&self, other: &Self) -> Option<bool> {
        match (self.outbound, other.outbound) {
            (Some(one), Some(two)) => Some(one == two),
            _ => None,
        }
    }
}

/// Whether it is a call to the API, or to what stands for it in base-URL mode.
pub(super) fn is_call<T>(exchange: &Exchange<T>) -> bool {
    exchange.call.environment != Environment::Other || exchange.client.via == Some(Via::Gateway)
}

/// The outbound address that was seen over the family of the exchange.
pub fn outbound<T>(egress: &Egress<T>) -> Option<IpAddr> {
    let public = egress.public.as_ref()?;
    match egress.family {
        Some(AddressFamily::V4) => public.v4,
        Some(AddressFamily::V6) => public.v6,
        None => public.v4.or(public.v6),
    }
}

const REMEMBERED: usize = 512;
