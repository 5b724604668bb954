//! The JSON API under `/api/v1`, as `docs/openapi.json` describes it, and `/metrics`.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::record::{AddressFamily, Exchange, Public, Record};
use crate::redact::seal::Masked;
use crate::rules;
use crate::sink::curl::curl;
use crate::sink::har::har;
use crate::sink::history::{Entry, start_of};
use crate::sink::only::Only;

use super::guard::{only_readers, problem};
use super::summary::{Summary, outbound};
use super::{Inspector, case, events, metrics};

/// Method and path of each route of the API, as the description has them.
pub const ROUTES: [(&str, &str); 18] = [
    ("get", "/api/v1/exchanges"),
    ("get", "/api/v1/exchanges.har"),
    ("get", "/api/v1/exchanges/{id}"),
    ("get", "/api/v1/exchanges/{id}.har"),
    ("get", "/api/v1/exchanges/{id}.curl"),
    ("get", "/api/v1/exchanges/{id}.report"),
    ("get", "/api/v1/exchanges/{id}.checklist"),
    ("post", "/api/v1/exchanges/{id}/mark"),
    ("post", "/api/v1/exchanges/{id}/unmark"),
    ("get", "/api/v1/compare"),
    ("get", "/api/v1/events"),
    ("get", "/api/v1/egress"),
    ("get", "/api/v1/rules"),
    ("get", "/api/v1/openapi.json"),
    ("post", "/api/v1/pause"),
    ("post", "/api/v1/resume"),
    ("post", "/api/v1/clear"),
    ("get", "/metrics"),
];

/// All but the rules and the description speak of records: who may not read gets none of them, whatever a handler does.
pub(super) fn routes(inspector: Arc<Inspector>) -> Router<Arc<Inspector>> {
    let of_records = Router::new()
        .route("/api/v1/exchanges", get(exchanges))
        .route("/api/v1/exchanges.har", get(all_as_har))
        // `{id}`, `{id}.har`, `{id}.curl` and so on: a segment is matched whole.
        .route("/api/v1/exchanges/{id}", get(exchange))
        .route("/api/v1/exchanges/{id}/mark", post(mark))
        .route("/api/v1/exchanges/{id}/unmark", post(unmark))
        .route("/api/v1/compare", get(case::compare))
        .route("/api/v1/events", get(events::events))
        .route("/api/v1/egress", get(egress))
        .route("/api/v1/pause", post(pause))
        .route("/api/v1/resume", post(resume))
        .route("/api/v1/clear", post(clear))
        .route("/metrics", get(metrics::metrics))
        .route_layer(from_fn_with_state(inspector, only_readers));
    Router::new()
        .route("/api/v1/rules", get(all_rules))
        .route("/api/v1/openapi.json", get(description))
        .merge(of_records)
}

/// Which entries are asked for.
#[derive(Default, Deserialize)]
pub(super) struct Choice {
    /// An expression, as `nicetap log --only` takes it.
    pub(super) only: Option<String>,
    /// Only numbers below this one.
    pub(super) before: Option<u64>,
    /// At most so many.
    pub(super) limit: Option<usize>,
}

impl Choice {
    /// The expression, parsed; `None` if there is none.
    pub(super) fn parsed(&self) -> Result<Option<Only>, String> {
        match self.only.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|error: crate::sink::only::OnlyError| error.to_string()),
        }
    }
}

/// A page of entries.
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// The number below which the next page begins.
    pub(super) next: Option<u64>,
    /// Up to which change the page knows.
    pub(super) seq: u64,
}

impl Inspector {
    /// The entries that are chosen, the greatest number first.
    pub(super) fn page(&self, only: Option<&Only>, before: Option<u64>, most: usize) -> Page {
        let mut page = Page {
            entries: Vec::new(),
            next: None,
            seq: 0,
        };
        let mut below = before;
        // The ring is free for the writer between two looks.
        loop {
            let (entries, seq) = self.history.newest(below, LOOK);
            if below == before {
                page.seq = seq;
            }
            let Some(last) = entries.last().map(|entry| entry.id) else {
                return page;
            };
            for entry in entries {
                if only.is_some_and(|only| !only.matches(&entry.record)) {
                    continue;
                }
                if page.entries.len() == most {
                    page.next = page.entries.last().map(|entry| entry.id);
                    return page;
                }
                page.entries.push(entry);
            }
            below = Some(last);
        }
    }
}

