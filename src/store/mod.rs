//! Files that must stay private, or that all must be able to read: made, replaced and read without following links.
//!
//! All work below a [`Dir`] goes through its open descriptor, so a folder that is swapped on the way changes
//! nothing; a link is never followed, a file appears whole or not at all, and the umask has no say. Only folders
//! above a [`Dir`] may be links. This room judges owners, modes and kinds; it does not know what it stores.
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::process::geteuid;
use rustls::crypto::aws_lc_rs;

use error::{A_FILE, failed, not_opened};
use judge::{
    make_folder, open_folder, refuse_foreign, refuse_open, refuse_other_kinds, refuse_writable,
};

pub use error::StoreError;

mod error;
mod group;
mod judge;
pub mod settings;

/// Who may look at a file or folder. Nobody but the owner may ever change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The owner: folders 0700, files 0600. Anything wider is refused, not mended: it may have been read.
    Private,
    /// The owner; others may pass to a public folder inside, but not list it: folders 0711, files 0600.
    Passage,
    /// All: folders 0755, files 0644.
    Public,
}

impl Access {
    const fn of_folder(self) -> Mode {
        Mode::from_raw_mode(match self {
            Self::Private => 0o700,
            Self::Passage => 0o711,
            Self::Public => 0o755,
        })
    }

    const fn of_file(self) -> Mode {
        Mode::from_raw_mode(match self {
            Self::Private | Self::Passage => 0o600,
            Self::Public => 0o644,
        })
    }
}

/// An open folder, which only its owner can change.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

