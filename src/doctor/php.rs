//! PHP on this machine, as far as it decides whether calls come to nicetap and trust it; and settings that were left.
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::setup::Ledger;
use crate::setup::fpm::{Fpm, Pool};
use crate::setup::php::{self, Facts};

use super::{Outcome, Surroundings};

/// The PHP of the command line: scripts and, mostly, the cron.
pub(super) async fn command_line() -> Outcome {
    let asked = tokio::task::spawn_blocking(|| php::of_command_line(Path::new("php"))).await;
    match asked {
        Ok(Ok(facts)) => judge(&facts),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Outcome::note("there is no PHP on the command line")
        }
        _ => Outcome::unknown("PHP does not run a script", "php -v"),
    }
}

fn judge(facts: &Facts) -> Outcome {
    let Some(curl) = &facts.curl else {
        return Outcome::warn(
            format!("PHP {} has no curl", facts.version),
            "install it (Debian: apt-get install php-curl); php -m lists what is loaded",
        );
    };
    for (name, file) in [
        ("openssl.cafile", &facts.openssl_cafile),
        ("curl.cainfo", &facts.curl_cainfo),
    ] {
        if !file.is_empty() && fs::File::open(file).is_err() {
            return Outcome::fail(
                format!(
                    "{name} names {file}, which cannot be read: every https call fails with curl error 77"
                ),
                format!("mend {name} in {}", facts.ini),
            );
        }
    }
    if !facts.openssl_cafile.is_empty()
        && !facts.curl_cainfo.is_empty()
        && facts.openssl_cafile != facts.curl_cainfo
    {
        return Outcome::warn(
            "openssl.cafile and curl.cainfo name two files; curl goes by openssl.cafile",
            format!("name one file in both, in {}", facts.ini),
        );
    }
    if let Some(name) = kept_away(|name| facts.environment.get(name).cloned()) {
        return Outcome::warn(
            format!("{name} keeps calls to NiceNIC away from every proxy"),
            format!("take NiceNIC's names out of {name} while nicetap runs"),
        );
    }
    let seen = format!("PHP {}, libcurl {curl}", facts.version);
    match facts.proxy() {
        Some((name, value)) => {
            Outcome::note(format!("{seen}; it goes out through {value} ({name})"))
        }
        None => Outcome::pass(seen),
    }
}

/// The pools of PHP-FPM: the pages.
pub(super) fn pools() -> Outcome {
    let all = Fpm::all();
    let mut pools = all.iter().flat_map(|fpm| &fpm.pools).peekable();
    if pools.peek().is_none() {
        return Outcome::note("no PHP-FPM was seen running");
    }
    let outcomes: Vec<Outcome> = pools.map(judge_pool).collect();
    let told: Vec<String> = outcomes
        .iter()
        .map(|outcome| outcome.seen.clone())
        .collect();
    match outcomes.into_iter().max_by_key(|outcome| outcome.level) {
        Some(worst) if worst.fix.is_some() => worst,
        _ => Outcome::pass(told.join("; ")),
    }
}

fn judge_pool(pool: &Pool) -> Outcome {
    let name = &pool.name;
    if let Some(variable) = kept_away(|name| pool.variable(name).map(str::to_owned)) {
        return Outcome::warn(
            format!(
                "pool {name} sets {variable}, which keeps calls to NiceNIC away from every proxy"
            ),
            format!("take NiceNIC's names out of env[{variable}] while nicetap runs"),
        );
    }
    for setting in ["openssl.cafile", "curl.cainfo", "auto_prepend_file"] {
        let missing = pool
            .php(setting)
            .filter(|file| file.starts_with('/') && !Path::new(file).exists());
        if let Some(file) = missing {
            return Outcome::fail(
                format!("pool {name} names {file} as {setting}, and there is no such file"),
                "if nicetap set it: nicetap setup --undo; else mend the pool's file".to_owned(),
            );
        }
    }
    let proxy = ["https_proxy", "HTTPS_PROXY"]
        .into_iter()
        .find(|name| pool.variable(name).is_some());
    let mut seen = format!(
        "pool {name} as {}",
        pool.user().unwrap_or("the user that started it")
    );
    if pool.inherits_environment() {
        seen.push_str(", with the environment of the service (clear_env = no)");
    }
    if pool.chroot().is_some() {
        seen.push_str(", in a chroot");
    }
    if proxy.is_some() {
        seen.push_str(", through a proxy of its own");
    }
    Outcome::pass(seen)
}

/// A proxy that is handed over where curl does not look.
pub(super) fn web_server() -> Outcome {
    judge_web_server(&["/etc/nginx", "/etc/apache2", "/etc/httpd"].map(Path::new))
}

fn judge_web_server(folders: &[&Path]) -> Outcome {
    let mut files = Vec::new();
    for folder in folders {
        configurations(folder, 4, &mut files);
    }
    let trap = files.iter().find_map(|file| {
        let text = fs::read_to_string(file).ok()?;
        text.lines().any(hands_over_a_proxy).then_some(file)
    });
    match trap {
        Some(file) => Outcome::warn(
            format!(
                "{} hands PHP a proxy variable that getenv() shows and curl does not see",
                file.display()
            ),
            "take the line out; nicetap setup php-fpm --write does what it was meant to do",
        ),
        None if files.is_empty() => Outcome::note("no settings of nginx or Apache were found"),
        None => Outcome::pass("no web server hands PHP a proxy that curl would not see"),
    }
}

