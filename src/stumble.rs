//! Bugs: what they may take with them, and, in debug builds, bugs on purpose.
//!
//! `NICETAP_STUMBLE=rules,seal` makes a debug build panic where it says so, so that tests see what a panic does to the
//! traffic, the log and the terminal; and `NICETAP_HURRY=60` makes limits of minutes that much shorter, so that tests
//! reach them. A release build holds nothing of it.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// A place where a test may want a bug.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Where facts are derived, of a request or a reply.
    Derive,
    /// Where the rules look at a request, on its way.
    Rules,
    /// Where a record is sealed, in the writer.
    Seal,
    /// Where causes are ranked, in the writer.
    Diagnose,
    /// Where the log takes the record of an exchange, in the writer.
    Log,
    /// Where a sink behind the log takes a record, in the writer.
    Sink,
    /// Where the console draws a record.
    Console,
}

/// What the work gives; `None` if it panicked. The hook has told where, and nothing of the message.
///
/// Looking into a call must not take the call with it, nor its record, nor the next one's.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Panics with this text in the message if a test wants it here.
#[cfg(debug_assertions)]
pub(crate) fn at(place: Place, text: &[u8]) {
    use std::sync::LazyLock;

    static WANTED: LazyLock<String> =
        LazyLock::new(|| std::env::var("NICETAP_STUMBLE").unwrap_or_default());
    if WANTED.is_empty() {
        return;
    }
    let name = format!("{place:?}").to_lowercase();
    assert!(
        !WANTED.split(',').any(|wanted| wanted == name),
        "{}",
        String::from_utf8_lossy(text)
    );
}

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) const fn at(_: Place, _: &[u8]) {}

/// How long a limit of minutes lasts: as it says, unless a test is in a hurry.
#[cfg(debug_assertions)]
pub(crate) fn limit(limit: Duration) -> Duration {
    use std::sync::LazyLock;

    static HURRY: LazyLock<u32> = LazyLock::new(|| {
        let wanted = std::env::var("NICETAP_HURRY").ok();
        wanted.and_then(|times| times.parse().ok()).unwrap_or(1)
    });
    limit.checked_div(*HURRY).unwrap_or(limit)
}

/// The limit as it says, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) const fn limit(limit: Duration) -> Duration {
    limit
}
