//! The home of a nicetap that a test starts. What nicetap writes there and says is kept for `tests/run`, which searches
//! it for the tests' secrets once the suite is over.
#![allow(dead_code, reason = "each test file uses some of it")]
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use tempfile::TempDir;

/// A folder that is gone when it is dropped; its logs are kept first.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for log in logs(self.path()) {
            if let Some(to) = place("jsonl") {
                fs::copy(&log, to).unwrap();
            }
        }
    }
}

/// Keeps what a nicetap said.
#[expect(clippy::disallowed_methods, reason = "a test writes its own files")]
pub(crate) fn keep_console(text: impl AsRef<[u8]>) {
    if let Some(to) = place("console") {
        fs::write(to, text).unwrap();
    }
}

fn logs(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("log")).into_iter().flatten();
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| path.is_file()).collect()
}

/// Where the next one is kept; `None` if nobody asked for it.
fn place(ending: &str) -> Option<PathBuf> {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let folder = PathBuf::from(env::var_os("NICETAP_KEEP_LOGS")?);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    Some(folder.join(format!("{}-home-{number}.{ending}", process::id())))
}
