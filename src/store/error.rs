//! What cannot be trusted or used, with the line to run.
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{self, FileType};
use rustix::io::Errno;

/// Why a file or folder cannot be trusted or used: what, where, seen, expected, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A link, a folder or a device stands where something else is expected.
    #[error("`{}` is {seen}, expected {expected}: move it away", path.display())]
    Kind {
        /// Where.
        path: PathBuf,
        /// What is there.
        seen: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// It belongs to another user, who could read or change it.
    #[error("`{}` belongs to uid {seen}, expected uid {expected}: run `chown {expected} {}`, or give another home",
        path.display(), quoted(path))]
    Owner {
        /// Where.
        path: PathBuf,
        /// Its owner.
        seen: u32,
        /// Who runs nicetap.
        expected: u32,
    },
    /// Others can read or change it.
    #[error("`{}` has mode {seen:04o}, expected {expected:04o}: run `chmod {expected:o} {}`",
        path.display(), quoted(path))]
    Mode {
        /// Where.
        path: PathBuf,
        /// Its permission bits.
        seen: u32,
        /// Those it may have at most.
        expected: u32,
    },
    /// It is a folder for everybody, such as `/tmp`: its mode is right for that, and must stay.
    #[error("`{}` is a folder that all users share: choose one of your own", path.display())]
    Shared {
        /// Where.
        path: PathBuf,
    },
    /// It is longer than anything that belongs there.
    #[error("`{}` has more than {limit} bytes, which is not what nicetap wrote: move it away", path.display())]
    TooLarge {
        /// Where.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// A key is shorter than it was made.
    #[error("`{}` has {seen} bytes, expected {expected}: move it away, and a new key is made", path.display())]
    Length {
        /// Where.
        path: PathBuf,
        /// Its bytes.
        seen: usize,
        /// Those of a key.
        expected: usize,
    },
    /// The system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried: `read`, `create`, …
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// There are no random bytes, so no keys.
    #[error("the system's random source gives nothing")]
    NoRandom,
}

/// A refusal to open says little; what stands there says more.
pub(super) fn not_opened(path: &Path, errno: Errno, expected: &'static str) -> StoreError {
    match fs::lstat(path).map(|stat| kind(FileType::from_raw_mode(stat.st_mode))) {
        Ok(seen) if seen != expected => StoreError::Kind {
            path: path.into(),
            seen,
            expected,
        },
        _ => failed("open", path, errno),
    }
}

pub(super) fn failed(
    action: &'static str,
    path: &Path,
    source: impl Into<io::Error>,
) -> StoreError {
    StoreError::Io {
        action,
        path: path.into(),
        source: source.into(),
    }
}

pub(super) fn kind(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => A_FILE,
        FileType::Directory => A_FOLDER,
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        _ => "a device",
    }
}

/// A path as a shell reads it back.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if text.chars().all(plain) && !text.starts_with('-') {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

pub(super) const A_FILE: &str = "a regular file";
pub(super) const A_FOLDER: &str = "a folder";
