//! How a PHP is set, as it tells itself: the PHP of the command line, or a pool's.
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::fastcgi::{self, Listen, Reply};

/// What a PHP says of itself. `assets/probe.php` asks it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Facts {
    /// `cli`, `fpm-fcgi`.
    pub sapi: String,
    /// Its version.
    pub version: String,
    /// The version of its libcurl; `None`: its curl extension is not loaded.
    pub curl: Option<String>,
    /// Proxy variables that libcurl reads, without the passwords in them.
    pub environment: BTreeMap<String, String>,
    /// The file that runs before each script.
    pub auto_prepend_file: String,
    /// The CA file of streams, and of curl where it is set.
    pub openssl_cafile: String,
    /// The CA file of curl.
    pub curl_cainfo: String,
    /// The folders that scripts are kept to.
    pub open_basedir: String,
    /// Its main settings file.
    pub ini: String,
    scan: String,
    scan_default: String,
}

/// A value that settings in PHP's form give to this name; of several the last one counts.
pub(super) fn ini_value<'a>(ini: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = ini.lines().rev();
    let value = lines.find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| value.trim().trim_matches(['"', '\'']))
    });
    value.filter(|value| !value.is_empty())
}

impl Facts {
    /// The folder whose settings files it reads last; `None`: it reads none.
    pub fn scan_folder(&self) -> Option<PathBuf> {
        let last = match self.scan.rsplit(':').next() {
            Some(last) if !last.is_empty() => last,
            _ => &self.scan_default,
        };
        (!last.is_empty()).then(|| PathBuf::from(last))
    }

    /// The CA files that it has, each once.
    pub fn authorities(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        for file in [&self.openssl_cafile, &self.curl_cainfo] {
            let file = PathBuf::from(file);
            if file.is_file() && !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// Where it would go out, if not directly.
    pub fn proxy(&self) -> Option<(&str, &str)> {
        let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let found = names
            .into_iter()
            .find_map(|name| self.environment.get_key_value(name));
        found.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Asks the PHP of this program.
pub fn of_command_line(program: &Path) -> io::Result<Facts> {
    let mut child = Command::new(program)
        .arg("-q")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // One that ends early is told by what it prints.
        let _ = input.write_all(PROBE.as_bytes());
    }
    let output = child.wait_with_output()?;
    read(&output.stdout).ok_or_else(|| io::Error::other("it does not run a script"))
}

/// Lets a pool run a script of ours, and reads what it tells.
pub(super) fn of_pool(listen: &Listen, script: &Path) -> Result<Facts, PoolError> {
    let reply = run(listen, script).map_err(PoolError::Unreachable)?;
    read(&reply.body).ok_or_else(|| PoolError::Refused {
        status: reply.status,
        allowed: allowed(&reply.errors),
        errors: reply.errors.lines().next().unwrap_or_default().to_owned(),
    })
}

/// The status of a page that the pool makes for a visitor without cookies; `None`: it cannot be asked.
pub(super) fn page(listen: &Listen, script: &Path) -> Option<u16> {
    run(listen, script).ok().map(|reply| reply.status)
}

fn run(listen: &Listen, script: &Path) -> io::Result<Reply> {
    let file = script.display().to_string();
    let root = script
        .parent()
        .unwrap_or(Path::new("/"))
        .display()
        .to_string();
    let name = script.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("/{name}");
    fastcgi::get(
        listen,
        &[
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("REQUEST_METHOD", "GET"),
            ("SCRIPT_FILENAME", &file),
            ("SCRIPT_NAME", &name),
            ("DOCUMENT_ROOT", &root),
            ("REQUEST_URI", &name),
            ("QUERY_STRING", ""),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("SERVER_NAME", "127.0.0.1"),
            ("REMOTE_ADDR", "127.0.0.1"),
            ("NICETAP_PROBE", "1"),
        ],
    )
}

/// The folders of `open_basedir`, as PHP's error names them.
fn allowed(errors: &str) -> Option<String> {
    let (_, rest) = errors.split_once("open_basedir restriction in effect")?;
    let (_, rest) = rest.split_once("allowed path(s): (")?;
    let (folders, _) = rest.split_once(')')?;
    Some(folders.to_owned())
}

/// A pool did not run our script.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// It cannot be asked.
    #[error("it cannot be asked: {0}")]
    Unreachable(io::Error),
    /// It did not run it.
    #[error("it answers with {status} {errors}")]
    Refused {
        /// The status.
        status: u16,
        /// The folders that its scripts are kept to, if that is why.
        allowed: Option<String>,
        /// PHP's first error.
        errors: String,
    },
}

/// PHP can have printed warnings before.
fn read(output: &[u8]) -> Option<Facts> {
    let begin = memchr::memmem::rfind(output, b"{\"sapi\"")?;
    serde_json::from_slice(output.get(begin..)?).ok()
}

pub(super) const PROBE: &str = include_str!("assets/probe.php");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_is_read_last_is_found() {
        let folder = |scan: &str| {
            let facts = Facts {
                sapi: "cli".into(),
                version: String::new(),
                curl: None,
                environment: BTreeMap::new(),
                auto_prepend_file: String::new(),
                openssl_cafile: String::new(),
                curl_cainfo: String::new(),
                open_basedir: String::new(),
                ini: String::new(),
                scan: scan.into(),
                scan_default: "/etc/php/conf.d".into(),
            };
            facts.scan_folder().unwrap().display().to_string()
        };
        assert_eq!(folder(""), "/etc/php/conf.d");
        assert_eq!(folder("/a:"), "/etc/php/conf.d");
        assert_eq!(folder(":/a"), "/a");
    }
}
