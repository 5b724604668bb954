//! What was changed for clients, written down before it is changed: `HOME/setup.json`. With it everything is taken back
//! byte for byte, by whichever nicetap comes next.
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::store::settings::{self, Found};
use crate::store::{Access, Dir, StoreError};

/// The changes that stand.
#[derive(Debug)]
pub struct Ledger {
    home: PathBuf,
    book: Book,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Book {
    v: u8,
    /// Where the settings point.
    proxy: String,
    /// For whom they were made.
    targets: Vec<String>,
    entries: Vec<Entry>,
}

/// One file.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    /// What was there; `None`: nothing.
    before: Option<Kept>,
    /// The SHA-256 of each content that nicetap has put there.
    wrote: Vec<String>,
    /// The configuration of the PHP-FPM that must read it anew.
    fpm: Option<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    content: String,
    mode: u32,
    uid: u32,
    gid: u32,
}

/// How it was to take a file back.
#[derive(Debug, PartialEq, Eq)]
pub enum Back {
    /// It is as it was before nicetap.
    Restored,
    /// Somebody has changed it since, so it was left alone.
    Changed,
}

impl Ledger {
    /// Reads the ledger of this home; an empty one where there is none.
    pub fn read(home: &Path) -> Result<Self, LedgerError> {
        let home = home.to_owned();
        let Some(dir) = Dir::existing(&home)? else {
            return Ok(Self::empty(home));
        };
        let Some(text) = dir.read(NAME, Access::Private, LIMIT)? else {
            return Ok(Self::empty(home));
        };
        let book = serde_json::from_slice(&text).map_err(|source| LedgerError::Damaged {
            path: dir.at(NAME),
            source,
        })?;
        Ok(Self { home, book })
    }

    fn empty(home: PathBuf) -> Self {
        let book = Book {
            v: 1,
            ..Book::default()
        };
        Self { home, book }
    }

    /// Whether nothing stands.
    pub fn is_empty(&self) -> bool {
        self.book.entries.is_empty()
    }

    /// Where the settings point.
    pub fn proxy(&self) -> &str {
        &self.book.proxy
    }

    /// For whom they were made.
    pub fn targets(&self) -> &[String] {
        &self.book.targets
    }

    /// The files that were changed.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.book.entries.iter().map(|entry| entry.path.as_path())
    }

    /// The PHP-FPM configurations that have read what was changed.
    pub fn fpms(&self) -> Vec<PathBuf> {
        let mut fpms: Vec<PathBuf> = Vec::new();
        for fpm in self
            .book
            .entries
            .iter()
            .filter_map(|entry| entry.fpm.as_ref())
        {
            if !fpms.contains(fpm) {
                fpms.push(fpm.clone());
            }
        }
        fpms
    }

    /// Says for whom what follows is done.
    pub fn begin(&mut self, proxy: &str, target: &str) {
        proxy.clone_into(&mut self.book.proxy);
        if !self.book.targets.iter().any(|have| have == target) {
            self.book.targets.push(target.to_owned());
        }
    }

    /// Puts this content there, after writing down what was there before. Owner and mode stay.
    pub fn put(
        &mut self,
        path: &Path,
        content: &[u8],
        fpm: Option<&Path>,
    ) -> Result<(), LedgerError> {
        let found = settings::read(path)?;
        let wrote = digest(content);
        match self
            .book
            .entries
            .iter_mut()
            .find(|entry| entry.path == path)
        {
            Some(entry) => entry.wrote.push(wrote),
            None => self.book.entries.push(Entry {
                path: path.to_owned(),
                before: found.as_ref().map(Kept::of),
                wrote: vec![wrote],
                fpm: fpm.map(Path::to_owned),
            }),
        }
        self.save()?;
        let file = match found {
            Some(found) => Found {
                content: content.to_vec(),
                ..found
            },
            None => Found {
                content: content.to_vec(),
                mode: 0o644,
                uid: rustix::process::geteuid().as_raw(),
                gid: rustix::process::getegid().as_raw(),
            },
        };
        Ok(settings::put(path, &file)?)
    }

    /// What was at this path before nicetap.
    pub fn before(&self, path: &Path) -> Result<Option<Found>, LedgerError> {
        match self.book.entries.iter().find(|entry| entry.path == path) {
            Some(entry) => Ok(entry.before.as_ref().map(Kept::found)),
            None => Ok(settings::read(path)?),
        }
    }

    /// Takes every file back, the last one first. Those that somebody has changed since are left, and stay in the ledger.
    pub fn take_back(&mut self) -> Result<Vec<(PathBuf, Back)>, LedgerError> {
        let mut done = Vec::new();
        let mut left = Vec::new();
        while let Some(entry) = self.book.entries.pop() {
            let back = entry.take_back()?;
            done.push((entry.path.clone(), back));
            if done.last().is_some_and(|(_, back)| *back == Back::Changed) {
                left.push(entry);
            }
        }
        left.reverse();
        self.book.entries = left;
        self.save()?;
        Ok(done)
    }

    /// Forgets files that somebody has changed: they are theirs now.
    pub fn forget(&mut self) -> Result<(), LedgerError> {
        self.book.entries.clear();
        self.save()
    }

    fn save(&self) -> Result<(), LedgerError> {
        let dir = Dir::open(&self.home, Access::Passage)?;
        if self.book.entries.is_empty() {
            return Ok(dir.remove(NAME)?);
        }
        // Strings and numbers of our own, which always serialise.
        let text = serde_json::to_vec_pretty(&self.book).unwrap_or_default();
        Ok(dir.replace(NAME, &text, Access::Private)?)
    }
}

