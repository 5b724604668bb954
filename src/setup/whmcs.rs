//! Where WHMCS is on this machine, and which PHP its cron runs with. Of its configuration one name is read, no more.
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{UpstreamProxy, value::Word as _};

/// A WHMCS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whmcs {
    /// Its folder.
    pub root: PathBuf,
    /// What `$outbound_http_proxy` names, without a login: then its own calls go there.
    pub proxy: Option<String>,
}

/// A line of a crontab that runs `cron.php`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// The PHP.
    pub php: PathBuf,
    /// The script.
    pub script: PathBuf,
}

impl Whmcs {
    /// The one in this folder.
    pub fn at(root: &Path) -> Option<Self> {
        let is_it = root.join("configuration.php").is_file()
            && (root.join("init.php").is_file() || root.join("crons").is_dir());
        is_it.then(|| Self {
            root: root.to_owned(),
            proxy: fs::read_to_string(root.join("configuration.php"))
                .ok()
                .and_then(|text| outbound_proxy(&text)),
        })
    }

    /// That a proxy stands between WHMCS and the API, and what that means.
    pub fn proxy_note(&self, is_chained: bool) -> Option<String> {
        let proxy = self.proxy.as_ref()?;
        let mut note = format!(
            "configuration.php sets $outbound_http_proxy ({proxy}): what WHMCS's own helper calls goes there, not to \
             nicetap, and NiceNIC sees that proxy's address; which calls these are is not known, and a module need not \
             be among them"
        );
        if !is_chained {
            note.push_str("; to let nicetap go out that way too: --upstream-proxy URL");
        }
        Some(note)
    }

    /// Those in the usual folders, and those whose cron is known.
    pub fn all(crons: &[Cron]) -> Vec<Self> {
        let near_cron = crons
            .iter()
            .filter_map(|cron| cron.script.parent()?.parent());
        let mut folders: Vec<PathBuf> = near_cron.map(Path::to_owned).collect();
        folders.push("/var/www/html".into());
        for (parent, inside) in [
            ("/var/www", ""),
            ("/var/www/html", ""),
            ("/home", "public_html"),
            ("/srv", ""),
        ] {
            let entries = fs::read_dir(parent).into_iter().flatten().flatten();
            folders.extend(entries.map(|entry| entry.path().join(inside)));
        }
        let mut found: Vec<Self> = folders
            .iter()
            .filter_map(|folder| Self::at(folder))
            .collect();
        found.sort_by(|one, other| one.root.cmp(&other.root));
        found.dedup_by(|one, other| one.root == other.root);
        found
    }
}

impl Cron {
    /// Those in this machine's crontabs, as far as they can be read.
    pub fn all() -> Vec<Self> {
        let mut files = vec![PathBuf::from("/etc/crontab")];
        for folder in ["/var/spool/cron/crontabs", "/var/spool/cron", "/etc/cron.d"] {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            files.extend(
                entries
                    .map(|entry| entry.path())
                    .filter(|path| path.is_file()),
            );
        }
        let mut found: Vec<Self> = Vec::new();
        for text in files
            .iter()
            .filter_map(|file| fs::read_to_string(file).ok())
        {
            for cron in text.lines().filter_map(Self::of_line) {
                if !found.contains(&cron) {
                    found.push(cron);
                }
            }
        }
        found
    }

    fn of_line(line: &str) -> Option<Self> {
        let line = line.trim_start();
        if line.starts_with('#') {
            return None;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let script = words.iter().position(|word| word.ends_with("/cron.php"))?;
        let is_php = |word: &&&str| {
            let name = word.rsplit('/').next().unwrap_or_default();
            name.starts_with("php") && !name.contains('=')
        };
        let php = words.get(..script)?.iter().rfind(is_php)?;
        Some(Self {
            php: PathBuf::from(php),
            script: PathBuf::from(words.get(script)?),
        })
    }
}

/// The value of this one name; the last line that sets it counts, as in PHP.
fn outbound_proxy(configuration: &str) -> Option<String> {
    let value = configuration.lines().rev().find_map(|line| {
        let rest = line.trim_start().strip_prefix("$outbound_http_proxy")?;
        Some(rest.trim_start().strip_prefix('=')?.trim())
    });
    let value = value?.split(';').next()?.trim();
    if matches!(value, "" | "''" | "\"\"" | "null" | "false") {
        return None;
    }
    let url = value.trim_matches(['"', '\'']);
    let url = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    let shown = UpstreamProxy::read(&url).map(|proxy| proxy.to_string());
    // What cannot be read may hold a password.
    Some(shown.unwrap_or_else(|_| "not shown".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cron_line_names_its_php() {
        for (line, want) in [
            (
                "*/5 * * * * /usr/bin/php8.1 -q /srv/x/crons/cron.php",
                Some("/usr/bin/php8.1"),
            ),
            (
                "*/5 * * * * www-data php -q /srv/whmcs/crons/cron.php all >/dev/null",
                Some("php"),
            ),
            ("# */5 * * * * php -q /srv/whmcs/crons/cron.php", None),
            (
                "*/5 * * * * wget -q https://shop.example/crons/cron.php",
                None,
            ),
            ("PATH=/usr/bin", None),
        ] {
            let found = Cron::of_line(line).map(|cron| cron.php.display().to_string());
            assert_eq!(found.as_deref(), want, "{line}");
        }
    }

    #[test]
    fn a_proxy_of_whmcs_is_named_without_its_login() {
        for (text, want) in [
            (
                "<?php\n$outbound_http_proxy = 'http://bob:hunter2@10.0.0.1:3128';\n",
                Some("http://10.0.0.1:3128"),
            ),
            (
                "$outbound_http_proxy=\"proxy.example:8080\"; // ours\n",
                Some("http://proxy.example:8080"),
            ),
            ("$outbound_http_proxy = PROXY . ':1';\n", Some("not shown")),
            (
                "<?php\n$outbound_http_proxy = '';\n$db_password = 'x';\n",
                None,
            ),
            ("<?php\n// $outbound_http_proxy = 'x';\n", None),
        ] {
            assert_eq!(outbound_proxy(text).as_deref(), want, "{text}");
        }
    }
}
