//! `serve --with` on a shop: an admin click and a cron run in one log, and no trace afterwards, however it ended.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "with/machine.rs"]
mod machine;
mod support;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use support::eventually;
use support::home::Home;
use support::nicetap::{Nicetap, Options};
use support::site::Site;

/// Serves the mock to the shop's pages and its cron.
fn start(site: &Site) -> Nicetap {
    Nicetap::start(options(site))
}

fn options(site: &Site) -> Options {
    Options::default()
        .argument("--mock")
        .argument("--yes")
        .argument("--with")
        .argument(&site.fpm())
        .argument("--with")
        .argument("php")
        .env("PHP_INI_SCAN_DIR", &site.scan())
}

fn nicetap(home: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nicetap"))
        .args(words)
        .env("NICETAP_HOME", home)
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn exchanges(nicetap: &Nicetap) -> Vec<Value> {
    let records = nicetap.records().into_iter();
    records
        .filter(|record| record["event"] == "exchange")
        .collect()
}

/// Waits until both PHPs have the setting; it is written after the banner is printed. The pages come first, and are
/// proved before the cron's turn; so no call is made that nicetap would not catch.
fn is_set_up(site: &Site) {
    eventually("the settings are written", || {
        site.place("cli.d/99-nicetap.ini").exists().then_some(())
    });
    eventually("a page is read", || {
        let page = site.page("/?do=check&verify=off").1;
        page.contains("success").then_some(())
    });
}

#[test]
fn an_admin_click_and_a_cron_run_are_in_one_log_and_told_apart() {
    let site = Site::start("games", "");
    let before = site.tree();
    let nicetap = start(&site);
    is_set_up(&site);
    assert!(!site.cron().is_empty());
    // The cron verifies, and has given its first call for the CA.
    eventually("the cron is read", || {
        site.cron();
        exchanges(&nicetap)
            .iter()
            .any(|exchange| exchange["client"]["kind"] == "cron")
            .then_some(())
    });
    let kinds: Vec<Value> = exchanges(&nicetap)
        .iter()
        .map(|exchange| exchange["client"]["kind"].clone())
        .collect();
    assert!(
        kinds.contains(&"fpm".into()) && kinds.contains(&"cron".into()),
        "{kinds:?}"
    );
    let renewals = exchanges(&nicetap)
        .into_iter()
        .filter(|exchange| exchange["call"]["action"] == "renew");
    assert!(renewals.count() > 0);
    let stopped = nicetap.stop();
    assert!(
        stopped.console.contains("as before: "),
        "{}",
        stopped.console
    );
    assert_eq!(site.tree(), before);
    assert_eq!(site.page("/"), (200, "the shop is open\n".to_owned()));
}

#[test]
fn the_ca_is_given_only_once_a_client_has_refused_the_certificate() {
    let site = Site::start("games", "");
    let nicetap = start(&site);
    is_set_up(&site);
    let overlay = || std::fs::read_to_string(site.place("pool.d/00-nicetap.conf")).unwrap();
    assert!(!overlay().contains("cafile"), "{}", overlay());
    let refused = site.page("/?do=check").1;
    assert!(refused.contains("Connection Error: 60"), "{refused}");
    eventually("the CA is given", || {
        overlay().contains("cafile").then_some(())
    });
    eventually("the next click is read", || {
        site.page("/?do=check").1.contains("success").then_some(())
    });
    for action in ["register", "renew", "transfer"] {
        site.page(&format!("/?do={action}"));
    }
    eventually("every action is in the log", || {
        let exchanges = exchanges(&nicetap);
        let has = |action: &&str| {
            exchanges
                .iter()
                .any(|exchange| exchange["call"]["action"] == *action)
        };
        ["check", "register", "renew", "transfer"]
            .iter()
            .all(has)
            .then_some(())
    });
}

/// A CA file in the module's own code beats all settings of PHP.
#[test]
fn a_module_with_a_ca_file_of_its_own_is_read_once_our_root_is_in_that_file() {
    let site = Site::start("games", "");
    let file = site.place("shop/cacert.pem");
    std::fs::copy("/etc/ssl/certs/ca-certificates.crt", &file).unwrap();
    let file = file.to_str().unwrap();
    let before = site.tree();
    let running = start(&site);
    is_set_up(&site);
    let setup = ["setup", "--ca-file", file, "--write", "--yes"];
    let setup = nicetap(&running.home(), &setup);
    assert!(setup.status.success(), "{setup:?}");
    for action in ["check", "register", "renew", "transfer"] {
        let page = site.page(&format!("/?do={action}&ca={file}")).1;
        assert!(page.contains("success"), "{action}: {page}");
    }
    eventually("all four are in the log", || {
        (exchanges(&running).len() > 4).then_some(())
    });
    for exchange in exchanges(&running) {
        let mut findings = exchange["findings"].as_array().unwrap().iter();
        let wrong = findings.find(|finding| finding["severity"] == "error");
        assert_eq!(wrong, None);
    }
    let status = told(&nicetap(&running.home(), &["status"]));
    let here = format!("pointing at {}", running.addr());
    assert!(status.contains(file) && status.contains(&here), "{status}");
    running.stop();
    assert_eq!(site.tree(), before);
}

#[test]
fn a_secret_that_the_module_leaves_escaped_is_noticed() {
    let site = Site::start("games", "env[MODULE_SECRET] = \"S3cr3t&K9f2Lm8Qw4Zx\"");
    let nicetap = start(&site);
    is_set_up(&site);
    site.page("/?do=check&verify=off&escaped=on");
    eventually("the finding", || {
        let last = exchanges(&nicetap).pop()?;
        let mut findings = last["findings"].as_array()?.iter();
        findings
            .any(|finding| finding["code"] == "N113")
            .then_some(())
    });
    assert!(!nicetap.console().contains("Lm8Qw4Zx"));
}

#[test]
fn killed_it_leaves_an_open_shop_and_the_next_one_takes_everything_back() {
    let site = Site::start("games", "");
    let before = site.tree();
    let killed = start(&site);
    is_set_up(&site);
    killed.signal(Signal::KILL);
    let stopped = killed.ended(Duration::from_secs(10));
    assert_ne!(site.tree(), before);
    assert_eq!(site.page("/"), (200, "the shop is open\n".to_owned()));
    let home = stopped.home.path().join("home");
    let status = nicetap(&home, &["status"]);
    assert!(told(&status).contains("nicetap setup --undo"), "{status:?}");
    assert_eq!(status.status.code(), Some(1));
    let doctor = nicetap(&home, &["doctor", "--only", "leftovers"]);
    assert!(told(&doctor).contains("nicetap setup --undo"), "{doctor:?}");
    let next = Nicetap::start(options(&site).home(stopped.home));
    is_set_up(&site);
    assert!(
        next.console().contains("an earlier nicetap was killed"),
        "{}",
        next.console()
    );
    next.stop();
    assert_eq!(site.tree(), before);
}

#[test]
fn stop_ends_it_and_everything_is_as_before() {
    let site = Site::start("games", "");
    let before = site.tree();
    let running = start(&site);
    is_set_up(&site);
    let home = running.home();
    let status = nicetap(&home, &["status"]);
    assert_eq!(status.status.code(), Some(0), "{status:?}");
    let lines = told(&status);
    assert!(
        lines.contains(&format!("http://{}", running.addr())),
        "{lines}"
    );
    // As the banner says it: to the minute.
    let until = lines
        .lines()
        .find_map(|line| line.strip_prefix("looks until "));
    assert!(running.console().contains(until.unwrap()), "{lines}");
    assert!(
        lines.contains("00-nicetap.conf") && lines.contains("99-nicetap.ini"),
        "{lines}"
    );
    let stop = nicetap(&home, &["stop"]);
    assert_eq!(stop.status.code(), Some(0), "{stop:?}");
    assert_eq!(site.tree(), before);
    let again = nicetap(&home, &["stop", "--home", home.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
}

#[test]
fn when_the_time_is_over_everything_is_as_before_though_connections_are_carried_on() {
    let site = Site::start("games", "");
    let before = site.tree();
    let nicetap = Nicetap::start(options(&site).argument("--for").argument("3s"));
    eventually("the settings are gone", || {
        (nicetap.console().contains("as before: ") && site.tree() == before).then_some(())
    });
    assert!(
        nicetap.console().contains("the time is over"),
        "{}",
        nicetap.console()
    );
}

#[test]
fn without_an_answer_nothing_is_changed_and_nothing_runs() {
    let site = Site::start("games", "");
    let before = site.tree();
    let home = Home::new();
    let output = Command::new(env!("CARGO_BIN_EXE_nicetap"))
        .args([
            "serve",
            "--mock",
            "--listen",
            "127.0.0.1:0",
            "--no-ui",
            "--with",
            &site.fpm(),
        ])
        .env("NICETAP_HOME", home.path().join("home"))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let asked = String::from_utf8_lossy(&output.stderr);
    assert!(
        asked.contains("00-nicetap.conf") && asked.contains("[y/N]"),
        "{asked}"
    );
    assert_eq!(site.tree(), before);
}

/// As on shared hosting: PHP reads `.user.ini` by itself, and nobody reloads anything.
#[test]
fn without_root_whmcs_has_a_user_ini_that_keeps_what_was_there_and_is_taken_back() {
    let site = Site::start(
        "games",
        "pm.max_children = 1\nphp_admin_value[user_ini.cache_ttl] = 0",
    );
    let opened = std::time::Instant::now();
    let ini = site.place("shop/.user.ini");
    let before = format!(
        "auto_prepend_file = \"{}\"\n",
        site.place("shop/before.php").display()
    );
    support::write(&ini, &before);
    let home = hosting_home(&site);
    let mut nicetap = as_hosting_user()
        .args([
            "serve",
            "--mock",
            "--listen",
            "127.0.0.1:0",
            "--no-ui",
            "--yes",
            "--with",
        ])
        .arg(format!("whmcs={}", site.place("shop").display()))
        .env("NICETAP_HOME", home.path().join("home"))
        .env("NICETAP_EGRESS_PROBE", "off")
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let log = home.path().join("home/log/nicetap.jsonl");
    let is_set =
        || std::fs::read_to_string(&ini).is_ok_and(|text| text.contains("/public/prepend-"));
    let is_read = || {
        let page = site.page("/?do=check&verify=off").1;
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        (log.contains("\"event\":\"exchange\"") && page.starts_with("guarded ")).then_some(())
    };
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        // PHP reads it again in a later second than the one in which it has read it.
        let is_seen = || is_set() && opened.elapsed() > Duration::from_secs(1);
        eventually("it is set", || is_seen().then_some(()));
        eventually("the click is read, and what ran before still runs", is_read);
        let now = std::fs::read_to_string(&ini).unwrap();
        assert!(now.starts_with(&before), "{now}");
        let refused = site.page("/?do=check").1;
        assert!(refused.contains("Connection Error: 60"), "{refused}");
        let has_ca = || std::fs::read_to_string(&ini).is_ok_and(|text| text.contains("cafile"));
        eventually("the CA is given", || has_ca().then_some(()));
    }));
    let with_ca = std::fs::read_to_string(&ini).unwrap();
    end(&mut nicetap);
    assert!(seen.is_ok());
    assert_eq!(std::fs::read_to_string(&ini).unwrap(), before);
    // PHP may go by what it has read for minutes: the shop is open meanwhile, with what ran before, and can call out.
    assert_eq!(site.page("/").1, "guarded the shop is open\n");
    let named = with_ca.split("openssl.cafile = \"").nth(1).unwrap();
    assert!(
        Path::new(named.split('"').next().unwrap()).exists(),
        "{with_ca}"
    );
}

