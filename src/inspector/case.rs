//! One call in the light of the others: NiceNIC's twelve points, a comparison, and the support ticket.
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::diagnose::{self, Answer, Difference, Memory, Point, Sketch};
use crate::record::{Exchange, Record, Who};
use crate::redact::seal::Masked;
use crate::sink::report::{Ticket, looked_through};

use super::Inspector;
use super::api::json;
use super::guard::problem;
use super::node::{Element, el, link, span};
use super::parts::section;

/// The newest finished calls that are kept, the oldest first.
pub(super) struct Run(Vec<Arc<Record<Masked>>>);

impl Run {
    /// Those of now.
    pub(super) fn of(inspector: &Inspector) -> Self {
        let (entries, _) = inspector.history.newest(None, LOOKED_AT);
        let records = entries.into_iter().rev().map(|entry| entry.record);
        Self(records.collect())
    }

    fn calls(&self) -> Vec<&Exchange<Masked>> {
        let calls = self.0.iter().filter_map(|record| match &**record {
            Record::Exchange(exchange) => Some(&**exchange),
            _ => None,
        });
        calls.collect()
    }

    fn call(&self, id: u64) -> Option<&Exchange<Masked>> {
        self.calls().into_iter().find(|call| call.id == id)
    }

    /// The call that a person most likely asks about.
    fn subject(&self) -> Option<&Exchange<Masked>> {
        diagnose::subject(&self.calls())
    }

    fn points(&self, call: &Exchange<Masked>) -> Vec<Point> {
        diagnose::checklist(call, &self.calls())
    }

    /// The nearest call that worked, other than this one, and what differs.
    fn nearest(&self, call: &Exchange<Masked>) -> Option<(u64, Vec<Difference>)> {
        let mut memory = Memory::default();
        let others = self.calls().into_iter().filter(|other| other.id != call.id);
        others.for_each(|other| memory.remember(other));
        diagnose::nearest(&Sketch::of(call), &memory)
    }

    /// What differs between two calls; without a second one, the nearest that worked.
    fn compared(&self, pair: &Pair) -> Result<Compared, NoPair> {
        let call = match pair.call {
            Some(id) => self.call(id).ok_or(NoPair::NotKept(id))?,
            None => self.subject().ok_or(NoPair::NoCall)?,
        };
        let (with, differences) = match pair.with {
            Some(id) => {
                let then = self.call(id).ok_or(NoPair::NotKept(id))?;
                let differences = diagnose::differences(&Sketch::of(call), &Sketch::of(then));
                (id, differences)
            }
            None => self.nearest(call).ok_or(NoPair::NoneWorked)?,
        };
        Ok(Compared {
            call: call.id,
            with,
            differences: differences.into_iter().map(Differing::from).collect(),
        })
    }
}

/// The ticket about a call; `None`: it is no finished call.
pub(super) fn ticket(inspector: &Inspector, call: &Exchange<Masked>) -> Option<String> {
    let run = Run::of(inspector);
    let ticket = Ticket {
        call,
        points: &run.points(call),
        good: run.nearest(call),
        zone: inspector.zone.clone(),
        whmcs: None,
    };
    looked_through(&ticket.text()).ok()
}

/// The twelve points for a call, as the API gives them.
pub(super) fn points(inspector: &Inspector, call: &Exchange<Masked>) -> Response {
    let points = Run::of(inspector).points(call);
    let answers: Vec<Answered<'_>> = points.iter().map(Answered::of).collect();
    json(&answers)
}

#[derive(Serialize)]
struct Answered<'a> {
    number: usize,
    text: &'static str,
    answer: &'static str,
    seen: &'a str,
    fix: Option<&'a str>,
    who: Who,
}

impl<'a> Answered<'a> {
    fn of(point: &'a Point) -> Self {
        let (answer, seen, fix) = match &point.answer {
            Answer::Yes(how) => ("yes", how, None),
            Answer::No(seen, fix) => ("no", seen, Some(&**fix)),
            Answer::OnlyYou(place) => ("only_you", place, None),
        };
        Self {
            number: point.number,
            text: point.text,
            answer,
            seen,
            fix,
            who: point.who,
        }
    }

    fn row(&self) -> Element {
        let badge = match self.answer {
            "yes" => span("badge s-good", "yes"),
            "no" => span("badge s-error", "no"),
            _ => span("badge s-warn", "only you can see"),
        };
        let fix = self.fix.map(|fix| {
            let who = match self.who {
                Who::You => "you",
                Who::Host => "your hosting provider",
                Who::Nicenic => "NiceNIC",
            };
            el("p").class("fix").prose(format!("{who}: {fix}"))
        });
        el("li")
            .with(el("p").with(badge).text(format!(" {}", self.text)))
            .with(el("p").class("remark").prose(self.seen))
            .all(fix)
    }
}

/// The twelve points for a call, to be opened.
pub(super) fn checklist(inspector: &Inspector, call: &Exchange<Masked>) -> Element {
    let points = Run::of(inspector).points(call);
    el("details")
        .class("block checklist")
        .with(el("summary").text(format!("NiceNIC's checklist: {}", summed_up(&points))))
        .with(rows(&points))
}

