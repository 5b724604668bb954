//! PHP-FPM on this machine: which masters run, which pools they have, and how they take up a new setting.
//!
//! A pool gets its setting from a file of nicetap's own beside the pools' files: PHP-FPM merges sections of one name, so
//! no file of anybody else's is touched.
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use super::fastcgi::Listen;

/// A running PHP-FPM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fpm {
    /// Its configuration.
    pub conf: PathBuf,
    /// The process that a signal makes read it anew.
    pid: u32,
    /// The program, to try a configuration before it is used.
    program: Option<PathBuf>,
    /// Where a file of ours is read; `None`: it includes no folder.
    pub overlay: Option<PathBuf>,
    /// Its pools.
    pub pools: Vec<Pool>,
    /// Whether requests that are under way get time to end when it reads its configuration anew.
    pub is_gentle: bool,
}

/// A pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// All that is set: `listen`, `user`, `php_admin_value[open_basedir]`.
    pub(crate) settings: BTreeMap<String, String>,
}

impl Fpm {
    /// Those that run here. Their title names their configuration.
    pub fn all() -> Vec<Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut found: Vec<Self> = pids.filter_map(Self::of).collect();
        // A daemon that reads its settings anew is a child of the one before, which is there for a moment more.
        found.sort_by(|one, other| (&one.conf, other.pid).cmp(&(&other.conf, one.pid)));
        found.dedup_by(|one, other| one.conf == other.conf);
        found
    }

    fn of(pid: u32) -> Option<Self> {
        let title = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let title = String::from_utf8_lossy(&title);
        let conf = title
            .trim_end_matches(['\0', ' '])
            .strip_prefix(MASTER)?
            .strip_suffix(')')?;
        let conf = PathBuf::from(conf);
        if is_anothers(pid, &conf) {
            return None;
        }
        let program = fs::read_link(format!("/proc/{pid}/exe")).ok();
        let mut fpm = Self {
            overlay: None,
            pools: Vec::new(),
            is_gentle: false,
            pid,
            program,
            conf,
        };
        let text = fs::read_to_string(&fpm.conf).ok()?;
        let mut files = vec![text];
        for pattern in includes(&files[0]) {
            let (folder, ending) = (pattern.parent()?, pattern.extension());
            fpm.overlay = fpm
                .overlay
                .or_else(|| Some(folder.join(OVERLAY).with_extension(ending?)));
            files.extend(
                files_like(&pattern)
                    .iter()
                    .filter_map(|file| fs::read_to_string(file).ok()),
            );
        }
        for text in &files {
            fpm.take_in(text);
        }
        Some(fpm)
    }

    fn take_in(&mut self, text: &str) {
        let mut pool: Option<usize> = None;
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with([';', '#']))
        {
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|line| line.split(']').next())
            {
                pool = (name != "global").then(|| self.pool(name));
            } else if let Some((key, value)) = line.split_once('=') {
                let (key, value) = (key.trim(), unquoted(value));
                match pool.and_then(|at| self.pools.get_mut(at)) {
                    Some(pool) => drop(pool.settings.insert(key.to_owned(), value.to_owned())),
                    None if key == "process_control_timeout" => {
                        self.is_gentle = !value.starts_with('0');
                    }
                    None => {}
                }
            }
        }
    }

    fn pool(&mut self, name: &str) -> usize {
        let known = self.pools.iter().position(|pool| pool.name == name);
        known.unwrap_or_else(|| {
            self.pools.push(Pool {
                name: name.to_owned(),
                ..Pool::default()
            });
            self.pools.len() - 1
        })
    }

    /// Makes it read its configuration anew, if that is sound. Ends before it has done so.
    pub(super) fn reload(&self) -> Result<(), ReloadError> {
        if let Some(program) = &self.program {
            let tried = Command::new(program)
                .arg("-t")
                .arg("-y")
                .arg(&self.conf)
                .output()?;
            if !tried.status.success() {
                let told = String::from_utf8_lossy(&tried.stderr);
                return Err(ReloadError::Unsound(
                    told.lines().next().unwrap_or_default().to_owned(),
                ));
            }
        }
        // As a daemon it is another process after each reload.
        let now = Self::all().into_iter().find(|fpm| fpm.conf == self.conf);
        let pid = now.map_or(self.pid, |fpm| fpm.pid);
        let pid = Pid::from_raw(pid.cast_signed()).ok_or(ReloadError::Gone)?;
        match kill_process(pid, Signal::USR2) {
            Err(Errno::SRCH) => Err(ReloadError::Gone),
            done => done.map_err(|errno| ReloadError::Io(errno.into())),
        }
    }
}

impl Pool {
    /// Where it listens; `None`: that is not told, or is a name.
    pub(super) fn listen(&self) -> Option<Listen> {
        let listen = self.settings.get("listen")?.replace("$pool", &self.name);
        if listen.starts_with('/') {
            return Some(Listen::Unix(listen.into()));
        }
        let addr = match listen.parse::<u16>() {
            Ok(port) => ([127, 0, 0, 1], port).into(),
            Err(_) => listen.replace("localhost", "127.0.0.1").parse().ok()?,
        };
        Some(Listen::Tcp(addr))
    }

