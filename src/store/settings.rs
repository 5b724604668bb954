//! Settings of others: files that belong to somebody else, read and replaced whole, with owner and mode kept.
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::error::{A_FILE, A_FOLDER};
use super::{ALWAYS, DRAFT, PERMISSIONS, StoreError};
use super::{failed, fill_random, not_opened, refuse_other_kinds};

/// A file as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its content.
    pub content: Vec<u8>,
    /// Its permission bits.
    pub mode: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// Reads a settings file; `None`: there is none. Only a regular file is read, and no link is followed.
pub fn read(path: &Path) -> Result<Option<Found>, StoreError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | ALWAYS;
    let fd = match fs::open(path, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(not_opened(path, errno, A_FILE)),
    };
    let stat = fs::fstat(&fd).map_err(|errno| failed("look at", path, errno))?;
    refuse_other_kinds(path, &stat)?;
    let mut content = Vec::new();
    File::from(fd)
        .take(LIMIT as u64 + 1)
        .read_to_end(&mut content)
        .map_err(|error| failed("read", path, error))?;
    if content.len() > LIMIT {
        return Err(StoreError::TooLarge {
            path: path.into(),
            limit: LIMIT,
        });
    }
    let mode = Mode::from_raw_mode(stat.st_mode) & PERMISSIONS;
    Ok(Some(Found {
        content,
        mode: mode.as_raw_mode(),
        uid: stat.st_uid,
        gid: stat.st_gid,
    }))
}

/// Puts a file in its place in one step; readers see the old content or the new one.
pub fn put(path: &Path, file: &Found) -> Result<(), StoreError> {
    let (folder, name) = place(path)?;
    let mut tag = [0; 8];
    fill_random(&mut tag)?;
    let draft = format!(".nicetap.{:016x}{DRAFT}", u64::from_ne_bytes(tag));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | ALWAYS;
    let fd = fs::openat(&folder, &draft, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|errno| failed("create", path, errno))?;
    let written = write(fd, file).and_then(|()| Ok(fs::renameat(&folder, &draft, &folder, &name)?));
    written.map_err(|error| {
        // The error that led here matters more than one of cleaning up.
        let _ = fs::unlinkat(&folder, &draft, AtFlags::empty());
        failed("write", path, error)
    })
}

/// Removes a file; one that is not there is as good as removed.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    let (folder, name) = place(path)?;
    match fs::unlinkat(&folder, &name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(failed("remove", path, errno)),
    }
}

fn write(fd: OwnedFd, file: &Found) -> io::Result<()> {
    let stat = fs::fstat(&fd)?;
    if (stat.st_uid, stat.st_gid) != (file.uid, file.gid) {
        let owner = (Uid::from_raw(file.uid), Gid::from_raw(file.gid));
        fs::fchown(&fd, Some(owner.0), Some(owner.1))?;
    }
    fs::fchmod(&fd, Mode::from_raw_mode(file.mode))?;
    let mut open = File::from(fd);
    open.write_all(&file.content)?;
    open.sync_all()
}

fn place(path: &Path) -> Result<(OwnedFd, PathBuf), StoreError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(StoreError::Kind {
            path: path.into(),
            seen: "not a file name",
            expected: A_FILE,
        });
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | ALWAYS;
    let fd = fs::open(folder, flags, Mode::empty())
        .map_err(|errno| not_opened(folder, errno, A_FOLDER))?;
    Ok((fd, name.into()))
}

/// More than any settings file has; a CA bundle has a quarter of it.
const LIMIT: usize = 1 << 20;