/// A file that PHP may not read, run before each script, would be fatal for every page.
#[test]
fn a_user_ini_that_php_could_not_follow_is_not_written() {
    let site = Site::start("games", "php_admin_value[open_basedir] = \"@FOLDER@/shop\"");
    let home = hosting_home(&site);
    let before = site.tree();
    let setup = as_hosting_user()
        .args(["setup", "--write"])
        .arg(format!("whmcs={}", site.place("shop").display()))
        .env("NICETAP_HOME", home.path().join("home"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&setup.stderr);
    assert!(!setup.status.success(), "{setup:?}");
    assert!(
        said.contains("choose a home inside open_basedir") && said.contains("/shop)"),
        "{said}"
    );
    assert_eq!(site.tree(), before);
    assert_eq!(site.page("/").0, 200);
}

/// A home of the hosting account's user, who owns WHMCS's folder too.
fn hosting_home(site: &Site) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(home.path(), open).unwrap();
    let mut chown = Command::new("chown");
    chown.args(["-R", "games"]).arg(home.path());
    succeeds(chown.arg(site.place("shop")));
    home
}

/// nicetap, as that user.
fn as_hosting_user() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "games", "--clear-groups"]);
    command.arg(env!("CARGO_BIN_EXE_nicetap"));
    command
}

