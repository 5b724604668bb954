//! Which process holds a socket: a search of `/proc/PID/fd`, first where sockets were found before.
use std::collections::VecDeque;
use std::fs;
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{CWD, Dir, Mode, OFlags, readlinkat};

use super::socket::Owner;

/// The process that holds the owner's socket; `None` if none is found within the budget, or none may be looked at.
///
/// `is_open` is asked before processes are searched: most of the sockets that are not where others were have been
/// closed meanwhile, and such a search is long.
pub(super) fn find(owner: &Owner, is_open: impl Fn() -> bool) -> Option<u32> {
    let mut search = Search {
        link: link(owner),
        budget: LINK_BUDGET,
        buffer: Vec::new(),
    };
    if let Some(next) = search.spot_beyond(latest(owner.uid)) {
        remember(owner.uid, next);
        return Some(next.pid);
    }
    if let Some(pid) = find_again(owner) {
        return Some(pid);
    }
    if !is_open() {
        return None;
    }
    let known = recent(owner.uid);
    let mut in_known = known.iter().rev().copied();
    let found = in_known
        .find_map(|pid| search.spot_in(pid))
        .or_else(|| likeliest_first(owner.uid, &known).find_map(|pid| search.spot_in(pid)))?;
    remember(owner.uid, found);
    Some(found.pid)
}

/// The same, only where sockets of this user were found before: a client that opens one connection after the other
/// is given the number of a descriptor that it has just closed.
pub(super) fn find_again(owner: &Owner) -> Option<u32> {
    let link = link(owner);
    let theirs: Vec<Spot> = spots()
        .iter()
        .filter(|seen| seen.uid == owner.uid)
        .map(|seen| seen.spot)
        .collect();
    let mut buffer = Vec::with_capacity(link.len() + 1);
    // What was found longest ago is what has most likely been closed and opened anew.
    for spot in theirs {
        buffer.clear();
        let path = format!("/proc/{}/fd/{}", spot.pid, spot.descriptor);
        match readlinkat(CWD, path, buffer) {
            Ok(holds) if holds.as_bytes() == link.as_bytes() => {
                remember(owner.uid, spot);
                return Some(spot.pid);
            }
            Ok(holds) => buffer = holds.into_bytes(),
            Err(_) => {
                miss(owner.uid, spot);
                buffer = Vec::new();
            }
        }
    }
    None
}

/// Notes that a socket of this user was found there just now.
fn remember(uid: u32, spot: Spot) {
    let mut spots = spots();
    spots.retain(|seen| (seen.uid, seen.spot) != (uid, spot));
    if spots.len() >= SPOTS_LIMIT {
        spots.pop_front();
    }
    spots.push_back(Seen {
        uid,
        spot,
        missed: 0,
    });
}

/// Notes that nothing is open there. A client that is between two connections will open it again; one that has ended
/// will not, and is forgotten after a few looks.
fn miss(uid: u32, spot: Spot) {
    let mut spots = spots();
    spots.retain_mut(|seen| {
        let is_it = (seen.uid, seen.spot) == (uid, spot);
        seen.missed += u8::from(is_it);
        seen.missed < MOST_MISSED
    });
}

fn link(owner: &Owner) -> String {
    format!("socket:[{}]", owner.inode)
}

/// Where a socket was found.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Spot {
    pid: u32,
    descriptor: u32,
}

/// A spot, and whose socket it was.
struct Seen {
    uid: u32,
    spot: Spot,
    /// How often nothing was open there since.
    missed: u8,
}

struct Search {
    link: String,
    /// Links that may still be read: a process can hold very many.
    budget: usize,
    buffer: Vec<u8>,
}

