//! Records as blocks of lines for people (SPEC 5).
//!
//! One renderer serves the console and `nicetap log`. It remembers which findings it has shown, and nothing else.
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::clock::Time;
use crate::record::{
    Connection, ConnectionStage, EgressNews, Exchange, Finding, Leaf, Notice, Record, Severity,
    Start, Stop, Tunnel, TunnelWhy, Verdict,
};

use super::text::{Page, Rich};
use memory::{Memory, key};
use rows::{
    addresses, answer_row, call_row, diagnosis_row, egress_row, failure_row, labelled, row_if_any,
    seen_by, sender, way,
};
use style::{BOLD, DIM, WARN};
use units::{count, duration, shorten, size};

mod details;
mod finding;
mod memory;
mod rows;
mod style;
mod units;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only blocks with a warning or an error (`-q`).
    Quiet,
    /// All blocks.
    #[default]
    Normal,
    /// All blocks with all details (`-v`).
    Verbose,
}

/// How blocks look.
#[derive(Clone)]
pub struct Look {
    /// How much is shown.
    pub verbosity: Verbosity,
    /// The zone of the times shown.
    pub zone: TimeZone,
    /// The one line that a rule says of itself, by its code; without one its name is shown.
    pub title: fn(&str) -> Option<&'static str>,
    /// Whether a log is read back: then dates, and the starts of nicetap, are shown too.
    pub is_reading: bool,
}

/// Turns records into blocks, in the order of the log.
pub struct Renderer {
    look: Look,
    memory: Memory,
    date: Option<Date>,
}

impl Renderer {
    /// A renderer that has shown nothing yet.
    pub fn new(look: Look) -> Self {
        Self {
            look,
            memory: Memory::default(),
            date: None,
        }
    }

    /// The lines to show for a record, with their ends; empty if it shows nothing.
    ///
    /// They take at most 100 columns, fewer on a narrower terminal, but never fewer than 60. Undo lines are not
    /// broken: they are meant to be copied.
    pub fn render<T: Leaf>(
        &mut self,
        record: &Record<T>,
        columns: Option<usize>,
        colored: bool,
    ) -> String {
        let mut page = Page::new(columns, colored);
        match record {
            Record::Start(start) => self.start(&mut page, start),
            Record::Request(notice) => self.request(&mut page, notice),
            Record::Exchange(exchange) => self.exchange(&mut page, exchange),
            Record::Tunnel(tunnel) => self.tunnel(&mut page, tunnel),
            Record::Connection(connection) => self.connection(&mut page, connection),
            Record::Egress(news) => self.egress(&mut page, news),
            Record::Stop(stop) => self.stop(&mut page, stop),
        }
        let text = page.into_text();
        if text.is_empty() {
            return text;
        }
        self.date_line(time_of(record)) + &text
    }

    /// A notice of nicetap's own; lines after its first are set under it.
    pub fn notice(&self, time: Time, text: &str, columns: Option<usize>, colored: bool) -> String {
        let mut page = Page::new(columns, colored);
        let row = Rich::default()
            .styled(DIM, self.clock(time))
            .text(" nicetap: ");
        let mut lines = text.lines();
        page.row(0, HEAD, &row.text(lines.next().unwrap_or_default()));
        for line in lines {
            page.row(BODY, HEAD + BODY, &Rich::new(line));
        }
        page.into_text()
    }

    /// Forgets what was shown: the numbers begin anew.
    pub fn forget(&mut self) {
        self.memory = Memory::default();
    }

    fn start<T: Leaf>(&mut self, page: &mut Page, start: &Start<T>) {
        self.forget();
        if !self.look.is_reading {
            self.date = Some(self.local_date(start.time));
            return;
        }
        let zoned = start
            .time
            .timestamp()
            .to_zoned_datetime(self.look.zone.clone());
        let listen = start.listen.iter().map(|addr| format!("proxy {addr}"));
        let parts = [format!("nicetap {} started", start.version)]
            .into_iter()
            .chain(listen)
            .chain([format!("times are UTC{}", zoned.strftime("%:z"))]);
        let row = self
            .time(start.time)
            .text(" ")
            .then(Rich::joined(parts.map(Rich::new)));
        page.row(0, HEAD, &row);
    }

