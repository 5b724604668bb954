//! The token: who holds it may change the inspector's state, and may read where others are on the machine.
use std::path::{Path, PathBuf};

use crate::store::{Access, Dir, StoreError, random_word};

/// The token, and whether reading wants it too.
#[derive(Clone)]
pub struct Lock {
    token: String,
    /// Why reading wants the token: who else is on the machine. `None`: it does not.
    pub others: Option<String>,
}

impl Lock {
    /// Reads the token of this home, or makes one, and looks who else is on this machine.
    pub fn open(home: &Path) -> Result<Self, StoreError> {
        let dir = Dir::open(home, Access::Passage)?;
        let known = dir.read(FILE, Access::Private, LENGTH + 1)?;
        let known = known.and_then(|bytes| String::from_utf8(bytes).ok());
        let token = match known.map(|token| token.trim().to_owned()) {
            Some(token) if is_sound(&token) => token,
            _ => {
                let token = random_word(LENGTH)?;
                dir.replace(FILE, format!("{token}\n").as_bytes(), Access::Private)?;
                token
            }
        };
        Ok(Self {
            token,
            others: others(),
        })
    }

    /// The token itself, for the URL that is printed.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether it is the token. Takes as long for any guess.
    pub fn fits(&self, given: &[u8]) -> bool {
        let token = self.token.as_bytes();
        let mut differs = u8::from(given.len() != token.len());
        for (index, byte) in token.iter().enumerate() {
            differs |= byte ^ given.get(index).unwrap_or(&0);
        }
        differs == 0
    }
}

fn is_sound(token: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    token.len() == LENGTH && token.bytes().all(is_letter)
}

/// Who else may be on this machine, in words; `None`: root, or one login user, is alone.
fn others() -> Option<String> {
    if let Some(panel) = PANELS.iter().find(|(_, path)| Path::new(path).exists()) {
        return Some(format!("{} is on this machine", panel.0));
    }
    // What cannot be read cannot say that nobody else is there.
    let Ok(passwd) = std::fs::read_to_string(PASSWD) else {
        return Some("the users of this machine are not known".to_owned());
    };
    let me = rustix::process::getuid().as_raw();
    let others = login_users(&passwd).filter(|(uid, _)| *uid != me).count();
    match others {
        0 => None,
        1 => Some("another login user is on this machine".to_owned()),
        others => Some(format!("{others} other login users are on this machine")),
    }
}

/// User ids and names of people: those of people's range that can log in.
fn login_users(passwd: &str) -> impl Iterator<Item = (u32, &str)> {
    passwd.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, .., shell] = fields.as_slice() else {
            return None;
        };
        let uid = uid.parse().ok().filter(|uid| PEOPLE.contains(uid))?;
        let shell = PathBuf::from(shell);
        let shell = shell.file_name()?.to_str()?;
        (!NO_SHELLS.contains(&shell)).then_some((uid, *name))
    })
}

const FILE: &str = "ui-token";
const PASSWD: &str = "/etc/passwd";
const LENGTH: usize = 32;
const PEOPLE: std::ops::Range<u32> = 1000..65_534;
const NO_SHELLS: [&str; 4] = ["nologin", "false", "sync", "git-shell"];
/// Hosting panels by the folder that each installs.
const PANELS: [(&str, &str); 12] = [
    ("cPanel", "/usr/local/cpanel"),
    ("Plesk", "/usr/local/psa"),
    ("DirectAdmin", "/usr/local/directadmin"),
    ("CWP", "/usr/local/cwpsrv"),
    ("CyberPanel", "/usr/local/CyberCP"),
    ("HestiaCP", "/usr/local/hestia"),
    ("VestaCP", "/usr/local/vesta"),
    ("ISPConfig", "/usr/local/ispconfig"),
    ("ISPmanager", "/usr/local/mgr5"),
    ("aaPanel", "/www/server/panel"),
    ("CloudPanel", "/home/clp"),
    ("Webmin", "/usr/share/webmin"),
];

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_token_is_kept_private_and_fits_only_itself() {
        let home = tempfile::tempdir().unwrap();
        let lock = Lock::open(home.path()).unwrap();
        assert_eq!(Lock::open(home.path()).unwrap().token(), lock.token());
        let mode = home
            .path()
            .join(FILE)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(lock.fits(lock.token().as_bytes()));
        for wrong in ["", "x", &"A".repeat(LENGTH), &format!("{}x", lock.token())] {
            assert!(!lock.fits(wrong.as_bytes()));
        }
        assert!(!lock.fits(&lock.token().as_bytes()[1..]));
    }

    #[test]
    fn a_torn_token_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let dir = Dir::open(home.path(), Access::Passage).unwrap();
        dir.replace(FILE, b"abc\n", Access::Private).unwrap();
        assert_eq!(Lock::open(home.path()).unwrap().token().len(), LENGTH);
    }

    #[test]
    fn people_are_told_from_services() {
        let passwd = "root:x:0:0::/root:/bin/bash\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n\
                      bob:x:1000:1000::/home/bob:/bin/bash\nbot:x:1001:1001::/:/usr/sbin/nologin\n\
                      nobody:x:65534:65534::/:/bin/sh\nodd line\nann:x:1002:1002::/home/ann:/bin/zsh";
        let people: Vec<_> = login_users(passwd).collect();
        assert_eq!(people, [(1000, "bob"), (1002, "ann")]);
    }
}