impl Search {
    /// A client that keeps its connections open is given one number after the other, and would otherwise be searched
    /// from its first descriptor on for each of them.
    fn spot_beyond(&self, latest: Option<Spot>) -> Option<Spot> {
        let Spot { pid, descriptor } = latest?;
        let folder = rustix::fs::open(format!("/proc/{pid}/fd"), FOLDER, Mode::empty()).ok()?;
        let mut next = descriptor.saturating_add(1)..=descriptor.saturating_add(FURTHER);
        let holds = |number: &u32| {
            let link = readlinkat(&folder, number.to_string(), Vec::new());
            link.is_ok_and(|link| link.as_bytes() == self.link.as_bytes())
        };
        let descriptor = next.find(holds)?;
        Some(Spot { pid, descriptor })
    }

    fn spot_in(&mut self, pid: u32) -> Option<Spot> {
        let descriptor = self.look_into(pid).ok()??;
        Some(Spot { pid, descriptor })
    }

    fn look_into(&mut self, pid: u32) -> rustix::io::Result<Option<u32>> {
        let folder = rustix::fs::open(format!("/proc/{pid}/fd"), FOLDER, Mode::empty())?;
        let mut descriptors = Dir::new(folder)?;
        while let Some(descriptor) = descriptors.read() {
            if self.budget == 0 {
                return Ok(None);
            }
            self.budget -= 1;
            let descriptor = descriptor?;
            let number = descriptor.file_name();
            // Relative to the folder, so that the kernel need not walk and judge the whole path each time.
            let buffer = mem::take(&mut self.buffer);
            let Ok(link) = readlinkat(descriptors.fd()?, number, buffer) else {
                continue; // closed meanwhile, or `..`
            };
            if link.as_bytes() == self.link.as_bytes() {
                return Ok(number.to_str().ok().and_then(|number| number.parse().ok()));
            }
            self.buffer = link.into_bytes();
        }
        Ok(None)
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

/// The processes in which sockets of this user were found, the latest last.
fn recent(uid: u32) -> Vec<u32> {
    let mut recent = Vec::new();
    for seen in spots().iter().filter(|seen| seen.uid == uid) {
        recent.retain(|pid| *pid != seen.spot.pid);
        recent.push(seen.spot.pid);
    }
    recent
}

/// Where a socket of this user was found last.
fn latest(uid: u32) -> Option<Spot> {
    let spots = spots();
    let mut theirs = spots.iter().rev().filter(|seen| seen.uid == uid);
    theirs.next().map(|seen| seen.spot)
}

fn spots() -> MutexGuard<'static, VecDeque<Seen>> {
    SPOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where sockets of which user were found, the latest last. A number that means something else by now costs one look
/// in vain.
static SPOTS: Mutex<VecDeque<Seen>> = Mutex::new(VecDeque::new());
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);
/// As many descriptors beyond the latest are looked at: look-ups overtake each other a little.
const FURTHER: u32 = 16;
const MOST_MISSED: u8 = 8;
const SPOTS_LIMIT: usize = 64;
/// About 30 ms.
const LINK_BUDGET: usize = 20_000;

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn the_descriptor_after_the_latest_is_looked_at_before_all_others() {
        let uid = u32::MAX - 9; // nobody's
        let (one, next) = UnixStream::pair().unwrap();
        let spot = Spot {
            pid: std::process::id(),
            descriptor: one.as_raw_fd().try_into().unwrap(),
        };
        remember(uid, spot);
        let inode = rustix::fs::fstat(&next).unwrap().st_ino;
        let found = find(&Owner { uid, inode }, || unreachable!("a long search"));
        assert_eq!(found, Some(std::process::id()));
    }

    #[test]
    fn a_descriptor_that_is_closed_for_a_moment_is_looked_at_again() {
        let uid = u32::MAX - 7; // nobody's
        let spot = Spot {
            pid: u32::MAX,
            descriptor: 3,
        };
        let owner = Owner { uid, inode: 1 };
        let is_known = || spots().iter().any(|seen| seen.uid == uid);
        remember(uid, spot);
        for _ in 1..MOST_MISSED {
            assert_eq!(find(&owner, || false), None);
            assert!(is_known());
        }
        assert_eq!(find(&owner, || false), None);
        assert!(!is_known());
    }
}