impl Dir {
    /// Opens a folder, or makes it. Missing parents become 0755: their names are no secret.
    ///
    /// An existing folder must be a folder, ours, and closed to changes by others. A private one must be closed
    /// to others entirely; for the other kinds of access it is opened as far as needed, never closed.
    pub fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        let (dir, stat) = Self::open_or_make(path, access.of_folder())?;
        // Root's own folders may lie in one of another user, a bind mount for instance: what matters is inside.
        if access != Access::Passage || !geteuid().is_root() {
            refuse_foreign(&dir.path, &stat)?;
        }
        let seen = Mode::from_raw_mode(stat.st_mode);
        if access == Access::Private {
            refuse_open(&dir.path, seen, access.of_folder())?;
        }
        if !seen.contains(access.of_folder()) {
            fs::fchmod(&dir.fd, (seen | access.of_folder()) & PERMISSIONS)
                .map_err(|errno| failed("set the mode of", &dir.path, errno))?;
        }
        Ok(dir)
    }

    /// Opens a folder that must exist already, whatever others may see of it.
    pub fn existing(path: &Path) -> Result<Option<Self>, StoreError> {
        let path = path.components().collect::<PathBuf>();
        match open_folder(&path) {
            Ok(Some((fd, stat))) => {
                refuse_writable(&path, &stat)?;
                Ok(Some(Self { fd, path }))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a folder that must exist already, for a file that the user wants there. It may be open to all if it is
    /// sticky, as `/tmp` is: nobody else can move or replace a file of ours in it. And to its owner's own group, in
    /// which nobody else is.
    pub fn for_output(path: &Path) -> Result<Option<Self>, StoreError> {
        let path = path.components().collect::<PathBuf>();
        let Some((fd, stat)) = open_folder(&path)? else {
            return Ok(None);
        };
        let mode = Mode::from_raw_mode(stat.st_mode);
        let is_own_groups =
            || !mode.contains(Mode::WOTH) && group::is_own(stat.st_uid, stat.st_gid);
        if !mode.contains(Mode::SVTX) && !is_own_groups() {
            refuse_writable(&path, &stat)?;
        }
        Ok(Some(Self { fd, path }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it, for messages.
    pub fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads a file of at most `limit` bytes; `None`: there is none. A private one must be ours and closed to others.
    pub fn read(
        &self,
        name: &str,
        access: Access,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.at(name);
        // NONBLOCK: a planted FIFO must not hold us.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | ALWAYS;
        let fd = match fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(not_opened(&path, errno, A_FILE)),
        };
        let stat = fs::fstat(&fd).map_err(|errno| failed("look at", &path, errno))?;
        refuse_other_kinds(&path, &stat)?;
        if access != Access::Public {
            refuse_foreign(&path, &stat)?;
            refuse_open(&path, Mode::from_raw_mode(stat.st_mode), access.of_file())?;
        }
        let size = usize::try_from(stat.st_size).unwrap_or(usize::MAX);
        // One byte more than the file has: a secret is not left behind in a buffer that had to grow.
        let mut content = Vec::with_capacity(size.min(limit) + 1);
        File::from(fd)
            .take(limit as u64 + 1)
            .read_to_end(&mut content)
            .map_err(|error| failed("read", &path, error))?;
        if content.len() > limit {
            return Err(StoreError::TooLarge { path, limit });
        }
        Ok(Some(content))
    }

    /// Writes a file in one step: readers see the old content or the new one. A link in its place is replaced,
    /// its target is not touched.
    pub fn replace(&self, name: &str, content: &[u8], access: Access) -> Result<(), StoreError> {
        let draft = self.write_draft(name, content, access)?;
        let path = self.at(name);
        if let Err(errno) = fs::renameat(&self.fd, &draft, &self.fd, name) {
            self.drop_draft(&draft);
            return Err(failed("replace", &path, errno));
        }
        self.sync(&path)
    }

    /// Writes a file unless it already has this content, owner and mode.
    pub fn refresh(&self, name: &str, content: &[u8], access: Access) -> Result<(), StoreError> {
        let stat = fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW);
        let untouched = stat.is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
                && stat.st_uid == geteuid().as_raw()
                && Mode::from_raw_mode(stat.st_mode) & PERMISSIONS == access.of_file()
        });
        if untouched
            && matches!(self.read(name, access, content.len()), Ok(Some(old)) if old == content)
        {
            return Ok(());
        }
        self.replace(name, content, access)
    }

    /// Removes a file or a link; one that is not there is as good as removed.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.at(name);
        match fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => self.sync(&path),
            Err(errno) => Err(failed("remove", &path, errno)),
        }
    }

    /// Removes what writers that were killed have left behind. Only under the exclusive lock.
    pub fn sweep(&self) -> Result<(), StoreError> {
        let entries =
            fs::Dir::read_from(&self.fd).map_err(|errno| failed("list", &self.path, errno))?;
        for entry in entries {
            let entry = entry.map_err(|errno| failed("list", &self.path, errno))?;
            if let Ok(name) = entry.file_name().to_str()
                && name.starts_with('.')
                && name.ends_with(DRAFT)
            {
                self.remove(name)?;
            }
        }
        Ok(())
    }

    /// Takes the folder's lock until this is dropped: for changes and `true` if nobody else has it; else `false`,
    /// shared with its other users, after waiting for one that makes changes.
    pub fn lock(&self) -> bool {
        match fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                self.share_lock();
                false
            }
            // On a file system without locks there is nobody to share with, as far as we can know.
            Ok(()) | Err(_) => true,
        }
    }

    /// Ends the changes: keeps the lock, shared with other users.
    pub fn share_lock(&self) {
        while let Err(Errno::INTR) = fs::flock(&self.fd, FlockOperation::LockShared) {}
    }

    fn open_or_make(path: &Path, mode: Mode) -> Result<(Self, Stat), StoreError> {
        // `a/b/` and `a/b/.` would follow a link `b`.
        let path: PathBuf = path.components().collect();
        let (fd, stat) = if let Some(found) = open_folder(&path)? {
            found
        } else {
            make_folder(&path, mode)?;
            let missing = io::Error::from(io::ErrorKind::NotFound);
            open_folder(&path)?.ok_or_else(|| failed("open", &path, missing))?
        };
        refuse_writable(&path, &stat)?;
        Ok((Self { fd, path }, stat))
    }

    /// A file of its own name beside `name`, complete and on the disk.
    fn write_draft(
        &self,
        name: &str,
        content: &[u8],
        access: Access,
    ) -> Result<String, StoreError> {
        let path = self.at(name);
        let mut tag = [0; 8];
        fill_random(&mut tag)?;
        let draft = format!(".{name}.{:016x}{DRAFT}", u64::from_ne_bytes(tag));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | ALWAYS;
        let fd = fs::openat(&self.fd, &draft, flags, access.of_file())
            .map_err(|errno| failed("create", &path, errno))?;
        // The umask may have taken bits away.
        let written = fs::fchmod(&fd, access.of_file())
            .map_err(io::Error::from)
            .and_then(|()| {
                let mut file = File::from(fd);
                file.write_all(content)?;
                file.sync_all()
            });
        if let Err(error) = written {
            self.drop_draft(&draft);
            return Err(failed("write", &path, error));
        }
        Ok(draft)
    }

    fn drop_draft(&self, draft: &str) {
        // The error that led here matters more than one of cleaning up.
        let _ = fs::unlinkat(&self.fd, draft, AtFlags::empty());
    }

    fn sync(&self, path: &Path) -> Result<(), StoreError> {
        match fs::fsync(&self.fd) {
            // Some file systems cannot sync a folder.
            Ok(()) | Err(Errno::INVAL | Errno::BADF) => Ok(()),
            Err(errno) => Err(failed("store", path, errno)),
        }
    }
}

