//! What NiceNIC documents, through the real `serve` with real clients: a documented call is never flagged, and each
//! documented fault is named first. The calls come from the catalogue, so that a new action is tried by itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "documented/calls.rs"]
mod calls;
#[path = "documented/faults.rs"]
mod faults;
mod support;

use serde_json::Value;

/// What was found of this level or worse.
fn flagged<'a>(record: &'a Value, levels: &[&str]) -> Vec<&'a str> {
    let findings = record["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| levels.contains(&finding["severity"].as_str().unwrap()))
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

fn is_exchange(record: &Value) -> bool {
    record["event"] == "exchange"
}