/// `script` gives it a terminal, and takes it away by being killed.
#[test]
fn a_lost_terminal_is_an_end_and_everything_is_as_before() {
    let site = Site::start("games", "");
    let before = site.tree();
    let home = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(home.path(), open).unwrap();
    let line = format!(
        "exec {} serve --mock --listen 127.0.0.1:0 --no-ui --yes --with {} --with php",
        env!("CARGO_BIN_EXE_nicetap"),
        site.fpm()
    );
    let mut terminal = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("NICETAP_HOME", home.path().join("home"))
        .env("NICETAP_EGRESS_PROBE", "off")
        .env("PHP_INI_SCAN_DIR", site.scan())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    is_set_up(&site);
    assert_ne!(site.tree(), before);
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    eventually("everything is as before", || {
        (site.tree() == before).then_some(())
    });
    eventually("it has ended", || {
        let status = nicetap(&home.path().join("home"), &["status"]);
        told(&status).contains("no nicetap runs").then_some(())
    });
    assert_eq!(site.page("/"), (200, "the shop is open\n".to_owned()));
}

fn end(child: &mut std::process::Child) {
    let pid = rustix::process::Pid::from_child(child);
    let _ = rustix::process::kill_process(pid, Signal::TERM);
    support::process::wait(child, Duration::from_secs(30));
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