/// Reads a private key of `len` bytes, or makes one of random bytes; of two that make one, both get the same.
pub fn private_key_file(path: &Path, len: usize) -> Result<Vec<u8>, StoreError> {
    let (Some(parent), Some(name)) = (
        path.parent(),
        path.file_name().and_then(|name| name.to_str()),
    ) else {
        return Err(StoreError::Kind {
            path: path.into(),
            seen: "not a file name",
            expected: A_FILE,
        });
    };
    let (dir, _) = Dir::open_or_make(parent, Access::Private.of_folder())?;
    if let Some(key) = dir.read(name, Access::Private, len)? {
        return of_length(key, len, path);
    }
    let mut key = vec![0; len];
    fill_random(&mut key)?;
    let draft = dir.write_draft(name, &key, Access::Private)?;
    // Unlike a rename, a link does not take the place of a key that another process has just made.
    let linked = fs::linkat(&dir.fd, &draft, &dir.fd, name, AtFlags::empty());
    dir.drop_draft(&draft);
    match linked {
        Ok(()) => {
            dir.sync(path)?;
            Ok(key)
        }
        Err(Errno::EXIST) => {
            let theirs = dir.read(name, Access::Private, len)?.unwrap_or_default();
            of_length(theirs, len, path)
        }
        Err(errno) => Err(failed("create", path, errno)),
    }
}

/// Fills a buffer from the system's random source.
pub fn fill_random(bytes: &mut [u8]) -> Result<(), StoreError> {
    aws_lc_rs::default_provider()
        .secure_random
        .fill(bytes)
        .map_err(|_| StoreError::NoRandom)
}

/// A secret that may stand in a URL as it is: so many letters, digits, `-` and `_`, of 6 bits each.
pub fn random_word(length: usize) -> Result<String, StoreError> {
    let mut bytes = vec![0; length];
    fill_random(&mut bytes)?;
    let letters = bytes
        .iter()
        .map(|byte| ALPHABET[usize::from(*byte) % ALPHABET.len()]);
    Ok(letters.map(char::from).collect())
}

/// 64 letters, so that no letter is likelier than another.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn of_length(key: Vec<u8>, expected: usize, path: &Path) -> Result<Vec<u8>, StoreError> {
    if key.len() == expected {
        return Ok(key);
    }
    Err(StoreError::Length {
        path: path.into(),
        seen: key.len(),
        expected,
    })
}

/// Ends the name of a file that is not complete yet.
const DRAFT: &str = ".draft";

