//! Folders, opened and judged: whose they are, and who may change them.
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{self, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::error::{A_FILE, A_FOLDER, failed, kind, not_opened};
use super::{ALWAYS, Access, PERMISSIONS, StoreError};

pub(super) fn open_folder(path: &Path) -> Result<Option<(OwnedFd, Stat)>, StoreError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | ALWAYS;
    let fd = match fs::open(path, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(not_opened(path, errno, A_FOLDER)),
    };
    let stat = fs::fstat(&fd).map_err(|errno| failed("look at", path, errno))?;
    Ok(Some((fd, stat)))
}

pub(super) fn make_folder(path: &Path, mode: Mode) -> Result<(), StoreError> {
    if let Some(parent) = path.parent()
        && !matches!(
            parent.components().next_back(),
            None | Some(Component::RootDir)
        )
        && matches!(fs::stat(parent), Err(Errno::NOENT))
    {
        make_folder(parent, Access::Public.of_folder())?;
    }
    match fs::mkdir(path, mode) {
        Ok(()) => {}
        // Another process was faster; what it made is judged like any other.
        Err(Errno::EXIST) => return Ok(()),
        Err(errno) => return Err(failed("create", path, errno)),
    }
    let Some((fd, _)) = open_folder(path)? else {
        return Ok(());
    };
    // The umask may have taken bits away.
    fs::fchmod(&fd, mode).map_err(|errno| failed("set the mode of", path, errno))
}

pub(super) fn refuse_other_kinds(path: &Path, stat: &Stat) -> Result<(), StoreError> {
    let seen = FileType::from_raw_mode(stat.st_mode);
    if seen == FileType::RegularFile {
        return Ok(());
    }
    Err(StoreError::Kind {
        path: path.into(),
        seen: kind(seen),
        expected: A_FILE,
    })
}

pub(super) fn refuse_foreign(path: &Path, stat: &Stat) -> Result<(), StoreError> {
    let (seen, expected) = (stat.st_uid, geteuid().as_raw());
    if seen == expected {
        return Ok(());
    }
    Err(StoreError::Owner {
        path: path.into(),
        seen,
        expected,
    })
}

pub(super) fn refuse_open(path: &Path, seen: Mode, wanted: Mode) -> Result<(), StoreError> {
    if !seen.intersects(Mode::RWXG | Mode::RWXO) {
        return Ok(());
    }
    Err(mode_error(path, seen, wanted))
}

pub(super) fn refuse_writable(path: &Path, stat: &Stat) -> Result<(), StoreError> {
    let seen = Mode::from_raw_mode(stat.st_mode);
    if !seen.intersects(Mode::WGRP | Mode::WOTH) {
        return Ok(());
    }
    if seen.contains(Mode::SVTX | Mode::WOTH) {
        return Err(StoreError::Shared { path: path.into() });
    }
    Err(mode_error(path, seen, seen - Mode::WGRP - Mode::WOTH))
}

fn mode_error(path: &Path, seen: Mode, expected: Mode) -> StoreError {
    StoreError::Mode {
        path: path.into(),
        seen: (seen & PERMISSIONS).bits(),
        expected: (expected & PERMISSIONS).bits(),
    }
}
