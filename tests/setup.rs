//! `nicetap setup` on a shop: written, proved, and taken back byte for byte.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use support::home::{Home, keep_console};
use support::site::Site;

/// `nicetap setup`, for one shop.
struct Setup<'a> {
    site: &'a Site,
    home: Home,
}

impl<'a> Setup<'a> {
    fn new(site: &'a Site) -> Self {
        let home = Home::new();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(home.path(), open).unwrap();
        Self { site, home }
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_nicetap"))
            .arg("setup")
            .args(words)
            .env("NICETAP_HOME", self.home.path().join("home"))
            .env("NICETAP_LISTEN", "127.0.0.1:9")
            .env("PHP_INI_SCAN_DIR", self.site.scan())
            .output()
            .inspect(|output| keep_console([&output.stdout[..], &output.stderr].concat()))
            .unwrap()
    }

    fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(!output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn a_pool_is_set_up_checked_and_taken_back_byte_for_byte() {
    let site = Site::start("games", "");
    let setup = Setup::new(&site);
    let before = site.tree();
    let target = site.fpm();
    assert!(
        setup
            .done(&[&target, "--check"])
            .contains("sent to nicetap no")
    );
    setup.done(&[&target, "--write", "--yes"]);
    let told = setup.done(&[&target, "--check"]);
    assert!(
        told.contains("sent to nicetap yes, trusts its CA yes"),
        "{told}"
    );
    // Nothing listens at that port: the shop is open all the same.
    assert!(told.contains("does not answer"), "{told}");
    assert_eq!(site.page("/"), (200, "the shop is open\n".to_owned()));
    let again = setup.refused(&[&target, "--write", "--yes"]);
    assert!(again.contains("is set up already"), "{again}");
    let told = setup.done(&["--undo"]);
    assert!(told.contains("as before: "), "{told}");
    assert_eq!(site.tree(), before);
    assert!(
        setup
            .done(&[&target, "--check"])
            .contains("sent to nicetap no")
    );
    assert_eq!(site.page("/"), (200, "the shop is open\n".to_owned()));
    assert_eq!(setup.done(&["--undo"]), "nothing was set up\n");
}

#[test]
fn a_pool_that_is_kept_to_its_folders_is_let_out_to_nicetaps_and_no_further() {
    let site = Site::start(
        "games",
        "php_admin_value[open_basedir] = /usr/share:@FOLDER@/shop",
    );
    let setup = Setup::new(&site);
    setup.done(&[&site.fpm(), "--write", "--yes"]);
    assert_eq!(site.page("/").0, 200);
    let overlay = std::fs::read_to_string(site.place("pool.d/00-nicetap.conf")).unwrap();
    let public = setup.home.path().join("home/public");
    assert!(
        overlay.contains(&format!("/shop:{}/\"", public.display())),
        "{overlay}"
    );
    setup.done(&["--undo"]);
    assert_eq!(site.page("/").0, 200);
}

#[test]
fn what_ran_before_each_script_still_runs() {
    let site = Site::start(
        "games",
        "php_admin_value[auto_prepend_file] = @FOLDER@/shop/before.php",
    );
    let setup = Setup::new(&site);
    setup.done(&[&site.fpm(), "--write", "--yes"]);
    assert_eq!(site.page("/").1, "guarded the shop is open\n");
    setup.done(&["--undo"]);
    assert_eq!(site.page("/").1, "guarded the shop is open\n");
}

#[test]
fn a_home_that_the_pools_user_cannot_pass_is_refused_before_anything_is_changed() {
    let site = Site::start("games", "");
    let setup = Setup::new(&site);
    // As `mktemp -d` makes it.
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(setup.home.path(), closed).unwrap();
    let before = site.tree();
    let told = setup.refused(&[&site.fpm(), "--write", "--yes"]);
    let closed = format!("that user cannot pass `{}`", setup.home.path().display());
    assert!(
        told.contains(&closed) && told.contains("as games"),
        "{told}"
    );
    assert_eq!(site.tree(), before);
}

#[test]
fn a_pool_that_would_not_start_with_the_change_is_left_as_it_was() {
    let site = Site::start("games", "");
    let setup = Setup::new(&site);
    // Somebody has broken the configuration since PHP-FPM was started: a reload would end it.
    let conf = site.place("php-fpm.conf");
    let text = std::fs::read_to_string(&conf).unwrap();
    support::write(
        &conf,
        text.replace("[global]", "[global]\nno_such_setting = 1"),
    );
    let before = site.tree();
    let told = setup.refused(&[&site.fpm(), "--write", "--yes"]);
    assert!(told.contains("does not accept the configuration"), "{told}");
    assert_eq!(site.tree(), before);
    assert_eq!(site.page("/").0, 200);
}

#[test]
fn a_pool_that_goes_out_through_another_proxy_is_not_taken_from_it() {
    let site = Site::start(
        "games",
        "env[https_proxy] = http://bob:hunter2@10.0.0.1:3128",
    );
    let setup = Setup::new(&site);
    let told = setup.refused(&[&site.fpm(), "--write", "--yes"]);
    assert!(told.contains("https_proxy=http://10.0.0.1:3128"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    // nicetap goes out through it too.
    support::write(
        &setup.home.path().join("home/nicetap.toml"),
        "upstream_proxy = \"http://bob:hunter2@10.0.0.1:3128\"\n",
    );
    setup.done(&[&site.fpm(), "--write", "--yes"]);
    setup.done(&["--undo"]);
}

#[test]
fn the_command_line_is_set_up_and_taken_back() {
    let site = Site::start("games", "");
    let setup = Setup::new(&site);
    let before = site.tree();
    setup.done(&["php", "--write", "--yes"]);
    assert!(site.place("cli.d/99-nicetap.ini").exists());
    let told = setup.done(&["php", "--check"]);
    assert!(told.contains("sent to nicetap yes"), "{told}");
    setup.done(&["--undo"]);
    assert_eq!(site.tree(), before);
}

/// A client that nicetap has set up does not log in: with a login its calls, payments too, would get 407.
#[test]
fn what_is_set_up_and_a_login_of_the_proxy_exclude_each_other() {
    let site = Site::start("games", "");
    let setup = Setup::new(&site);
    let (before, target) = (site.tree(), site.fpm());
    let serve = || {
        let mut nicetap = Command::new(env!("CARGO_BIN_EXE_nicetap"));
        nicetap
            .args(["serve", "--listen", "127.0.0.1:0", "--no-ui", "--mock"])
            .args(["--proxy-auth", "bob", "--home"])
            .arg(setup.home.path().join("home"));
        nicetap
    };
    let mut serving = serve()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The banner comes last of all.
    let mut banner = BufReader::new(serving.stdout.take().unwrap());
    banner.read_line(&mut String::new()).unwrap();
    let refused = setup.refused(&[&target, "--write", "--yes"]);
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(refused.contains("does not log in"), "{refused}");
    assert_eq!(site.tree(), before);

    setup.done(&[&target, "--write", "--yes"]);
    let output = serve().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("stands, and does not log in"), "{told}");
    setup.done(&["--undo"]);
    assert_eq!(site.tree(), before);
}

#[test]
fn a_modules_own_ca_file_gets_our_root_and_loses_it_again() {
    let site = Site::start("games", "");
    let setup = Setup::new(&site);
    let file = site.place("shop/cacert.pem");
    support::write(&file, "# the module's own\n");
    let before = site.tree();
    setup.done(&["--ca-file", file.to_str().unwrap(), "--write", "--yes"]);
    let now = std::fs::read_to_string(&file).unwrap();
    assert!(
        now.starts_with("# the module's own\n-----BEGIN CERTIFICATE-----"),
        "{now}"
    );
    setup.done(&["--undo"]);
    assert_eq!(site.tree(), before);
    let missing = site.place("shop/none.pem");
    let told = setup.refused(&["--ca-file", missing.to_str().unwrap(), "--write", "--yes"]);
    assert!(told.contains("missing or empty"), "{told}");
}

#[test]
fn nobody_is_asked_where_nobody_answers() {
    let site = Site::start("games", "");
    let setup = Setup::new(&site);
    let before = site.tree();
    let told = setup.refused(&[&site.fpm(), "--write"]);
    assert!(
        told.contains("00-nicetap.conf") && told.contains("--yes"),
        "{told}"
    );
    assert_eq!(site.tree(), before);
}

#[test]
fn whmcs_is_the_pool_of_its_owner_and_its_password_is_not_read() {
    let site = Site::start("backup", "");
    let setup = Setup::new(&site);
    let before = site.tree();
    let target = format!("whmcs={}", site.place("shop").display());
    setup.done(&[&target, "--write", "--yes"]);
    assert!(site.place("pool.d/00-nicetap.conf").exists());
    let overlay = std::fs::read_to_string(site.place("pool.d/00-nicetap.conf")).unwrap();
    let prepend = overlay
        .split('"')
        .find(|part| part.contains("/prepend"))
        .unwrap();
    let prepend = std::fs::read_to_string(prepend).unwrap();
    assert!(
        prepend.contains(&format!("['{}']", site.place("shop").display())),
        "{prepend}"
    );
    setup.done(&["--undo"]);
    assert_eq!(site.tree(), before);
    let told = setup.refused(&["whmcs=/nowhere", "--write", "--yes"]);
    assert!(told.contains("WHMCS was not found"), "{told}");
}

#[test]
fn a_proxy_that_whmcs_has_of_its_own_is_named_without_its_login() {
    let site = Site::start("games", "");
    let setup = Setup::new(&site);
    let file = site.place("shop/configuration.php");
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str("$outbound_http_proxy = 'http://bob:hunter2@10.0.0.1:3128';\n");
    support::write(&file, text);
    let target = format!("whmcs={}", site.place("shop").display());
    let shown = setup.done(&[&target]);
    // Nobody can be asked here, so nothing is changed.
    let asked = setup.refused(&[&target, "--write"]);
    for told in [shown, asked] {
        assert!(
            told.contains("$outbound_http_proxy (http://10.0.0.1:3128)"),
            "{told}"
        );
        assert!(told.contains("--upstream-proxy"), "{told}");
        assert!(
            !told.contains("hunter2") && !told.contains("canary"),
            "{told}"
        );
    }
}

#[test]
fn the_page_to_upload_tells_what_php_has_shows_no_secret_and_deletes_itself() {
    // Whatever it asks ends at that proxy.
    let site = Site::start("games", "env[https_proxy] = http://bob:hunter2@127.0.0.1:9");
    let setup = Setup::new(&site);
    let page = setup.done(&["probe-php"]);
    let name = page.lines().next().unwrap().rsplit(' ').next().unwrap();
    let file = site.place("shop").join(name);
    support::write(&file, &page);
    let (status, told) = site.page(&format!("/{name}"));
    assert_eq!(status, 200, "{told}");
    for line in [
        "PHP                    8.",
        "https_proxy            http://127.0.0.1:9",
        "outbound IPv4          7 Failed to connect to 127.0.0.1",
        "issuer of the API      not seen",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
    let begin: u64 = page
        .split("time() > ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    support::write(
        &file,
        page.replace(&begin.to_string(), &(begin - 1801).to_string()),
    );
    // PHP's cache of files may hold the younger one for two seconds.
    support::eventually("it is gone", || {
        (site.page(&format!("/{name}")).1 == "gone" || !file.exists()).then_some(())
    });
    assert!(!file.exists());
    assert_ne!(page, setup.done(&["probe-php"]), "its name can be guessed");
}

#[test]
fn lines_are_shown_and_nothing_is_changed() {
    let site = Site::start("games", "");
    let setup = Setup::new(&site);
    for target in [
        "whmcs", "php-fpm", "php", "cron", "guzzle", "curl", "python", "node", "go", "java",
        "docker",
    ] {
        let told = setup.done(&[target]);
        assert!(told.lines().count() > 3, "{told}");
        assert!(
            told.lines()
                .all(|line| line.chars().count() <= 100 || line.contains("/home/")),
            "{told}"
        );
    }
    assert!(!setup.home.path().join("home/setup.json").exists());
    let page = setup.done(&["probe-php"]);
    assert!(
        page.starts_with("<?php // upload it as nicetap-probe-"),
        "{page}"
    );
}