impl Entry {
    fn take_back(&self) -> Result<Back, LedgerError> {
        let now = settings::read(&self.path)?;
        let before = self.before.as_ref().map(Kept::found);
        let is_ours = |found: &Found| self.wrote.contains(&digest(&found.content));
        match (&now, &before) {
            (None, None) => {}
            (Some(now), Some(before)) if now.content == before.content => {}
            (Some(now), None) if is_ours(now) => settings::remove(&self.path)?,
            (Some(now), Some(before)) if is_ours(now) => settings::put(&self.path, before)?,
            // Removed by somebody: nothing points here any more.
            (None, Some(_)) | (Some(_), _) => return Ok(Back::Changed),
        }
        Ok(Back::Restored)
    }
}

impl Kept {
    fn of(found: &Found) -> Self {
        Self {
            content: STANDARD.encode(&found.content),
            mode: found.mode,
            uid: found.uid,
            gid: found.gid,
        }
    }

    fn found(&self) -> Found {
        Found {
            content: STANDARD.decode(&self.content).unwrap_or_default(),
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
        }
    }
}

/// The ledger, or a file in it, cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not what nicetap wrote.
    #[error("`{}` is not what nicetap wrote: {source}", path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

fn digest(content: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(content))
}

const NAME: &str = "setup.json";
/// Every file in it may be a whole CA bundle.
const LIMIT: usize = 16 << 20;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    fn stage() -> (tempfile::TempDir, Ledger, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::read(&folder.path().join("home")).unwrap();
        let file = folder.path().join("a.ini");
        (folder, ledger, file)
    }

    fn again(folder: &tempfile::TempDir) -> Ledger {
        Ledger::read(&folder.path().join("home")).unwrap()
    }

    #[test]
    fn what_was_there_comes_back_with_its_mode_by_another_run() {
        let (folder, mut ledger, file) = stage();
        std::fs::write(&file, b"old\0\xff").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        ledger.put(&file, b"new", None).unwrap();
        ledger.put(&file, b"newer", None).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"newer");
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o640);
        let done = again(&folder).take_back().unwrap();
        assert_eq!(done, [(file.clone(), Back::Restored)]);
        assert_eq!(std::fs::read(&file).unwrap(), b"old\0\xff");
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o640);
        assert!(again(&folder).is_empty());
        assert!(!folder.path().join("home/setup.json").exists());
    }

    #[test]
    fn what_was_not_there_goes_away() {
        let (folder, mut ledger, file) = stage();
        ledger.put(&file, b"new", None).unwrap();
        again(&folder).take_back().unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn what_somebody_has_changed_since_is_theirs() {
        let (folder, mut ledger, file) = stage();
        ledger.put(&file, b"new", None).unwrap();
        std::fs::write(&file, "theirs").unwrap();
        let done = again(&folder).take_back().unwrap();
        assert_eq!(done, [(file.clone(), Back::Changed)]);
        assert_eq!(std::fs::read(&file).unwrap(), b"theirs");
        assert!(!again(&folder).is_empty());
        again(&folder).forget().unwrap();
        assert!(again(&folder).is_empty());
    }

    #[test]
    fn killed_between_the_ledger_and_the_file_nothing_is_lost() {
        let (folder, mut ledger, file) = stage();
        std::fs::write(&file, "old").unwrap();
        ledger.put(&file, b"new", None).unwrap();
        std::fs::write(&file, "old").unwrap();
        assert_eq!(again(&folder).take_back().unwrap()[0].1, Back::Restored);
        assert_eq!(std::fs::read(&file).unwrap(), b"old");
    }

    #[test]
    fn a_link_is_not_followed() {
        let (_folder, mut ledger, file) = stage();
        std::os::unix::fs::symlink("/etc/hostname", &file).unwrap();
        assert!(ledger.put(&file, b"new", None).is_err());
    }
}
