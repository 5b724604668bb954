//! The file that runs before each PHP script: it points curl at nicetap if nicetap answers, and does nothing if not.
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// What is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prepend<'a> {
    /// Where nicetap listens.
    pub(super) proxy: SocketAddr,
    /// The hosts that must come this way: `no_proxy` must not name them.
    pub(super) hosts: &'a [String],
    /// Scripts in these folders are meant; none: all.
    pub(super) folders: &'a [PathBuf],
    /// What ran before each script until now.
    pub(super) before: Option<&'a Path>,
}

impl Prepend<'_> {
    /// Its name: equal content has an equal one.
    pub(super) fn name(&self) -> String {
        if self.before.is_none() && self.folders.is_empty() {
            return "prepend.php".to_owned();
        }
        let mut name = "prepend-".to_owned();
        for byte in Sha256::digest(self.text()).iter().take(4) {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        name + ".php"
    }

    /// The file.
    pub(super) fn text(&self) -> String {
        let folders: Vec<String> = self
            .folders
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let before = self.before.map_or_else(String::new, |before| {
            format!("require {};", literal(&before.display().to_string()))
        });
        TEMPLATE
            .replace("@HOST@", &literal(&self.proxy.ip().to_string()))
            .replace("@PORT@", &self.proxy.port().to_string())
            .replace("@HOSTS@", &list(self.hosts))
            .replace("@FOLDERS@", &list(&folders))
            .replace(
                "@BEFORE@\n",
                &if before.is_empty() {
                    before
                } else {
                    before + "\n"
                },
            )
    }
}

/// What of this file is not nicetap's: the file that ran before each script without it.
pub(super) fn without_us(text: &str) -> String {
    let before = text.lines().filter(|line| line.starts_with("require "));
    before.fold("<?php\n".to_owned(), |kept, line| kept + line + "\n")
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| literal(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// A string as PHP reads it back.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

const TEMPLATE: &str = include_str!("assets/prepend.php");

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::process::{Command, Stdio};

    use super::*;

    /// What a PHP with this file before its script says of its proxy and `no_proxy`.
    fn told(prepend: &Prepend<'_>, no_proxy: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prepend.php");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        std::fs::write(&file, prepend.text()).unwrap();
        let mut child = Command::new("php")
            .args(["-d", &format!("auto_prepend_file={}", file.display())])
            .env_remove("https_proxy")
            .env_remove("http_proxy")
            .env("no_proxy", no_proxy)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let script = b"<?php echo getenv('https_proxy'), '|', getenv('no_proxy'), '|', json_encode(error_get_last());";
        child.stdin.take().unwrap().write_all(script).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn prepend(proxy: SocketAddr, hosts: &[String]) -> Prepend<'_> {
        Prepend {
            proxy,
            hosts,
            folders: &[],
            before: None,
        }
    }

    #[test]
    fn curl_is_sent_to_nicetap_only_while_it_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let hosts = ["nicenic.net".to_owned()];
        let live = told(&prepend(addr, &hosts), "localhost,.nicenic.net");
        assert_eq!(live, format!("http://{addr}|localhost|null"));
        drop(listener);
        let dead = told(&prepend(addr, &hosts), "localhost,.nicenic.net");
        assert_eq!(dead, "|localhost,.nicenic.net|null");
    }

    #[test]
    fn scripts_elsewhere_are_not_touched() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let folders = [PathBuf::from("/srv/it's here")];
        let meant = Prepend {
            folders: &folders,
            ..prepend(listener.local_addr().unwrap(), &[])
        };
        assert_eq!(told(&meant, ""), "||null");
    }

    #[test]
    fn what_ran_before_still_runs() {
        let folder = tempfile::tempdir().unwrap();
        let before = folder.path().join("before.php");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        std::fs::write(&before, "<?php echo 'first ';").unwrap();
        let addr = ([127, 0, 0, 1], 9).into();
        let chained = Prepend {
            before: Some(&before),
            ..prepend(addr, &[])
        };
        assert_ne!(chained.name(), "prepend.php");
        assert_eq!(told(&chained, ""), "first ||null");
        let require = format!("<?php\nrequire {};\n", literal(before.to_str().unwrap()));
        assert_eq!(without_us(&chained.text()), require);
        assert_eq!(without_us(&prepend(addr, &[]).text()), "<?php\n");
    }
}