/// JSON as an answer.
pub(super) fn json(value: &impl Serialize) -> Response {
    // Texts, numbers and our own words: nothing in them can fail to serialise.
    let body = serde_json::to_vec(value).unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// Text as an answer.
fn plain(text: String) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

async fn exchanges(
    State(inspector): State<Arc<Inspector>>,
    Query(choice): Query<Choice>,
) -> Response {
    let only = match choice.parsed() {
        Ok(only) => only,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error, ONLY_HINT),
    };
    let most = choice.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&most) {
        let hint = "a limit is 1 to 1000";
        return problem(StatusCode::BAD_REQUEST, "this limit is none", hint);
    }
    let page = inspector.page(only.as_ref(), choice.before, most);
    json(&Listed {
        exchanges: page.entries.iter().map(Summary::of).collect(),
        next: page.next,
        cursor: events::cursor(&inspector.history, page.seq),
        paused: inspector.history.is_paused(),
    })
}

#[derive(Serialize)]
struct Listed<'a> {
    exchanges: Vec<Summary<'a>>,
    next: Option<u64>,
    cursor: String,
    paused: bool,
}

async fn exchange(State(inspector): State<Arc<Inspector>>, Path(name): Path<String>) -> Response {
    let (id, form) = name.split_once('.').unwrap_or((&name, ""));
    let entry = id.parse().ok().and_then(|id| inspector.history.find(id));
    let Some(entry) = entry else {
        return not_kept();
    };
    match (form, &*entry.record) {
        ("", record) => json(record),
        ("har", record @ Record::Exchange(_)) => {
            download(har([record]), &format!("nicetap-{id}.har"))
        }
        ("curl", Record::Exchange(exchange)) => plain(curl(exchange)),
        ("report", Record::Exchange(exchange)) => match case::ticket(&inspector, exchange) {
            Some(text) => plain(text),
            None => problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the ticket cannot be looked through once more",
                "the system gives no random numbers",
            ),
        },
        ("checklist", Record::Exchange(exchange)) => case::points(&inspector, exchange),
        ("har" | "curl" | "report" | "checklist", _) => problem(
            StatusCode::NOT_FOUND,
            "this is no finished call",
            "tunnels, refused connections and calls under way cannot be exported",
        ),
        _ => not_kept(),
    }
}

async fn all_as_har(
    State(inspector): State<Arc<Inspector>>,
    Query(choice): Query<Choice>,
) -> Response {
    let only = match choice.parsed() {
        Ok(only) => only,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error, ONLY_HINT),
    };
    let mut page = inspector.page(only.as_ref(), choice.before, usize::MAX);
    page.entries.reverse();
    download(
        har(page.entries.iter().map(|entry| &*entry.record)),
        "nicetap.har",
    )
}

async fn mark(State(inspector): State<Arc<Inspector>>, Path(id): Path<u64>) -> Response {
    set_mark(&inspector, id, true)
}

async fn unmark(State(inspector): State<Arc<Inspector>>, Path(id): Path<u64>) -> Response {
    set_mark(&inspector, id, false)
}

fn set_mark(inspector: &Inspector, id: u64, is_marked: bool) -> Response {
    if inspector.history.mark(id, is_marked) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        not_kept()
    }
}

async fn pause(State(inspector): State<Arc<Inspector>>) -> StatusCode {
    inspector.history.pause(true);
    StatusCode::NO_CONTENT
}

async fn resume(State(inspector): State<Arc<Inspector>>) -> StatusCode {
    inspector.history.pause(false);
    StatusCode::NO_CONTENT
}

async fn clear(State(inspector): State<Arc<Inspector>>) -> StatusCode {
    inspector.history.clear();
    StatusCode::NO_CONTENT
}

async fn egress(State(inspector): State<Arc<Inspector>>) -> Response {
    json(&Ways::of(&inspector))
}

