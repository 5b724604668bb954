//! What fuzzing left: the inputs of `fuzz/corpus`, through the very checks that are fuzzed.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads its own files, and says which one it is at"
)]
use std::path::Path;

#[path = "../fuzz/checks/authority.rs"]
mod authority;
#[path = "../fuzz/checks/chunks.rs"]
mod chunks;
#[path = "../fuzz/checks/facts.rs"]
mod facts;
#[path = "../fuzz/checks/head.rs"]
mod head;
#[path = "../fuzz/checks/json.rs"]
mod json;
#[path = "../fuzz/checks/lint.rs"]
mod lint;
#[path = "../fuzz/checks/log.rs"]
mod log;
#[path = "../fuzz/checks/redactor.rs"]
mod redactor;

const CORPUS: &str = "fuzz/corpus";

/// Panics where the check does; the runner shows the file that was being checked.
fn replay(target: &str, check: fn(&[u8])) {
    let inputs = files(&Path::new(CORPUS).join(target));
    assert!(inputs.len() > 20, "{target} has {}", inputs.len());
    for (name, input) in inputs {
        println!("{name}");
        check(&input);
    }
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn the_kept_heads_are_judged_without_a_panic() {
    replay("head", head::check);
}

#[test]
fn the_kept_requests_give_facts_and_every_secret_half_is_learned() {
    replay("facts", facts::check);
}

#[test]
fn the_kept_texts_show_no_secret() {
    replay("redactor", redactor::check);
}

#[test]
fn the_kept_bodies_are_read_and_shown() {
    replay("json", json::check);
}

#[test]
fn the_kept_files_are_linted() {
    replay("lint", lint::check);
}

#[test]
fn the_kept_chunks_are_read_alike() {
    replay("chunks", chunks::check);
}

#[test]
fn the_kept_authorities_are_read_again_as_they_are_written() {
    replay("authority", authority::check);
}

#[test]
fn the_kept_logs_are_read_and_shown_without_harm() {
    replay("log", log::check);
}

#[test]
fn the_corpora_stay_small() {
    let targets = [
        "head",
        "facts",
        "redactor",
        "json",
        "lint",
        "chunks",
        "authority",
        "log",
    ];
    let all = targets.map(|target| files(&Path::new(CORPUS).join(target)));
    let bytes: usize = all.iter().flatten().map(|(_, input)| input.len()).sum();
    let count = all.iter().flatten().count();
    assert!(count < 320 && bytes < 400 * 1024, "{count}: {bytes}");
}