    fn request<T: Leaf>(&mut self, page: &mut Page, notice: &Notice<T>) {
        if self.look.verbosity == Verbosity::Quiet && !notice.findings.iter().any(is_loud) {
            return;
        }
        let head = self.head(notice.time, notice.id, "→");
        page.row(
            0,
            HEAD,
            &head.then(self.target(&notice.request.method, &notice.request.url)),
        );
        page.row(HEAD, HEAD, &call_row(&notice.call, &notice.client));
        if self.look.verbosity == Verbosity::Verbose {
            self.call_details(page, &notice.call, &notice.client);
        }
        self.findings(page, notice.id, notice.findings.iter());
        let keys = notice.findings.iter().map(key).collect();
        self.memory.leave(notice.id, keys);
    }

    fn exchange<T: Leaf>(&mut self, page: &mut Page, exchange: &Exchange<T>) {
        let shown = self.memory.answer(exchange.id);
        let went_wrong = exchange.failure.is_some()
            || !matches!(exchange.diagnosis.verdict, Verdict::Ok | Verdict::Pending);
        let is_loud = shown.is_some() || went_wrong || exchange.findings.iter().any(is_loud);
        if self.look.verbosity == Verbosity::Quiet && !is_loud {
            return;
        }
        let head = self.head(exchange.time, exchange.id, "←");
        page.row(0, HEAD, &head.then(answer_row(exchange)));
        if shown.is_none() {
            let target = self.target(&exchange.request.method, &exchange.request.url);
            page.row(BODY, VALUE, &Rich::styled_as(DIM, "to ").then(target));
            page.row(BODY, VALUE, &call_row(&exchange.call, &exchange.client));
        }
        failure_row(page, exchange.failure.as_ref());
        row_if_any(
            page,
            &egress_row(&exchange.egress, exchange.failure.as_ref()),
        );
        row_if_any(page, &diagnosis_row(exchange));
        if let Some(compared) = &exchange.diagnosis.compared_with
            && !compared.differences.is_empty()
        {
            let differences = compared.told().into_iter().map(Rich::new);
            let lead = Rich::new(format!("differs from #{}, which worked: ", compared.id));
            page.row(BODY, VALUE, &lead.then(Rich::joined(differences)));
        }
        let is_new = |finding: &&Finding<T>| {
            shown
                .as_ref()
                .is_none_or(|shown| !shown.contains(&key(*finding)))
        };
        self.findings(
            page,
            exchange.id,
            exchange.findings.iter().filter(|finding| is_new(finding)),
        );
        if self.look.verbosity == Verbosity::Verbose {
            if shown.is_none() {
                self.call_details(page, &exchange.call, &exchange.client);
            }
            self.exchange_details(page, exchange);
        }
    }

    fn tunnel<T: Leaf>(&mut self, page: &mut Page, tunnel: &Tunnel<T>) {
        let is_loud = tunnel.failure.is_some() || tunnel.findings.iter().any(is_loud);
        if self.look.verbosity == Verbosity::Quiet && !is_loud {
            return;
        }
        let target = self.leaf(&tunnel.host).text(format!(":{}", tunnel.port));
        let stood = tunnel.end != "failed";
        let what = if stood {
            "passed through unread"
        } else {
            "not connected"
        };
        let mut parts = vec![target.text(" ").text(what)];
        if stood {
            let bytes = &tunnel.bytes;
            parts.push(Rich::new(format!(
                "{} up, {} down",
                size(bytes.up),
                size(bytes.down)
            )));
            parts.push(Rich::new(duration(tunnel.duration_ms)));
            parts.push(Rich::new(match &*tunnel.end {
                "client" => "ended by the client".into(),
                "origin" => "ended by the server".into(),
                "shutdown" => "ended with nicetap".into(),
                "error" => "broken off".into(),
                other => format!("ended by {other}"),
            }));
        }
        let head = self.head(tunnel.time, tunnel.id, "⇄");
        page.row(0, HEAD, &head.then(Rich::joined(parts)));
        let why = match tunnel.why {
            TunnelWhy::Scope => "not a host that is looked into",
            TunnelWhy::Distrust => "this client refused nicetap's certificate a moment ago",
            TunnelWhy::Expired => {
                "the time for looking is over, or the CA's (`nicetap doctor` tells)"
            }
            TunnelWhy::Sniff => "what came inside is neither TLS nor HTTP",
        };
        let row = Rich::joined([Rich::new(why), sender(&tunnel.client)]);
        page.row(HEAD, HEAD, &row);
        failure_row(page, tunnel.failure.as_ref());
        if self.look.verbosity == Verbosity::Verbose {
            let way = way(
                tunnel.egress.local,
                tunnel.egress.family,
                tunnel.egress.peer,
                tunnel.failure.as_ref(),
            );
            row_if_any(page, &way);
            self.client_details(page, &tunnel.client);
        }
        self.findings(page, tunnel.id, tunnel.findings.iter());
    }

