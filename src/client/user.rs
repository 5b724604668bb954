//! The names of users, from `/etc/passwd`. Users of a directory service have no name here.
use std::collections::BTreeMap;
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The name of the user with this id.
pub(super) fn name(uid: u32) -> Option<Box<str>> {
    let changed = fs::metadata(PASSWD)
        .and_then(|about| about.modified())
        .ok()?;
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if names.as_of != Some(changed) || names.known.len() >= NAMES_LIMIT {
        names.as_of = Some(changed);
        names.known.clear();
    }
    let known = names.known.entry(uid);
    known
        .or_insert_with(|| {
            let passwd = super::read_proc(PASSWD, PASSWD_LIMIT)?;
            name_in(&String::from_utf8_lossy(&passwd), uid).map(Box::from)
        })
        .clone()
}

/// The number of the user with this name.
pub(super) fn id(name: &str) -> Option<u32> {
    let passwd = super::read_proc(PASSWD, PASSWD_LIMIT)?;
    id_in(&String::from_utf8_lossy(&passwd), name)
}

fn id_in(passwd: &str, name: &str) -> Option<u32> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

fn name_in(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

struct Names {
    as_of: Option<SystemTime>,
    known: BTreeMap<u32, Option<Box<str>>>,
}

static NAMES: Mutex<Names> = Mutex::new(Names {
    as_of: None,
    known: BTreeMap::new(),
});
const NAMES_LIMIT: usize = 256;
const PASSWD: &str = "/etc/passwd";
const PASSWD_LIMIT: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_number() {
        let passwd =
            "\n#comment\n:x:5:5\nroot:x:0:0:root:/root:/bin/sh\nbad:x:many\nwww-data:x:33:33::/:\n";
        assert_eq!(name_in(passwd, 33), Some("www-data"));
        assert_eq!(name_in(passwd, 0), Some("root"));
        assert_eq!(name_in(passwd, 5), None);
        assert_eq!(id_in(passwd, "www-data"), Some(33));
        assert_eq!(id_in(passwd, "bad"), None);
        assert_eq!(id_in(passwd, "www"), None);
    }
}
