//! Which process holds a socket: a search of `/proc/PID/fd`, first where it was found before.
use std::collections::VecDeque;
use std::fs;
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{Dir, Mode, OFlags, readlinkat};

use super::socket::Owner;

/// The process that holds the owner's socket; `None` if none is found within the budget, or none may be looked at.
pub(super) fn find(owner: &Owner) -> Option<u32> {
    let mut search = Search {
        link: format!("socket:[{}]", owner.inode),
        budget: LINK_BUDGET,
        buffer: Vec::new(),
    };
    let known = recent(owner.uid);
    let found = known
        .iter()
        .copied()
        .find(|&pid| search.finds_in(pid))
        .or_else(|| likeliest_first(owner.uid, &known).find(|&pid| search.finds_in(pid)))?;
    remember(owner.uid, found);
    Some(found)
}

struct Search {
    link: String,
    /// Links that may still be read: a process can hold very many.
    budget: usize,
    buffer: Vec<u8>,
}

impl Search {
    fn finds_in(&mut self, pid: u32) -> bool {
        self.look_into(pid).unwrap_or(false)
    }

    fn look_into(&mut self, pid: u32) -> rustix::io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(format!("/proc/{pid}/fd"), flags, Mode::empty())?;
        let mut descriptors = Dir::new(folder)?;
        while let Some(descriptor) = descriptors.read() {
            if self.budget == 0 {
                return Ok(false);
            }
            self.budget -= 1;
            // Relative to the folder, so that the kernel need not walk and judge the whole path each time.
            let buffer = mem::take(&mut self.buffer);
            let Ok(link) = readlinkat(descriptors.fd()?, descriptor?.file_name(), buffer) else {
                continue; // closed meanwhile, or `..`
            };
            if link.as_bytes() == self.link.as_bytes() {
                return Ok(true);
            }
            self.buffer = link.into_bytes();
        }
        Ok(false)
    }
}

/// All processes but those `known`: the user's first, the youngest of them first.
fn likeliest_first(uid: u32, known: &[u32]) -> impl Iterator<Item = u32> {
    let (mut theirs, mut others) = (Vec::new(), Vec::new());
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if known.contains(&pid) {
            continue;
        }
        // A process that changed its user, as an FPM worker does, is listed as root's: hence the others, too.
        let owned = entry.metadata().is_ok_and(|about| about.uid() == uid);
        if owned { &mut theirs } else { &mut others }.push(pid);
    }
    theirs.sort_unstable_by(|a, b| b.cmp(a));
    others.sort_unstable_by(|a, b| b.cmp(a));
    theirs.into_iter().chain(others)
}

fn recent(uid: u32) -> Vec<u32> {
    let found = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    found
        .iter()
        .filter(|have| have.0 == uid)
        .map(|have| have.1)
        .collect()
}

fn remember(uid: u32, pid: u32) {
    let mut found = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    found.retain(|have| *have != (uid, pid));
    found.push_front((uid, pid));
    found.truncate(RECENT_LIMIT);
}

/// Users and processes that were found last, the latest first. A number that was given to another process since
/// costs one look in vain.
static RECENT: Mutex<VecDeque<(u32, u32)>> = Mutex::new(VecDeque::new());
const RECENT_LIMIT: usize = 32;
/// About 30 ms.
const LINK_BUDGET: usize = 20_000;