/// The twelve points for the call that a person most likely asks about.
pub(super) fn checklist_of_run(inspector: &Inspector) -> Element {
    let block = section("NiceNIC's checklist").class("block checklist");
    let run = Run::of(inspector);
    let Some(call) = run.subject() else {
        return block.with(el("p").text("No call to the API so far."));
    };
    let points = run.points(call);
    block
        .with(
            el("p")
                .text("For call ")
                .with(link(
                    format!("/exchanges/{}", call.id),
                    format!("#{}", call.id),
                ))
                .text(format!(": {}.", summed_up(&points))),
        )
        .with(rows(&points))
}

fn rows(points: &[Point]) -> Element {
    el("ol").all(points.iter().map(|point| Answered::of(point).row()))
}

fn summed_up(points: &[Point]) -> String {
    let count = |is_it: fn(&Answer) -> bool| points.iter().filter(|it| is_it(&it.answer)).count();
    format!(
        "{} in order, {} not, {} only you can see",
        count(|it| matches!(it, Answer::Yes(_))),
        count(|it| matches!(it, Answer::No(..))),
        count(|it| matches!(it, Answer::OnlyYou(_)))
    )
}

/// Which two calls to compare.
#[derive(Default, Deserialize)]
pub(super) struct Pair {
    /// The one in question; without it, the last that failed.
    call: Option<u64>,
    /// The other one; without it, the nearest that worked.
    with: Option<u64>,
}

/// Why two calls cannot be compared.
enum NoPair {
    NotKept(u64),
    NoCall,
    NoneWorked,
}

impl NoPair {
    fn words(&self) -> String {
        match self {
            Self::NotKept(id) => format!("#{id} is no finished call that is kept"),
            Self::NoCall => "no call to the API has come so far".to_owned(),
            Self::NoneWorked => "no other call that worked is kept".to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Compared {
    call: u64,
    with: u64,
    differences: Vec<Differing>,
}

#[derive(Serialize)]
struct Differing {
    what: String,
    now: Option<String>,
    then: Option<String>,
}

impl From<Difference> for Differing {
    fn from(Difference { what, now, then }: Difference) -> Self {
        Self { what, now, then }
    }
}

/// Two calls compared, as the API gives it.
pub(super) async fn compare(
    State(inspector): State<Arc<Inspector>>,
    Query(pair): Query<Pair>,
) -> Response {
    match Run::of(&inspector).compared(&pair) {
        Ok(compared) => json(&compared),
        Err(none) => problem(StatusCode::NOT_FOUND, &none.words(), COMPARE_HINT),
    }
}

/// Two calls side by side.
pub(super) fn comparison(inspector: &Inspector, pair: &Pair) -> (StatusCode, Element) {
    let page = el("section")
        .class("page")
        .with(el("h2").text("Two calls compared"));
    match Run::of(inspector).compared(pair) {
        Ok(compared) => (
            StatusCode::OK,
            page.with(side_by_side(&compared)).with(form(pair)),
        ),
        Err(none) => {
            let said = el("p").text(format!("Nothing to compare: {}.", none.words()));
            (StatusCode::NOT_FOUND, page.with(said).with(form(pair)))
        }
    }
}

fn side_by_side(compared: &Compared) -> Element {
    if compared.differences.is_empty() {
        return el("p").text(format!(
            "Nothing that nicetap sees differs between #{} and #{}.",
            compared.call, compared.with
        ));
    }
    let head = |id: u64| {
        let to = link(format!("/exchanges/{id}"), format!("#{id}"));
        el("th").set("scope", "col").with(to)
    };
    let cell = |text: Option<&String>| match text {
        Some(text) => el("td").class("mono wrap").text(text),
        None => el("td").class("remark").text("not there"),
    };
    let rows = compared.differences.iter().map(|it| {
        el("tr")
            .with(el("th").set("scope", "row").text(&it.what))
            .with(cell(it.now.as_ref()))
            .with(cell(it.then.as_ref()))
    });
    let names = el("tr")
        .with(el("td").text("differs"))
        .with(head(compared.call))
        .with(head(compared.with));
    el("table")
        .class("compared")
        .with(el("thead").with(names))
        .with(el("tbody").all(rows))
}

/// Two numbers to enter.
pub(super) fn form(pair: &Pair) -> Element {
    let field = |name: &'static str, label: &'static str, value: Option<u64>| {
        el("label").text(label).with(
            el("input")
                .set("type", "number")
                .set("min", "1")
                .set("name", name)
                .maybe("value", value.map(|value| value.to_string())),
        )
    };
    el("form")
        .class("compare-form")
        .set("action", "/compare")
        .with(field("call", "Compare call ", pair.call))
        .with(field("with", " with ", pair.with))
        .with(el("button").set("type", "submit").text("Compare"))
}

/// Calls that are looked at: as many as the diagnosis remembers.
const LOOKED_AT: usize = 512;
const COMPARE_HINT: &str = "name two finished calls: /api/v1/compare?call=2&with=1";