    /// The user whose rights it has.
    pub fn user(&self) -> Option<&str> {
        self.settings.get("user").map(String::as_str)
    }

    /// The folder that it takes for `/`.
    pub fn chroot(&self) -> Option<&str> {
        self.settings.get("chroot").map(String::as_str)
    }

    /// A PHP setting of its own, whichever way it is given.
    pub fn php(&self, name: &str) -> Option<&str> {
        let ways = ["php_admin_value", "php_value"];
        let keys = ways.map(|way| format!("{way}[{name}]"));
        keys.iter()
            .find_map(|key| self.settings.get(key))
            .map(String::as_str)
    }

    /// A variable of its environment, if it sets it itself.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.settings
            .get(&format!("env[{name}]"))
            .map(String::as_str)
    }

    /// Whether workers see the environment that PHP-FPM was started with.
    pub fn inherits_environment(&self) -> bool {
        self.settings
            .get("clear_env")
            .is_some_and(|value| ["no", "0", "off", "false"].contains(&value.as_str()))
    }
}

/// PHP-FPM cannot take up a setting.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It would not start with it.
    #[error("it does not accept the configuration: {0}")]
    Unsound(String),
    /// It has ended.
    #[error("it does not run any more")]
    Gone,
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Whether this process sees another file there than we do: it is a container's. What may not be known is not.
fn is_anothers(pid: u32, conf: &Path) -> bool {
    let identity = |path: &Path| {
        let about = fs::metadata(path).ok()?;
        Some((about.dev(), about.ino()))
    };
    let inside = conf.strip_prefix("/").unwrap_or(conf);
    let theirs = identity(&Path::new(&format!("/proc/{pid}/root")).join(inside));
    theirs.is_some() && theirs != identity(conf)
}

fn includes(text: &str) -> Vec<PathBuf> {
    let lines = text.lines().map(str::trim);
    let values =
        lines.filter_map(|line| line.strip_prefix("include")?.trim_start().strip_prefix('='));
    values.map(|value| PathBuf::from(unquoted(value))).collect()
}

/// The files of a pattern such as `/etc/php/8.2/fpm/pool.d/*.conf`, in the order in which they are read.
fn files_like(pattern: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (
        pattern.parent(),
        pattern.file_name().and_then(|name| name.to_str()),
    ) else {
        return Vec::new();
    };
    let Some((first, last)) = name.split_once('*') else {
        return vec![pattern.to_owned()];
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(first)
                && name.ends_with(last)
                && !name.starts_with('.')
                && !name.starts_with(OVERLAY)
        })
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let value = value.split(" ;").next().unwrap_or(value).trim_end();
    value.trim_matches(['"', '\''])
}

const MASTER: &str = "php-fpm: master process (";
/// First in the order of names: of two values for one PHP setting PHP-FPM takes the one that it has read first.
const OVERLAY: &str = "00-nicetap";

#[cfg(test)]
mod tests {
    use super::*;

    fn fpm(text: &str) -> Fpm {
        let mut fpm = Fpm {
            conf: "/etc/php-fpm.conf".into(),
            pid: 1,
            program: None,
            overlay: None,
            pools: Vec::new(),
            is_gentle: false,
        };
        fpm.take_in(text);
        fpm
    }

    #[test]
    fn pools_are_read_with_their_settings() {
        let fpm = fpm(
            "[global]\nprocess_control_timeout = 10s\n; [no]\n[www]\nuser = www-data\nlisten=/run/$pool.sock\n\
                       php_admin_value[open_basedir] = \"/srv:/tmp\" ; sites\nenv[https_proxy] = http://p:1\nclear_env = no\n\
                       [shop]\nlisten = 9001\n[www]\nchroot = /jail\n",
        );
        assert!(fpm.is_gentle);
        assert_eq!(fpm.pools.len(), 2);
        let www = &fpm.pools[0];
        assert_eq!(www.listen(), Some(Listen::Unix("/run/www.sock".into())));
        assert_eq!(www.php("open_basedir"), Some("/srv:/tmp"));
        assert_eq!(www.variable("https_proxy"), Some("http://p:1"));
        assert_eq!(
            (www.user(), www.chroot()),
            (Some("www-data"), Some("/jail"))
        );
        assert!(www.inherits_environment());
        assert_eq!(
            fpm.pools[1].listen(),
            Some(Listen::Tcp(([127, 0, 0, 1], 9001).into()))
        );
        assert!(!fpm.pools[1].inherits_environment());
    }

    #[test]
    fn what_is_included_is_found_and_ours_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in [
            "b.conf",
            "a.conf",
            "00-nicetap.conf",
            ".a.conf",
            "a.conf.bak",
        ] {
            std::os::unix::fs::symlink("/dev/null", place(name)).unwrap();
        }
        let pattern = includes(&format!(
            "include = {}/*.conf\n;include=/x",
            folder.path().display()
        ));
        assert_eq!(pattern.len(), 1);
        assert_eq!(files_like(&pattern[0]), [place("a.conf"), place("b.conf")]);
    }
}
