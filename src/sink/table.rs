//! One line a call: time, action, domain, HTTP, code, message, outbound IP.
use jiff::tz::TimeZone;

use crate::record::{AddressFamily, Exchange, Leaf, Record};

use super::escape;
use super::text::{WIDEST, cut, fit};

/// The lines of `nicetap log --table`.
pub struct Table {
    zone: TimeZone,
    columns: usize,
}

impl Table {
    /// A table of so many columns (100, where the terminal's width is not known; at least 80).
    pub fn new(zone: TimeZone, columns: Option<usize>) -> Self {
        Self {
            zone,
            columns: columns.unwrap_or(WIDEST).max(NARROWEST),
        }
    }

    /// The line above all others, with its end.
    pub fn header(&self) -> String {
        let names = ["time", "action", "domain", "HTTP", "code", "message"];
        self.line(&names.map(str::to_owned), "outbound IP")
    }

    /// The line for a record, with its end; `None` if the record is no call.
    pub fn row<T: Leaf>(&self, record: &Record<T>) -> Option<String> {
        let Record::Exchange(exchange) = record else {
            return None;
        };
        let reply = exchange.response.as_ref();
        let envelope = reply.and_then(|reply| reply.envelope.as_ref());
        let cells = [
            self.time(exchange),
            action(exchange),
            domains(exchange),
            exchange
                .answer
                .status
                .map_or_else(|| "none".into(), |status| status.to_string()),
            envelope.map_or_else(String::new, |envelope| envelope.code.to_string()),
            envelope.map_or_else(
                || reason(exchange),
                |envelope| envelope.msg.as_ref().to_owned(),
            ),
        ];
        Some(self.line(&cells, &outbound(exchange)))
    }

    fn line(&self, cells: &[String; 6], outbound: &str) -> String {
        let fixed: usize = WIDTHS.iter().map(|width| width + 1).sum();
        let message = (self.columns - fixed).saturating_sub(outbound.len().max(15) + 1);
        let widths = WIDTHS.into_iter().chain([message]);
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            line.push_str(&fit(&escape(cell), width));
            line.push(' ');
        }
        line.push_str(&cut(&escape(outbound), 39));
        line.push('\n');
        line
    }

    fn time<T>(&self, exchange: &Exchange<T>) -> String {
        let zoned = exchange
            .time
            .timestamp()
            .to_zoned_datetime(self.zone.clone());
        zoned.strftime("%H:%M:%S%.3f").to_string()
    }
}

fn action<T: Leaf>(exchange: &Exchange<T>) -> String {
    let call = &exchange.call;
    match (&call.category, &call.action) {
        (_, Some(action)) => action.as_ref().to_owned(),
        (Some(category), None) => format!("{}/?", category.as_ref()),
        (None, None) => "?".into(),
    }
}

fn domains<T: Leaf>(exchange: &Exchange<T>) -> String {
    match exchange.call.domains.as_slice() {
        [] => String::new(),
        [domain] => domain.as_ref().to_owned(),
        [first, more @ ..] => format!("{} +{}", first.as_ref(), more.len()),
    }
}

/// What stands for a message where there is none.
fn reason<T: Leaf>(exchange: &Exchange<T>) -> String {
    match &exchange.failure {
        Some(failure) => failure.reason.as_ref().to_owned(),
        None => String::new(),
    }
}

fn outbound<T>(exchange: &Exchange<T>) -> String {
    let egress = &exchange.egress;
    let seen = egress
        .public
        .as_ref()
        .and_then(|public| match egress.family {
            Some(AddressFamily::V6) => public.v6,
            Some(AddressFamily::V4) => public.v4,
            None => public.v4.or(public.v6),
        });
    seen.map_or_else(|| "not known".into(), |seen| seen.to_string())
}

/// Time, action, domain, HTTP, code.
const WIDTHS: [usize; 5] = [12, 14, 20, 4, 5];
const NARROWEST: usize = 80;
