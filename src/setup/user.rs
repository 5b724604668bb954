//! The users of this machine, and which files they can reach.
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A user of `/etc/passwd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    uid: u32,
    gid: u32,
}

impl User {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::find(&fs::read_to_string("/etc/passwd").ok()?, name)
    }

    fn find(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(name)).then_some(())?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }

    /// Whether this user owns the file.
    pub(super) fn owns(self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|about| about.uid() == self.uid)
    }

    /// The first folder on the way to this file, or the file itself, that the user's own rights do not open. Further
    /// groups are not looked at: what this says is a hint.
    pub(super) fn stopped_at(self, path: &Path) -> Option<PathBuf> {
        let mut way: Vec<&Path> = path.ancestors().collect();
        way.reverse();
        let is_closed = |step: &&&Path| {
            let wanted = if **step == path { 0o4 } else { 0o1 };
            fs::metadata(step).is_ok_and(|about| {
                let shift = match (about.uid() == self.uid, about.gid() == self.gid) {
                    (true, _) => 6,
                    (false, true) => 3,
                    (false, false) => 0,
                };
                about.mode() >> shift & wanted == 0
            })
        };
        way.iter().find(is_closed).map(|step| step.to_path_buf())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_closed_folder_on_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let nobody = User {
            uid: 65534,
            gid: 65534,
        };
        let mode =
            |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let file = folder.path().join("a");
        mode(0o700);
        assert_eq!(nobody.stopped_at(&file), Some(folder.path().to_owned()));
        mode(0o755);
        assert_eq!(nobody.stopped_at(&file), None);
    }

    #[test]
    fn a_user_is_found_by_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\nwww-data:x:33:34::/:\n";
        assert_eq!(
            User::find(passwd, "www-data"),
            Some(User { uid: 33, gid: 34 })
        );
        assert_eq!(User::find(passwd, "www"), None);
    }
}