fn hands_over_a_proxy(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let is_setter = words
        .next()
        .is_some_and(|word| ["fastcgi_param", "SetEnv"].contains(&word));
    is_setter
        && words
            .next()
            .is_some_and(|name| name.to_ascii_lowercase().ends_with("_proxy"))
}

fn configurations(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        if path.is_dir() && depth > 0 {
            configurations(&path, depth - 1, files);
        } else if path.is_file() && files.len() < MOST_FILES {
            files.push(path);
        }
    }
}

/// Settings that point at a nicetap which is not there any more.
pub(super) fn leftovers(all: &Surroundings) -> Outcome {
    let ledger = match Ledger::read(&all.config.home) {
        Ok(ledger) => ledger,
        Err(error) => {
            return Outcome::fail(
                format!("it is not known what is set up: {error}"),
                "look at setup.json in the home",
            );
        }
    };
    if ledger.is_empty() {
        return Outcome::pass("no client's settings are changed");
    }
    let targets = ledger.targets().join(", ");
    let proxy = ledger.proxy();
    let answers = proxy
        .parse()
        .is_ok_and(|addr| TcpStream::connect_timeout(&addr, Duration::from_secs(1)).is_ok());
    if answers {
        return Outcome::note(format!("{targets} set up for the nicetap on {proxy}"));
    }
    Outcome::warn(
        format!(
            "settings for {targets} were left by a nicetap that was killed; calls go out without it"
        ),
        "nicetap setup --undo",
    )
}

fn kept_away(value: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    ["no_proxy", "NO_PROXY"].into_iter().find(|name| {
        value(name).is_some_and(|value| value.contains("nicenic") || value.trim() == "*")
    })
}

/// More than any web server has.
const MOST_FILES: usize = 2000;

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn facts(change: impl FnOnce(&mut serde_json::Value)) -> Facts {
        let mut told = serde_json::json!({
            "sapi": "cli", "version": "8.2.1", "curl": "7.88.1", "environment": {}, "auto_prepend_file": "",
            "openssl_cafile": "", "curl_cainfo": "", "open_basedir": "", "ini": "/etc/php.ini", "scan": "",
            "scan_default": "",
        });
        change(&mut told);
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn a_php_is_judged_by_what_it_says() {
        let level = |change: fn(&mut serde_json::Value)| judge(&facts(change)).level;
        assert_eq!(level(|_| {}), Level::Pass);
        assert_eq!(
            level(|told| told["curl"] = serde_json::Value::Null),
            Level::Warn
        );
        assert_eq!(
            level(|told| told["openssl_cafile"] = "/no/such".into()),
            Level::Fail
        );
        assert_eq!(
            level(|told| {
                told["openssl_cafile"] = "/etc/passwd".into();
                told["curl_cainfo"] = "/etc/group".into();
            }),
            Level::Warn
        );
        assert_eq!(
            level(|told| told["environment"]["no_proxy"] = "*".into()),
            Level::Warn
        );
        assert_eq!(
            level(|told| told["environment"]["https_proxy"] = "http://p:1".into()),
            Level::Note
        );
    }

    #[test]
    fn a_pool_is_judged_by_its_settings() {
        let judged = |settings: &[(&str, &str)]| {
            let settings = settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let outcome = judge_pool(&Pool {
                name: "www".to_owned(),
                settings: settings.collect(),
            });
            (outcome.level, outcome.seen)
        };
        let (level, seen) = judged(&[
            ("user", "www-data"),
            ("clear_env", "no"),
            ("env[https_proxy]", "http://127.0.0.1:8899"),
        ]);
        assert_eq!(level, Level::Pass);
        assert_eq!(
            seen,
            "pool www as www-data, with the environment of the service (clear_env = no), through a proxy of its own"
        );
        assert_eq!(judged(&[("env[no_proxy]", "*")]).0, Level::Warn);
        let gone = [("php_admin_value[auto_prepend_file]", "/no/such/prepend.php")];
        assert_eq!(judged(&gone).0, Level::Fail);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes the file to read")]
    fn a_web_server_is_judged_by_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let judged = || judge_web_server(&[folder.path()]).level;
        assert_eq!(judged(), Level::Note);
        let sites = folder.path().join("sites-enabled");
        fs::create_dir(&sites).unwrap();
        let site = sites.join("shop.conf");
        fs::write(&site, "fastcgi_param SCRIPT_FILENAME x;\n").unwrap();
        assert_eq!(judged(), Level::Pass);
        fs::write(&site, "fastcgi_param https_proxy http://127.0.0.1:8899;\n").unwrap();
        assert_eq!(judged(), Level::Warn);
    }

    #[test]
    fn a_variable_that_curl_does_not_see_is_noticed() {
        assert!(hands_over_a_proxy(
            "    fastcgi_param https_proxy http://127.0.0.1:8899;"
        ));
        assert!(hands_over_a_proxy(
            "SetEnv HTTPS_PROXY http://127.0.0.1:8899"
        ));
        assert!(!hands_over_a_proxy("# fastcgi_param https_proxy x;"));
        assert!(!hands_over_a_proxy("fastcgi_param SCRIPT_FILENAME x;"));
    }
}
