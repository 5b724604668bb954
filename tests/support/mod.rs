//! The tests' stage: the real `nicetap`, real origins, real clients, all on loopback.
//!
//! Nothing here knows nicetap's code: it starts the binary, reads its log as plain JSON, and keeps a reader and a
//! writer of HTTP of its own, so that one mistake cannot hide another.
#![allow(dead_code, reason = "each test binary uses its own part of the stage")]

pub(crate) mod authority;
pub(crate) mod client;
pub(crate) mod compare;
pub(crate) mod forwarder;
pub(crate) mod home;
pub(crate) mod inspected;
pub(crate) mod message;
pub(crate) mod nginx;
pub(crate) mod nicetap;
pub(crate) mod origin;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod relay;
pub(crate) mod site;
pub(crate) mod stream;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The API's production host.
pub(crate) const API: &str = "api.nicenic.net";

/// How long anything may take that should happen at once; generous, since the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again, for at most [`PATIENCE`], until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            begin.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How much of something: a little in each run of the suite, the whole goal with `NICETAP_THOROUGH=1`.
pub(crate) fn sized<T>(little: T, whole: T) -> T {
    let thorough = std::env::var_os("NICETAP_THOROUGH").is_some_and(|value| value == "1");
    if thorough { whole } else { little }
}

/// A file or folder below the crate's root.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Writes a file of the stage.
#[expect(
    clippy::disallowed_methods,
    reason = "the stage's own files, in a folder of its own"
)]
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Says something in the test's output.
#[expect(clippy::print_stdout, reason = "the runner shows it beside the test")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}