async fn all_rules() -> Response {
    ([(CONTENT_TYPE, "application/json")], rules::table_json()).into_response()
}

async fn description() -> Response {
    ([(CONTENT_TYPE, "application/json")], DESCRIPTION).into_response()
}

/// The ways out, as far as the records that are kept tell.
#[derive(Serialize)]
pub(super) struct Ways {
    /// What echo services saw last; `null`: nobody has asked.
    pub(super) public: Option<Public<Masked>>,
    /// The user's list, as far as it was given.
    pub(super) whitelist: Vec<String>,
    /// Public addresses that calls went out from, first seen first.
    pub(super) outbound: Vec<Seen>,
    /// Our own ends of the connections, first seen first.
    pub(super) local: Vec<Seen>,
}

/// An address, and when calls used it.
#[derive(Clone, Serialize)]
pub(super) struct Seen {
    pub(super) address: IpAddr,
    pub(super) family: AddressFamily,
    pub(super) first: Time,
    pub(super) last: Time,
    pub(super) exchanges: u64,
    /// Whether it is in the user's list; `null`: not known.
    pub(super) whitelisted: Option<bool>,
}

impl Ways {
    pub(super) fn of(inspector: &Inspector) -> Self {
        let (mut outbound, mut local) = (BTreeMap::new(), BTreeMap::new());
        let mut public = None;
        let egress = inspector.history.egress();
        let entries = inspector.page(None, None, usize::MAX).entries;
        for entry in entries.iter().rev() {
            let Record::Exchange(exchange) = &*entry.record else {
                continue;
            };
            if let Some(address) = outbound_of(exchange) {
                note(
                    &mut outbound,
                    address,
                    exchange.egress.whitelisted,
                    exchange.time,
                );
            }
            if let Some(own) = exchange.egress.local {
                note(&mut local, own.ip().to_canonical(), None, exchange.time);
            }
            public = exchange.egress.public.clone().or(public);
        }
        if let Some(Record::Egress(news)) = egress.as_deref() {
            let is_newer = |seen: &Public<Masked>| {
                public
                    .as_ref()
                    .is_none_or(|known: &Public<Masked>| seen.at >= known.at)
            };
            public = news.public.clone().filter(is_newer).or(public);
        }
        let start = inspector.history.start();
        let start = start.as_deref().and_then(start_of);
        Self {
            public,
            whitelist: start.map_or_else(Vec::new, |start| {
                start.whitelist.iter().map(ToString::to_string).collect()
            }),
            outbound: in_order(outbound),
            local: in_order(local),
        }
    }
}

fn outbound_of(exchange: &Exchange<Masked>) -> Option<IpAddr> {
    outbound(&exchange.egress)
}

fn note(seen: &mut BTreeMap<IpAddr, Seen>, address: IpAddr, listed: Option<bool>, time: Time) {
    let family = AddressFamily::of(&(address, 0).into());
    let entry = seen.entry(address).or_insert(Seen {
        address,
        family,
        first: time,
        last: time,
        exchanges: 0,
        whitelisted: None,
    });
    entry.exchanges += 1;
    entry.first = entry.first.min(time);
    entry.last = entry.last.max(time);
    entry.whitelisted = listed.or(entry.whitelisted);
}

fn in_order(seen: BTreeMap<IpAddr, Seen>) -> Vec<Seen> {
    let mut seen: Vec<Seen> = seen.into_values().collect();
    seen.sort_by_key(|seen| seen.first);
    seen
}

fn download(text: String, name: &str) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (CONTENT_DISPOSITION, disposition),
    ];
    (headers, text).into_response()
}

fn not_kept() -> Response {
    problem(
        StatusCode::NOT_FOUND,
        "no such call is kept",
        "older ones are in the log: `nicetap log`",
    )
}

/// The description of the API.
const DESCRIPTION: &str = include_str!("../../docs/openapi.json");
pub(super) const ONLY_HINT: &str = "as in `nicetap log --only`: action=register and not verdict=ok";
/// Entries of a page, unless asked otherwise.
pub(super) const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1000;
/// Entries taken out of the ring at once.
const LOOK: usize = 512;