/// Of every file that is opened: it does not pass to children, and is never the terminal.
const ALWAYS: OFlags = OFlags::CLOEXEC.union(OFlags::NOCTTY);

const PERMISSIONS: Mode = Mode::from_raw_mode(0o7777);

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use rustix::process::getegid;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path)
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    }

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn private() -> (tempfile::TempDir, Dir) {
        let base = tempfile::tempdir().unwrap();
        let dir = Dir::open(&base.path().join("dir"), Access::Private).unwrap();
        (base, dir)
    }

    #[test]
    fn a_file_for_the_user_may_lie_where_all_write_only_if_the_folder_is_sticky() {
        let base = tempfile::tempdir().unwrap();
        for (seen, is_taken) in [(0o1777, true), (0o755, true), (0o777, false)] {
            chmod(base.path(), seen);
            assert_eq!(Dir::for_output(base.path()).is_ok(), is_taken, "{seen:o}");
        }
        // Its owner's own group is not another user.
        chmod(base.path(), 0o775);
        let is_own = group::is_own(geteuid().as_raw(), getegid().as_raw());
        assert_eq!(Dir::for_output(base.path()).is_ok(), is_own);
        if std::os::unix::fs::chown(base.path(), None, Some(4711)).is_ok() {
            chmod(base.path(), 0o775);
            assert!(Dir::for_output(base.path()).is_err());
        }
        chmod(base.path(), 0o1777);
        // What nicetap keeps for itself may not.
        let refused = Dir::existing(base.path()).unwrap_err().to_string();
        assert!(refused.ends_with("is a folder that all users share: choose one of your own"));
        let dir = Dir::for_output(base.path()).unwrap().unwrap();
        dir.replace("t", b"x", Access::Private).unwrap();
        assert_eq!(mode(&base.path().join("t")), 0o600);
    }

    #[test]
    fn folders_and_files_get_exactly_their_mode() {
        let base = tempfile::tempdir().unwrap();
        for (name, access, folder, file) in [
            ("a", Access::Private, 0o700, 0o600),
            ("b", Access::Passage, 0o711, 0o600),
            ("c", Access::Public, 0o755, 0o644),
        ] {
            let dir = Dir::open(&base.path().join("deep").join(name), access).unwrap();
            dir.replace("file", b"content", access).unwrap();
            assert_eq!(mode(dir.path()), folder);
            assert_eq!(mode(&dir.at("file")), file);
            assert_eq!(dir.read("file", access, 7).unwrap().unwrap(), b"content");
        }
        assert_eq!(mode(&base.path().join("deep")), 0o755);
    }

    #[test]
    fn a_folder_is_opened_as_far_as_needed_but_a_private_one_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let home = base.path().join("home");
        Dir::open(&home, Access::Private).unwrap();
        Dir::open(&home, Access::Passage).unwrap();
        assert_eq!(mode(&home), 0o711);

        let refused = Dir::open(&home, Access::Private).unwrap_err().to_string();
        let path = home.display();
        assert_eq!(
            refused,
            format!("`{path}` has mode 0711, expected 0700: run `chmod 700 {path}`")
        );
    }

    #[test]
    fn a_folder_that_others_can_change_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let home = base.path().join("it's mine");
        Dir::open(&home, Access::Passage).unwrap();
        chmod(&home, 0o777);
        let refused = Dir::open(&home, Access::Passage).unwrap_err().to_string();
        assert!(
            refused.contains("has mode 0777, expected 0755: run `chmod 755 '"),
            "{refused}"
        );
        assert!(refused.contains(r"it'\''s mine'`"), "{refused}");
        assert!(Dir::existing(&home).is_err());
    }

    #[test]
    fn a_link_is_never_followed() {
        let (base, dir) = private();
        let target = base.path().join("target");
        Dir::open(base.path(), Access::Public)
            .unwrap()
            .replace("target", b"t", Access::Private)
            .unwrap();
        symlink(&target, dir.at("link")).unwrap();
        symlink(dir.path(), base.path().join("other")).unwrap();

        let refused = dir.read("link", Access::Private, 9).unwrap_err();
        assert!(
            matches!(
                refused,
                StoreError::Kind {
                    seen: "a symbolic link",
                    ..
                }
            ),
            "{refused}"
        );
        for way in ["other", "other/", "other/."] {
            let refused = Dir::open(&base.path().join(way), Access::Private).unwrap_err();
            assert!(
                matches!(
                    refused,
                    StoreError::Kind {
                        seen: "a symbolic link",
                        ..
                    }
                ),
                "{refused}"
            );
        }
        assert!(private_key_file(&dir.at("link"), 32).is_err());

        dir.replace("link", b"new", Access::Private).unwrap();
        assert_eq!(
            dir.read("link", Access::Private, 9).unwrap().unwrap(),
            b"new"
        );
        assert_eq!(std::fs::read(target).unwrap(), b"t");
    }

    #[test]
    fn a_pipe_neither_holds_nor_fools_us() {
        let (_base, dir) = private();
        fs::mkfifoat(&dir.fd, "key", Mode::from_raw_mode(0o600)).unwrap();
        let refused = dir.read("key", Access::Private, 9).unwrap_err();
        assert!(
            matches!(refused, StoreError::Kind { seen: "a pipe", .. }),
            "{refused}"
        );
    }

    #[test]
    fn a_private_file_that_others_can_read_is_refused_with_the_line_to_run() {
        let (_base, dir) = private();
        dir.replace("key", b"k", Access::Private).unwrap();
        chmod(&dir.at("key"), 0o640);
        let path = dir.at("key");
        assert_eq!(
            dir.read("key", Access::Private, 9).unwrap_err().to_string(),
            format!(
                "`{0}` has mode 0640, expected 0600: run `chmod 600 {0}`",
                path.display()
            )
        );
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let (_base, dir) = private();
        dir.replace("key", &[0; 10], Access::Private).unwrap();
        assert!(dir.read("key", Access::Private, 10).unwrap().is_some());
        assert!(matches!(
            dir.read("key", Access::Private, 9),
            Err(StoreError::TooLarge { .. })
        ));
        assert!(dir.read("none", Access::Private, 9).unwrap().is_none());
    }

    #[test]
    fn refreshing_writes_only_what_differs() {
        let (_base, dir) = private();
        let inode = || {
            fs::statat(&dir.fd, "file", AtFlags::SYMLINK_NOFOLLOW)
                .unwrap()
                .st_ino
        };
        dir.refresh("file", b"one", Access::Public).unwrap();
        let first = inode();
        dir.refresh("file", b"one", Access::Public).unwrap();
        assert_eq!(inode(), first);
        chmod(&dir.at("file"), 0o666);
        dir.refresh("file", b"one", Access::Public).unwrap();
        assert_eq!(mode(&dir.at("file")), 0o644);
        dir.refresh("file", b"two", Access::Public).unwrap();
        assert_eq!(
            dir.read("file", Access::Public, 9).unwrap().unwrap(),
            b"two"
        );
    }

    #[test]
    fn nothing_is_left_of_a_write_that_failed_or_was_killed() {
        let (_base, dir) = private();
        fs::mkdirat(&dir.fd, "name", Mode::RWXU).unwrap();
        assert!(dir.replace("name", b"x", Access::Private).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);

        dir.write_draft("other", b"x", Access::Private).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
        dir.sweep().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_is_made_once_and_stays() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("home/fingerprint.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| private_key_file(&path, 32).unwrap()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(keys[0].len(), 32);
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
        assert!(matches!(
            private_key_file(&path, 33),
            Err(StoreError::Length { .. })
        ));
    }

    #[test]
    fn the_lock_keeps_changes_away_from_users() {
        let (_base, one) = private();
        let two = Dir::open(one.path(), Access::Private).unwrap();
        assert!(one.lock());
        one.share_lock();
        assert!(!two.lock());
        assert!(!one.lock());
        drop(one);
        assert!(two.lock());
    }
}
