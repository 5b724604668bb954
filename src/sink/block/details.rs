//! What `-v` adds to a block.
use crate::record::{Body, Call, Client, Diagnosis, Exchange, Leaf, Via};

use super::rows::{field, timing_row};
use super::units::{count, size};
use super::{Renderer, word};
use crate::sink::text::{Page, Rich};

impl Renderer {
    pub(super) fn call_details<T: Leaf>(
        &self,
        page: &mut Page,
        call: &Call<T>,
        client: &Client<T>,
    ) {
        if let Some(credential) = &call.credential {
            let mut parts = vec![
                self.leaf(&credential.username),
                Rich::new("fingerprint ").then(self.leaf(&credential.fingerprint)),
            ];
            parts.extend((credential.is.iter()).map(|which| match which.as_ref() {
                "none" => Rich::new("is none of the known ones"),
                which => Rich::new(format!("is the {which} one")),
            }));
            parts.extend((credential.differs.iter()).map(|how| Rich::new(format!("but {how}"))));
            field(page, "login", &Rich::joined(parts));
        }
        self.client_details(page, client);
    }

    pub(super) fn client_details<T: Leaf>(&self, page: &mut Page, client: &Client<T>) {
        let via = client.via.map(|via| {
            Rich::new(match via {
                Via::Connect => "through CONNECT",
                Via::Absolute => "absolute-form",
                Via::AbsoluteHttps => "absolute-form https in clear",
                Via::Gateway => "origin-form",
            })
        });
        let pid = client.pid.map(|pid| Rich::new(format!("process {pid}")));
        let agent = client.user_agent.as_ref().map(|agent| self.leaf(agent));
        let parts = [Some(Rich::new(client.addr.to_string())), via, pid, agent];
        field(page, "client", &Rich::joined(parts.into_iter().flatten()));
    }

    pub(super) fn exchange_details<T: Leaf>(&self, page: &mut Page, exchange: &Exchange<T>) {
        if let Some(body) = &exchange.request.body {
            field(page, "sent", &self.body(body));
        }
        if let Some(body) = exchange.response.as_ref().and_then(|it| it.body.as_ref()) {
            field(page, "got", &self.body(body));
        }
        if let Some(failure) = &exchange.failure
            && failure.reused
        {
            let text = "the upstream connection had carried a reply before";
            field(page, "reused", &Rich::new(text));
        }
        self.causes(page, &exchange.diagnosis);
        field(page, "timing", &timing_row(&exchange.timing));
        let changed = exchange.fidelity.iter().map(Rich::new);
        field(page, "change", &Rich::joined(changed));
        if exchange.redaction.masked > 0 {
            let kinds = exchange.redaction.rules.join(", ");
            let text = format!("{} ({kinds})", count(exchange.redaction.masked, "place"));
            field(page, "masked", &Rich::new(text));
        }
    }

    fn causes<T: Leaf>(&self, page: &mut Page, diagnosis: &Diagnosis<T>) {
        for cause in &diagnosis.causes {
            let lead = Rich::new(format!("{} ", cause.cause));
            for line in &cause.evidence_for {
                field(page, "for", &lead.clone().then(self.leaf(line)));
            }
            for line in &cause.evidence_against {
                field(page, "not", &lead.clone().then(self.leaf(line)));
            }
            let who = match word(cause.who).as_str() {
                "host" => " (your hosting provider)".to_owned(),
                "nicenic" => " (NiceNIC)".to_owned(),
                who => format!(" ({who})"),
            };
            field(page, "fix", &lead.then(self.leaf(&cause.fix)).text(who));
        }
    }

    fn body<T: Leaf>(&self, body: &Body<T>) -> Rich {
        let kept = if body.truncated {
            format!(", {} kept", size(body.captured))
        } else {
            String::new()
        };
        let lead = Rich::new(format!("{}{kept}", size(body.size)));
        let content = body.text.as_ref().or(body.shape.as_ref());
        Rich::joined(
            [Some(lead), content.map(|text| self.leaf(text))]
                .into_iter()
                .flatten(),
        )
    }
}