    fn connection<T: Leaf>(&mut self, page: &mut Page, connection: &Connection<T>) {
        let is_loud = connection.findings.iter().any(is_loud);
        if self.look.verbosity == Verbosity::Quiet && !is_loud {
            return;
        }
        let place = match connection.stage {
            ConnectionStage::Head => "in the request's head",
            ConnectionStage::Sniff => "after CONNECT",
            ConnectionStage::Tls => "in the TLS handshake with the client",
            ConnectionStage::ProxyAuth => "at the proxy's own password",
        };
        let mut what = Rich::new("no request: ended ").text(place);
        if let Some(host) = &connection.host {
            what = what.text(" for ").then(self.leaf(host));
        }
        let answered = connection.answered.map_or_else(Rich::default, |status| {
            Rich::new(format!("{status} answered by nicetap, not NiceNIC"))
        });
        let head = self.head(connection.time, connection.id, "×");
        page.row(0, HEAD, &head.then(Rich::joined([what, answered])));
        let row = Rich::joined([self.leaf(&connection.reason), sender(&connection.client)]);
        page.row(HEAD, HEAD, &row);
        if self.look.verbosity == Verbosity::Verbose {
            if let Some(raw) = &connection.raw {
                let lead = format!("received {}: ", size(raw.bytes));
                page.row(BODY, VALUE, &Rich::new(lead).then(self.leaf(&raw.text)));
            }
            self.client_details(page, &connection.client);
        }
        self.findings(page, connection.id, connection.findings.iter());
    }

    /// Shown with `-q` too when the address has changed: the list at NiceNIC may have to change with it.
    fn egress<T: Leaf>(&self, page: &mut Page, news: &EgressNews<T>) {
        let is_quiet = self.look.verbosity == Verbosity::Quiet;
        if is_quiet && news.changed_from.is_none() && news.public.is_some() {
            return;
        }
        let head = self.time(news.time).text(" ");
        let Some(public) = &news.public else {
            let row = Rich::styled_as(WARN, "outbound IP not known: no echo site answered");
            page.row(0, HEAD, &head.then(row));
            for reason in &news.unanswered {
                page.row(HEAD, VALUE, &self.leaf(reason));
            }
            let hint =
                "after a refusal, ask NiceNIC which address they saw, and name the time in UTC";
            page.row(HEAD, HEAD, &Rich::new(hint));
            return;
        };
        let what = match &news.changed_from {
            Some(before) if before.v4.or(before.v6).is_some() => "outbound IP is now ",
            _ => "outbound IP ",
        };
        let seen = Rich::new(what).text(addresses(public.v4, public.v6));
        let before = news.changed_from.map(|it| addresses(it.v4, it.v6));
        let before = before.filter(|before| !before.is_empty());
        let before = before.map_or_else(Rich::default, |it| Rich::new(format!("it was {it}")));
        let others = public.others.iter().map(ToString::to_string);
        let others = others.collect::<Vec<_>>().join(", ");
        let others = if others.is_empty() {
            Rich::default()
        } else {
            Rich::styled_as(WARN, format!("also seen: {others}"))
        };
        let at = self.short_clock(public.at);
        let by = Rich::new(format!("{} at {at}", seen_by(&public.seen_by)));
        page.row(
            0,
            HEAD,
            &head.then(Rich::joined([seen, by, before, others])),
        );
        if self.look.verbosity == Verbosity::Verbose {
            for reason in &news.unanswered {
                page.row(HEAD, VALUE, &self.leaf(reason));
            }
        }
    }

