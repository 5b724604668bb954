//! What was changed for clients, written down before it is changed: `HOME/setup.json`. With it everything is taken back
//! byte for byte, by whichever nicetap comes next.
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::store::settings::{self, Found};
use crate::store::{Access, Dir, StoreError};

use super::plan::CA_FILE;

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
    #[serde(with = "as_base64")]
    content: Vec<u8>,
    mode: u32,
    uid: u32,
    gid: u32,
}

/// How it was to take a file back.
#[derive(Debug, PartialEq, Eq)]
pub enum Back {
    /// It is as it was before nicetap.
    Restored,
    /// Somebody has changed it since, and it still points at nicetap: it is left, and stays in the ledger.
    Changed,
    /// Somebody has changed or removed it since, and nothing in it points at nicetap any more: it is theirs.
    Theirs,
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

    /// Whether all that stands are CA files: these were asked for by themselves, and go with any other setting.
    pub fn has_only_ca_files(&self) -> bool {
        let mut targets = self.book.targets.iter();
        targets.all(|target| target.starts_with(CA_FILE))
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

    /// Takes every file back, the last one first. What somebody has changed since is left as it is; `points_here` says
    /// whether such a content still points at nicetap.
    pub fn take_back(
        &mut self,
        points_here: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<(PathBuf, Back)>, LedgerError> {
        let mut done = Vec::new();
        let mut left = Vec::new();
        while let Some(entry) = self.book.entries.pop() {
            let back = entry.take_back(&points_here)?;
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
    fn take_back(&self, points_here: impl Fn(&[u8]) -> bool) -> Result<Back, LedgerError> {
        let now = settings::read(&self.path)?;
        let before = self.before.as_ref().map(Kept::found);
        let is_ours = |found: &Found| self.wrote.contains(&digest(&found.content));
        match (&now, &before) {
            (None, None) => {}
            (Some(now), Some(before)) if now.content == before.content => {}
            (Some(now), None) if is_ours(now) => settings::remove(&self.path)?,
            (Some(now), Some(before)) if is_ours(now) => settings::put(&self.path, before)?,
            (Some(now), _) if points_here(&now.content) => return Ok(Back::Changed),
            (None, Some(_)) | (Some(_), _) => return Ok(Back::Theirs),
        }
        Ok(Back::Restored)
    }
}

impl Kept {
    fn of(found: &Found) -> Self {
        Self {
            content: found.content.clone(),
            mode: found.mode,
            uid: found.uid,
            gid: found.gid,
        }
    }

    fn found(&self) -> Found {
        Found {
            content: self.content.clone(),
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

/// Bytes as text. A text that is none is an error: what was there before must not be taken for nothing.
mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
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

    fn nowhere(_: &[u8]) -> bool {
        false
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
        let done = again(&folder).take_back(nowhere).unwrap();
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
        again(&folder).take_back(nowhere).unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn what_somebody_has_changed_since_is_theirs() {
        let (folder, mut ledger, file) = stage();
        ledger.put(&file, b"new", None).unwrap();
        std::fs::write(&file, "theirs").unwrap();
        let done = again(&folder).take_back(|content| content == b"theirs");
        assert_eq!(done.unwrap(), [(file.clone(), Back::Changed)]);
        assert_eq!(std::fs::read(&file).unwrap(), b"theirs");
        assert!(!again(&folder).is_empty());
        let done = again(&folder).take_back(nowhere).unwrap();
        assert_eq!(done, [(file.clone(), Back::Theirs)]);
        assert_eq!(std::fs::read(&file).unwrap(), b"theirs");
        assert!(again(&folder).is_empty());
    }

    #[test]
    fn what_somebody_has_removed_is_not_made_anew() {
        let (folder, mut ledger, file) = stage();
        std::fs::write(&file, "old").unwrap();
        ledger.put(&file, b"new", None).unwrap();
        std::fs::remove_file(&file).unwrap();
        let done = again(&folder).take_back(nowhere).unwrap();
        assert_eq!(done, [(file.clone(), Back::Theirs)]);
        assert!(!file.exists() && again(&folder).is_empty());
    }

    #[test]
    fn a_damaged_ledger_is_told_and_empties_no_file() {
        let (folder, mut ledger, file) = stage();
        std::fs::write(&file, "old").unwrap();
        ledger.put(&file, b"new", None).unwrap();
        let book = folder.path().join("home/setup.json");
        let text = std::fs::read_to_string(&book).unwrap();
        assert!(text.contains("b2xk"), "{text}");
        std::fs::write(&book, text.replace("b2xk", "b2x*")).unwrap();
        let error = Ledger::read(&folder.path().join("home")).unwrap_err();
        assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn killed_between_the_ledger_and_the_file_nothing_is_lost() {
        let (folder, mut ledger, file) = stage();
        std::fs::write(&file, "old").unwrap();
        ledger.put(&file, b"new", None).unwrap();
        std::fs::write(&file, "old").unwrap();
        assert_eq!(
            again(&folder).take_back(nowhere).unwrap()[0].1,
            Back::Restored
        );
        assert_eq!(std::fs::read(&file).unwrap(), b"old");
    }

    #[test]
    fn a_link_is_not_followed() {
        let (_folder, mut ledger, file) = stage();
        std::os::unix::fs::symlink("/etc/hostname", &file).unwrap();
        assert!(ledger.put(&file, b"new", None).is_err());
    }
}
