//! `/metrics`: the counts of the run in Prometheus's text format. No label holds anything that a user sent.
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use crate::sink::block::word;
use crate::sink::tally::{BOUNDS, Counts};

use super::Inspector;

pub(super) async fn metrics(State(inspector): State<Arc<Inspector>>) -> Response {
    ([(CONTENT_TYPE, FORMAT)], text(&inspector)).into_response()
}

fn text(inspector: &Inspector) -> String {
    let counts = inspector.tally.counts();
    let mut page = String::new();
    family(
        &mut page,
        "nicetap_exchanges_total",
        "counter",
        "Calls by action (of the catalogue, else other) and verdict.",
    );
    for ((action, verdict), count) in &counts.exchanges {
        let verdict = word(verdict);
        let _ = writeln!(
            page,
            "nicetap_exchanges_total{{action=\"{action}\",verdict=\"{verdict}\"}} {count}"
        );
    }
    family(
        &mut page,
        "nicetap_findings_total",
        "counter",
        "Findings by the code of their rule.",
    );
    for (code, count) in &counts.findings {
        let _ = writeln!(page, "nicetap_findings_total{{code=\"{code}\"}} {count}");
    }
    latency(&mut page, &counts);
    let reading = inspector.gauge.read();
    let (budget, all) = &inspector.budget;
    #[expect(clippy::cast_precision_loss, reason = "no gauge needs 53 bits")]
    for (name, kind, help, value) in [
        (
            "nicetap_tunnels_total",
            "counter",
            "Connections that were passed through unread.",
            counts.tunnels as f64,
        ),
        (
            "nicetap_connections_total",
            "counter",
            "Connections that never became a request.",
            counts.connections as f64,
        ),
        (
            "nicetap_not_recorded_total",
            "counter",
            "Calls, tunnels and connections that passed without a record.",
            reading.not_recorded as f64,
        ),
        (
            "nicetap_late_lines_total",
            "counter",
            "Calls that were answered before their first line was in the log.",
            reading.late_lines as f64,
        ),
        (
            "nicetap_journal_places",
            "gauge",
            "Places in the journal's queue.",
            reading.places as f64,
        ),
        (
            "nicetap_journal_places_taken",
            "gauge",
            "Places that are reserved or taken.",
            reading.taken as f64,
        ),
        (
            "nicetap_capture_budget_bytes",
            "gauge",
            "Bytes that copies of bodies may take.",
            *all as f64,
        ),
        (
            "nicetap_capture_used_bytes",
            "gauge",
            "Bytes that copies of bodies take.",
            all.saturating_sub(budget.left()) as f64,
        ),
    ] {
        family(&mut page, name, kind, help);
        let _ = writeln!(page, "{name} {value}");
    }
    page
}

fn latency(page: &mut String, counts: &Counts) {
    let name = "nicetap_exchange_duration_seconds";
    family(
        page,
        name,
        "histogram",
        "From a request's whole head to the end of its reply.",
    );
    let mut below = 0;
    for (bound, count) in BOUNDS.iter().zip(counts.latency.buckets) {
        below += count;
        let _ = writeln!(page, "{name}_bucket{{le=\"{bound}\"}} {below}");
    }
    let total = counts.latency.total();
    let _ = writeln!(page, "{name}_bucket{{le=\"+Inf\"}} {total}");
    let _ = writeln!(page, "{name}_sum {}", counts.latency.sum);
    let _ = writeln!(page, "{name}_count {total}");
}

fn family(page: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