    /// The last lines; shown with `-q` too, since something may have to be undone.
    fn stop(&self, page: &mut Page, stop: &Stop) {
        let counts = [
            count(stop.exchanges, "exchange"),
            count(stop.tunnels, "tunnel"),
            count(stop.connections, "connection"),
        ];
        let parts = [Rich::new("nicetap ended")]
            .into_iter()
            .chain(counts.map(Rich::new));
        let row = self.time(stop.time).text(" ").then(Rich::joined(parts));
        page.row(0, HEAD, &row);
        let verdicts = stop
            .verdicts
            .iter()
            .map(|(verdict, count)| Rich::new(format!("{} {count}", word(verdict))));
        labelled(page, "verdicts", &Rich::joined(verdicts));
        let findings = stop
            .findings
            .iter()
            .map(|(code, count)| Rich::new(format!("{code} ×{count}")));
        labelled(page, "findings", &Rich::joined(findings));
        if !stop.hidden.is_empty() {
            let hidden = stop
                .hidden
                .iter()
                .map(|(code, count)| Rich::new(format!("{code} ×{count}")));
            labelled(page, "hidden", &Rich::joined(hidden));
        }
        if stop.not_recorded > 0 {
            let text = format!("{} passed without a record", stop.not_recorded);
            labelled(page, "not recorded", &Rich::styled_as(WARN, text));
        }
        if stop.late_lines > 0 {
            let text = format!(
                "{} answered before the request line was written",
                count(stop.late_lines, "request")
            );
            labelled(page, "late lines", &Rich::new(text));
        }
        if !stop.undo.is_empty() {
            page.row(BODY, BODY, &Rich::styled_as(BOLD, "still to undo"));
        }
        for line in &stop.undo {
            page.verbatim(BODY + 2, line);
        }
    }

    fn target<T: Leaf>(&self, method: &T, url: &T) -> Rich {
        self.leaf(method).text(" ").then(self.leaf(url))
    }

    fn head(&self, time: Time, id: u64, arrow: &str) -> Rich {
        let id = format!("#{id}");
        self.time(time)
            .text(" ")
            .styled(BOLD, id)
            .text(format!(" {arrow} "))
    }

    fn time(&self, time: Time) -> Rich {
        Rich::styled_as(DIM, self.clock(time))
    }

    fn clock(&self, time: Time) -> String {
        let at = self.look.zone.to_datetime(time.timestamp());
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
        format!("{hour:02}:{minute:02}:{second:02}.{:03}", at.millisecond())
    }

    fn short_clock(&self, time: Time) -> String {
        let zoned = time.timestamp().to_zoned_datetime(self.look.zone.clone());
        zoned.strftime("%H:%M:%S").to_string()
    }

    fn local_date(&self, time: Time) -> Date {
        self.look.zone.to_datetime(time.timestamp()).date()
    }

    /// The date, where it is another than before.
    fn date_line(&mut self, time: Time) -> String {
        let date = self.local_date(time);
        let before = self.date.replace(date);
        let is_news = before.map_or(self.look.is_reading, |before| before != date);
        if is_news {
            format!("{date}\n")
        } else {
            String::new()
        }
    }

    fn leaf<T: Leaf>(&self, leaf: &T) -> Rich {
        let limit = match self.look.verbosity {
            Verbosity::Verbose => LONGEST_VERBOSE,
            Verbosity::Quiet | Verbosity::Normal => LONGEST,
        };
        Rich::new(shorten(leaf.as_ref(), limit))
    }
}

fn is_loud<T>(finding: &Finding<T>) -> bool {
    matches!(finding.severity, Severity::Error | Severity::Warn)
}

fn time_of<T>(record: &Record<T>) -> Time {
    match record {
        Record::Start(it) => it.time,
        Record::Request(it) => it.time,
        Record::Exchange(it) => it.time,
        Record::Tunnel(it) => it.time,
        Record::Connection(it) => it.time,
        Record::Egress(it) => it.time,
        Record::Stop(it) => it.time,
    }
}

/// The word that the log has for it.
pub fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Where a block's further lines begin: under what follows the time.
const HEAD: usize = 13;
/// Where rows stand that belong to the line above.
const BODY: usize = 9;
/// Where a finding's title and values stand.
const VALUE: usize = 16;
/// Characters shown of one text.
const LONGEST: usize = 600;
/// The same with `-v`.
const LONGEST_VERBOSE: usize = 8000;
