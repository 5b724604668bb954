//! `/api/v1/events`: what is new, as it comes, as server-sent events that can be resumed by their id.
//!
//! A reader is woken and takes what has changed since it last looked. It is sent the last state of each call, not
//! all states in between, so that a slow one is never behind by more than the ring holds. It looks a few times a second
//! and takes so many, so that it costs the proxy no more when thousands of calls arrive.
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::sink::history::{Entry, History};
use crate::sink::only::Only;

use super::Inspector;
use super::api::{Choice, ONLY_HINT};
use super::guard::problem;
use super::summary::Summary;

/// Where a reader is: the history, and the last change that it knows.
pub(super) fn cursor(history: &History, seq: u64) -> String {
    format!("{}-{seq}", history.epoch())
}

pub(super) async fn events(
    State(inspector): State<Arc<Inspector>>,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Response {
    let only = match choice.parsed() {
        Ok(only) => only,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error, ONLY_HINT),
    };
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let reader = Reader::new(inspector.history.clone(), only, known);
    let news = stream::unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    let alive = KeepAlive::new().interval(ALIVE);
    Sse::new(news).keep_alive(alive).into_response()
}

/// A reader of the events.
struct Reader {
    history: History,
    news: watch::Receiver<u64>,
    only: Option<Only>,
    seq: u64,
    is_paused: Option<bool>,
    next_look: Instant,
    ready: VecDeque<Event>,
}

impl Reader {
    /// A reader that knows what the cursor says; without one, all that is there now.
    fn new(history: History, only: Option<Only>, known: Option<&str>) -> Self {
        let news = history.watch();
        let mut reader = Self {
            seq: history.newest(None, 0).1,
            only,
            is_paused: None,
            next_look: Instant::now(),
            ready: VecDeque::new(),
            news,
            history,
        };
        match known.map(|known| reader.own_seq(known)) {
            None => {}
            Some(Some(seq)) => reader.seq = seq,
            Some(None) => reader.reset(),
        }
        // What came before the first wait is looked at too.
        reader.news.mark_changed();
        reader
    }

    fn own_seq(&self, cursor: &str) -> Option<u64> {
        let (epoch, seq) = cursor.split_once('-')?;
        let is_ours = epoch.parse() == Ok(self.history.epoch());
        seq.parse().ok().filter(|_| is_ours)
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.news.changed().await.ok()?;
            sleep_until(self.next_look).await;
            self.next_look = Instant::now() + PACE;
            self.news.mark_unchanged();
            self.look();
        }
    }

    fn look(&mut self) {
        let is_paused = self.history.is_paused();
        if self.is_paused != Some(is_paused) {
            self.is_paused = Some(is_paused);
            let state = json!({ "paused": is_paused });
            self.ready
                .push_back(Event::default().event("state").data(state.to_string()));
        }
        let news = self.history.since(self.seq, MOST);
        self.seq = news.seq;
        if news.is_reset {
            self.reset();
        }
        if news.entries.len() == MOST {
            self.news.mark_changed();
        }
        for entry in &news.entries {
            let event = self.event(entry);
            self.ready.push_back(event);
        }
    }

    fn event(&self, entry: &Entry) -> Event {
        let id = cursor(&self.history, entry.seq);
        let is_chosen = (self.only.as_ref()).is_none_or(|only| only.matches(&entry.record));
        let (kind, data) = if is_chosen {
            let data = serde_json::to_string(&Summary::of(entry));
            ("exchange", data.unwrap_or_default())
        } else {
            ("other", json!({ "id": entry.id }).to_string())
        };
        Event::default().event(kind).id(id).data(data)
    }

    fn reset(&mut self) {
        let id = cursor(&self.history, self.seq);
        let event = Event::default().event("reset").id(id).data("{}");
        self.ready.push_back(event);
    }
}

const ALIVE: Duration = Duration::from_secs(15);
/// From one look to the next.
const PACE: Duration = Duration::from_millis(100);
/// Entries taken at once.
const MOST: usize = 256;
