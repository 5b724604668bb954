//! Whether anybody can know our root yet. A new root is known to nobody before its file has been read, and the system
//! keeps the time at which a file was last read. A client that accepts our certificate all the same verifies nothing.
//!
//! It claims nothing where that cannot be told: for a CA from an earlier start, and on a file system that keeps no such
//! times (`noatime`).
use std::fs::{File, FileTimes};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// The files that hold a new root, until one of them has been read.
pub(super) struct Unread {
    files: Vec<PathBuf>,
    was_read: AtomicBool,
}

impl Unread {
    /// Somebody may have read the root.
    pub(super) fn unknown() -> Self {
        Self {
            files: Vec::new(),
            was_read: AtomicBool::new(true),
        }
    }

    /// Watches files that were written a moment ago.
    pub(super) fn watch(files: Vec<PathBuf>) -> Self {
        let marked = files.iter().all(|file| mark(file).is_some());
        // One of them shows whether reading leaves a trace here, and is then marked again.
        let shows = marked && files.first().is_some_and(|file| reading_shows(file));
        let marked_again = files.first().is_some_and(|file| mark(file).is_some());
        if shows && marked_again {
            Self {
                files,
                was_read: AtomicBool::new(false),
            }
        } else {
            Self::unknown()
        }
    }

    /// Somebody was given the root.
    pub(super) fn give(&self) {
        self.was_read.store(true, Ordering::Relaxed);
    }

    /// Whether it is certain that nobody has read the root.
    pub(super) fn is_certain(&self) -> bool {
        if self.was_read.load(Ordering::Relaxed) {
            return false;
        }
        let is_marked = self.files.iter().all(|file| is_marked(file) == Some(true));
        if !is_marked {
            self.give();
        }
        is_marked
    }
}

/// Says that the file was last read long ago. The next reader changes that, even where the system writes these times
/// seldom (`relatime`): they are older than the file's content.
fn mark(file: &Path) -> Option<()> {
    let times = FileTimes::new().set_accessed(MARK);
    File::open(file).ok()?.set_times(times).ok()
}

fn is_marked(file: &Path) -> Option<bool> {
    Some(std::fs::metadata(file).ok()?.accessed().ok()? == MARK)
}

fn reading_shows(file: &Path) -> bool {
    let read = File::open(file).and_then(|mut file| file.read(&mut [0]));
    read.is_ok() && is_marked(file) == Some(false)
}

/// When no file of ours was ever read.
const MARK: SystemTime = SystemTime::UNIX_EPOCH;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::copy(file!(), &path).unwrap();
        (folder, path)
    }

    #[test]
    fn a_file_that_nobody_read_is_known_by_nobody() {
        let (_folder, path) = file("root.pem");
        let unread = Unread::watch(vec![path.clone()]);
        if !unread.is_certain() {
            println!("this file system keeps no access times: nothing is claimed");
            return;
        }
        let _ = std::fs::metadata(&path).unwrap();
        assert!(unread.is_certain(), "looking at the name is not reading");
        assert!(!std::fs::read(&path).unwrap().is_empty());
        assert!(!unread.is_certain());
        assert!(!unread.is_certain());
    }

    #[test]
    fn what_cannot_be_told_is_not_claimed() {
        assert!(!Unread::unknown().is_certain());
        assert!(!Unread::watch(vec!["/nowhere/root.pem".into()]).is_certain());
        assert!(!Unread::watch(vec![]).is_certain());
        let (_folder, path) = file("root.pem");
        let unread = Unread::watch(vec![path]);
        unread.give();
        assert!(!unread.is_certain());
    }
}
