//! One line a call: time, action, domain, HTTP, code, message, outbound IP.
//!
//! On a terminal the message takes what the other columns leave, and at 80 columns these are short, so that it is whole
//! for what NiceNIC documents. In a file, as for a support ticket, nothing that one can use is cut.
use jiff::ZonedDateTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::record::{AddressFamily, Exchange, Leaf, Record, Verdict};

use super::escape;
use super::text::{cut, fit, width};

/// The lines of `nicetap log --table`.
pub struct Table {
    zone: TimeZone,
    layout: Layout,
    /// That of the last row.
    date: Option<Date>,
}

/// Where the columns stand.
#[derive(Clone, Copy)]
struct Layout {
    /// Of time, action, domain, HTTP, code.
    widths: [usize; 5],
    /// All of them; `None`: a line is as long as it is.
    columns: Option<usize>,
}

impl Table {
    /// A table for a terminal of so many columns (at least 80), or for a file.
    pub fn new(zone: TimeZone, columns: Option<usize>) -> Self {
        let columns = columns.map(|columns| columns.max(NARROWEST));
        let is_narrow = columns.is_some_and(|columns| columns < WIDE);
        let widths = if is_narrow {
            NARROW_WIDTHS
        } else {
            WIDE_WIDTHS
        };
        Self {
            zone,
            layout: Layout { widths, columns },
            date: None,
        }
    }

    /// The line above all others, with its end.
    pub fn header(&self) -> String {
        let names = ["time", "action", "domain", "HTTP", "code"];
        self.layout
            .line(&names.map(str::to_owned), "message", "outbound IP")
    }

    /// The line for a record, with its end, below one for its day if that is another than before; `None` if the record
    /// is no call.
    pub fn row<T: Leaf>(&mut self, record: &Record<T>) -> Option<String> {
        let Record::Exchange(exchange) = record else {
            return None;
        };
        let time = exchange
            .time
            .timestamp()
            .to_zoned_datetime(self.zone.clone());
        let status = exchange.answer.status;
        let envelope = (exchange.response.as_ref()).and_then(|reply| reply.envelope.as_ref());
        let cells = [
            self.time(&time),
            action(exchange),
            self.domains(exchange),
            status.map_or_else(|| "none".into(), |status| status.to_string()),
            envelope.map_or_else(String::new, |envelope| envelope.code.to_string()),
        ];
        let message = match envelope {
            Some(envelope) => envelope.msg.as_ref().to_owned(),
            None => reason(exchange),
        };
        let row = self.layout.line(&cells, &message, &outbound(exchange));
        Some(self.day(&time) + &row)
    }

    /// A line for the day, where it is another one than that of the row before.
    fn day(&mut self, time: &ZonedDateTime) -> String {
        let date = time.date();
        if self.date.replace(date) == Some(date) {
            return String::new();
        }
        format!("{date}, times are UTC{}\n", time.strftime("%:z"))
    }

    fn time(&self, time: &ZonedDateTime) -> String {
        let has_millis = self.layout.widths == WIDE_WIDTHS;
        let form = if has_millis {
            "%H:%M:%S%.3f"
        } else {
            "%H:%M:%S"
        };
        time.strftime(form).to_string()
    }

    /// The first, and how many more: that is not cut.
    fn domains<T: Leaf>(&self, exchange: &Exchange<T>) -> String {
        let [first, more @ ..] = exchange.call.domains.as_slice() else {
            return String::new();
        };
        let more = match more.len() {
            0 => String::new(),
            count => format!(" +{count}"),
        };
        let first = escape(first.as_ref());
        match self.layout.columns {
            Some(_) => cut(&first, self.layout.widths[2].saturating_sub(more.len())) + &more,
            None => cut(&first, LONGEST) + &more,
        }
    }
}

impl Layout {
    fn line(self, cells: &[String; 5], message: &str, outbound: &str) -> String {
        let mut line = String::new();
        for (index, (cell, columns)) in cells.iter().zip(self.widths).enumerate() {
            let cell = escape(cell);
            // Half of a number is another number.
            let is_whole = index >= NUMBERS || self.columns.is_none();
            let columns = if is_whole {
                columns.max(width(&cell).min(LONGEST))
            } else {
                columns
            };
            line.push_str(&fit(&cell, columns));
            line.push(' ');
        }
        let (message, outbound) = (escape(message), escape(outbound));
        let Some(columns) = self.columns else {
            let columns = width(&message).clamp(MESSAGE_IN_FILE, LONGEST);
            return format!(
                "{line}{} {}\n",
                fit(&message, columns),
                cut(&outbound, LONGEST)
            );
        };
        let left = columns.saturating_sub(width(&line));
        let outbound = shortened(&outbound, left.saturating_sub(MESSAGE));
        let message = fit(&message, left.saturating_sub(width(&outbound) + 1));
        format!("{line}{message} {outbound}\n")
    }
}

/// An address without its middle: both ends tell it from others. IPv4 is never too long.
fn shortened(address: &str, columns: usize) -> String {
    let columns = columns.max(SHORTEST_ADDRESS);
    if width(address) <= columns {
        return address.to_owned();
    }
    let front: String = address.chars().take(columns / 2).collect();
    let all = address.chars().count();
    let back = (columns - 1 - columns / 2).min(all);
    let back: String = address.chars().skip(all - back).collect();
    format!("{front}…{back}")
}

fn action<T: Leaf>(exchange: &Exchange<T>) -> String {
    let call = &exchange.call;
    match (&call.category, &call.action) {
        (_, Some(action)) => action.as_ref().to_owned(),
        (Some(category), None) => format!("{}/?", category.as_ref()),
        (None, None) => "?".into(),
    }
}

/// What stands for a message where there is none.
fn reason<T: Leaf>(exchange: &Exchange<T>) -> String {
    if let Some(failure) = &exchange.failure {
        return failure.reason.as_ref().to_owned();
    }
    if exchange.diagnosis.verdict == Verdict::Held {
        return "held by nicetap".into();
    }
    let body = (exchange.response.as_ref()).and_then(|reply| reply.body.as_ref());
    let kind = body.and_then(|body| body.content_type.as_ref());
    let kind = kind.and_then(|kind| kind.as_ref().split(';').next());
    kind.map_or_else(String::new, |kind| format!("({})", kind.trim()))
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

/// Time, action, domain, HTTP, code; then the message has room for `Request parameter error` beside a short address.
const NARROW_WIDTHS: [usize; 5] = [8, 11, 13, 4, 4];
const WIDE_WIDTHS: [usize; 5] = [12, 16, 20, 4, 5];
/// The first column that holds a number.
const NUMBERS: usize = 3;
const NARROWEST: usize = 80;
/// From so many columns on there is room for milliseconds and whole names.
const WIDE: usize = 100;
/// What a message has at least, however long the address is.
const MESSAGE: usize = 16;
const MESSAGE_IN_FILE: usize = 40;
const SHORTEST_ADDRESS: usize = 15;
/// More than anything has that NiceNIC writes.
const LONGEST: usize = 400;
