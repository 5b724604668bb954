//! The files of the CA: who may read them, what is kept, what is refused.
use super::*;

#[test]
fn the_umask_has_no_say() {
    for umask in ["000", "022", "077", "777"] {
        for inside in [true, false] {
            let mut place = Place::new();
            place.home = place.scratch("deep/home");
            place.public = place.scratch(if inside {
                "deep/home/public"
            } else {
                "etc/nicetap"
            });
            open_in_a_child(&place, umask, &[]);

            let mut seen = BTreeMap::new();
            modes_below(place.base.path(), place.base.path(), &mut seen);
            let public = if inside {
                "deep/home/public"
            } else {
                "etc/nicetap"
            };
            let mut wanted = BTreeMap::from([
                ("deep".to_owned(), 0o755),
                ("deep/home".to_owned(), 0o711),
                ("deep/home/ca".to_owned(), 0o700),
                (public.to_owned(), 0o755),
                (format!("{public}/root.pem"), 0o644),
                (format!("{public}/bundle.pem"), 0o644),
            ]);
            wanted.extend(CA_FILES.map(|name| (format!("deep/home/ca/{name}"), 0o600)));
            if !inside {
                wanted.insert("etc".to_owned(), 0o755);
            }
            assert_eq!(seen, wanted, "umask {umask}");
        }
    }
}

/// Not a test: what [`open_in_a_child`] runs.
#[test]
fn opens_the_home_that_the_environment_names() {
    let (Some(home), Some(public)) = (
        std::env::var_os("CA_TEST_HOME"),
        std::env::var_os("CA_TEST_PUBLIC"),
    ) else {
        return;
    };
    Ca::open(
        home.as_ref(),
        public.as_ref(),
        &owned(&["nicenic.net"]),
        Timestamp::now(),
    )
    .unwrap();
}

#[test]
fn a_second_user_reads_the_public_copies_and_nothing_else() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can become another user");
        return;
    }
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    let nobody = |script: &str| {
        Command::new("setpriv")
            .args([
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "sh",
                "-c",
                script,
            ])
            .current_dir(&place.home)
            .output()
            .unwrap()
    };
    assert_eq!(text(&nobody("id -u")).trim(), "65534");
    for name in ["root.pem", "bundle.pem"] {
        let read = nobody(&format!("cat public/{name}"));
        assert_eq!(read.stdout, fs::read(place.in_public(name)).unwrap());
    }
    assert!(nobody("ls public").status.success());

    let mut refused: Vec<String> = [
        "ls .",
        "ls ca",
        "cd ca",
        "touch x",
        "touch public/x",
        "rm -f public/root.pem",
        "mv public gone",
        "echo x >> public/root.pem",
        "chmod 777 public",
    ]
    .map(str::to_owned)
    .into();
    refused.extend(CA_FILES.map(|name| format!("cat ca/{name}")));
    for script in refused {
        assert!(!nobody(&script).status.success(), "{script}");
    }
    assert_eq!(
        fs::read_to_string(place.in_public("root.pem")).unwrap(),
        ca.root_pem()
    );
}

#[test]
fn a_planted_link_is_refused_or_replaced_and_its_target_stays() {
    let folders = ["home", "home/ca", "home/public"];
    let files = CA_FILES.map(|name| format!("home/ca/{name}"));
    let public = ["root.pem", "bundle.pem"].map(|name| format!("home/public/{name}"));
    let folders = folders.map(|path| (path.to_owned(), true));
    let all = files
        .into_iter()
        .chain(public)
        .map(|path| (path, false))
        .chain(folders);
    for (path, folder) in all {
        for dangling in [false, true] {
            for used_before in [false, true] {
                planted_link(&path, folder, dangling, used_before);
            }
        }
    }
}

fn planted_link(path: &str, folder: bool, dangling: bool, used_before: bool) {
    let place = Place::new();
    let link = place.scratch(path);
    if used_before {
        place.open().unwrap();
        fs::rename(&link, place.scratch("moved")).unwrap();
    } else {
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        for (private, mode) in [("home", 0o711), ("home/ca", 0o700)] {
            let private = place.scratch(private);
            if private.is_dir() {
                chmod(&private, mode);
            }
        }
    }
    let victim = place.scratch("victim");
    match (dangling, folder) {
        (true, _) => {}
        (false, true) => fs::create_dir(&victim).unwrap(),
        (false, false) => fs::write(&victim, "precious").unwrap(),
    }
    if !dangling {
        // As open as can be: it is the link that is refused, not what it leads to.
        chmod(&victim, if folder { 0o700 } else { 0o600 });
    }
    symlink(&victim, &link).unwrap();

    let opened = place.open();
    let state = format!("{path}, dangling: {dangling}, used before: {used_before}: {opened:?}");
    if dangling {
        assert!(!victim.exists(), "{state}");
    } else if folder {
        assert_eq!(
            (mode(&victim), fs::read_dir(&victim).unwrap().count()),
            (0o700, 0),
            "{state}"
        );
    } else {
        assert_eq!(
            (mode(&victim), fs::read(&victim).unwrap()),
            (0o600, b"precious".into()),
            "{state}"
        );
    }
    match opened {
        Ok(_) => assert!(!link.is_symlink(), "{state}"),
        Err(error) => {
            let said = error.to_string();
            assert!(
                said.contains(&format!("`{}` is a symbolic link", link.display())),
                "{said}"
            );
        }
    }
}

#[test]
fn a_ca_is_kept_until_names_or_age_ask_for_a_new_one() {
    let place = Place::new();
    let now = Timestamp::now();
    let day = SignedDuration::from_hours(24);
    let open = |names: &[&str], now| {
        let (ca, opened) = place.open_for(names, now).unwrap();
        (opened, ca.root_pem().to_owned())
    };
    let (opened, old) = open(&["nicenic.net"], now - day * 28);
    assert_eq!(opened, Opened::Created);
    let (opened, first) = open(&["nicenic.net"], now);
    assert_eq!(opened, Opened::ReplacedForAge);
    assert_ne!(first, old);
    assert_eq!(
        open(&["api.nicenic.net"], now),
        (Opened::Kept, first.clone())
    );
    let (opened, second) = open(&["nicenic.net", "shop.example"], now);
    assert_eq!(opened, Opened::ReplacedForNames);
    assert_ne!(second, first);
    assert_eq!(
        fs::read_to_string(place.in_public("root.pem")).unwrap(),
        second
    );
    let rotated = place.rotate().unwrap();
    assert_ne!(rotated.root_pem(), second);
    assert_eq!(rotated.info().names, ["nicenic.net"]);
}

#[test]
fn a_damaged_file_is_named_and_left_alone_until_rotation() {
    let other = Place::new();
    other.open().unwrap();
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let damaged = |kind: &str, name: &str| match kind {
        "empty" => Some(Vec::new()),
        "garbage" => Some(garbage.into()),
        "another CA's" => Some(fs::read(other.in_ca(name)).unwrap()),
        _ => None,
    };
    for name in ["root.pem", "intermediate.pem", "intermediate.key"] {
        for kind in ["empty", "garbage", "another CA's", "missing"] {
            let place = Place::new();
            place.open().unwrap();
            let path = place.in_ca(name);
            match damaged(kind, name) {
                Some(content) => fs::write(&path, content).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let before = fs::read(&path).ok();
            if (name, kind) == ("intermediate.key", "missing") {
                // The key is written last: without it the CA was never finished.
                assert_eq!(place.open().unwrap().1, Opened::Created);
                continue;
            }
            let said = place.open().unwrap_err().to_string();
            assert!(
                said.contains("is damaged") && said.contains("`nicetap ca rotate`"),
                "{said}"
            );
            assert!(said.contains(place.in_ca("").to_str().unwrap()), "{said}");
            assert!(Info::read(&place.home, &place.public).is_err() || kind == "another CA's");
            assert_eq!(fs::read(&path).ok(), before, "{name}, {kind}");
            let rotated = place.rotate().unwrap();
            drop(rotated);
            assert_eq!(
                place
                    .open_for(&["nicenic.net"], Timestamp::now())
                    .unwrap()
                    .1,
                Opened::Kept
            );
        }
    }
}

#[test]
fn files_that_others_could_read_are_refused_with_the_line_to_run() {
    for (path, wide, right) in [
        ("ca/intermediate.key", 0o640, "600"),
        ("ca/root.pem", 0o604, "600"),
        ("ca", 0o750, "700"),
    ] {
        let place = Place::new();
        place.open().unwrap();
        let path = place.home.join(path);
        chmod(&path, wide);
        let said = place.open().unwrap_err().to_string();
        let line = format!("chmod {right} {}", path.display());
        assert!(
            said.contains(&format!("mode {wide:04o}")) && said.contains(&line),
            "{said}"
        );
        done(Command::new("sh").args(["-c", &line]));
        assert_eq!(place.open().unwrap().1, Opened::Kept);
    }
}

#[test]
fn a_file_of_another_user_is_refused() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can give files away");
        return;
    }
    for path in ["ca/intermediate.key", "ca/root.pem", "ca", "public"] {
        let place = Place::new();
        place.open().unwrap();
        let path = place.home.join(path);
        std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
        let said = place.open().unwrap_err().to_string();
        assert!(
            said.contains(&format!("chown 0 {}", path.display())),
            "{said}"
        );
    }
}

#[test]
fn tampered_public_copies_are_made_good_at_the_next_start() {
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    let bundle = fs::read(place.in_public("bundle.pem")).unwrap();
    fs::write(place.in_public("root.pem"), "x").unwrap();
    chmod(&place.in_public("bundle.pem"), 0o600);
    place.open().unwrap();
    assert_eq!(
        fs::read_to_string(place.in_public("root.pem")).unwrap(),
        ca.root_pem()
    );
    assert_eq!(fs::read(place.in_public("bundle.pem")).unwrap(), bundle);
    assert_eq!(mode(&place.in_public("bundle.pem")), 0o644);
    assert_eq!(fs::read(place.in_ca("bundle.pem")).unwrap(), bundle);
}

#[test]
fn the_bundle_is_the_systems_roots_and_ours_once() {
    let first = Place::new();
    let (ca, _) = first.open().unwrap();
    let bundle = certificates(&first.in_public("bundle.pem"));
    assert_eq!(bundle.len(), ca.system_roots() + 1);
    assert_eq!(
        bundle.last(),
        certificates(&first.in_public("root.pem")).first()
    );

    // A shell in which SSL_CERT_FILE already names the bundle of another CA of ours.
    let second = Place::new();
    open_in_a_child(
        &second,
        "022",
        &[("SSL_CERT_FILE", first.in_public("bundle.pem").as_ref())],
    );
    let again = certificates(&second.in_public("bundle.pem"));
    assert_eq!(again.len(), bundle.len());
    assert_eq!(again[..again.len() - 1], bundle[..bundle.len() - 1]);
    assert_ne!(again.last(), bundle.last());

    // A machine without roots.
    let third = Place::new();
    open_in_a_child(&third, "022", &[("SSL_CERT_FILE", "/nonexistent".as_ref())]);
    assert_eq!(certificates(&third.in_public("bundle.pem")).len(), 1);
}

#[test]
fn the_only_private_key_on_disk_is_the_intermediates() {
    let place = Place::new();
    place.open().unwrap();
    place.rotate().unwrap();
    let mut seen = BTreeMap::new();
    modes_below(place.base.path(), place.base.path(), &mut seen);
    let holders: Vec<_> = seen
        .keys()
        .filter(|path| {
            fs::read_to_string(place.scratch(path)).is_ok_and(|text| text.contains("PRIVATE KEY"))
        })
        .collect();
    assert_eq!(holders, ["home/ca/intermediate.key"]);
    let key = text(&done(
        openssl()
            .args(["pkey", "-noout", "-text", "-in"])
            .arg(place.in_ca("intermediate.key")),
    ));
    assert!(key.contains("prime256v1"), "{key}");
}

/// Opens a CA in a process of its own, whose umask and environment do not touch the other tests.
fn open_in_a_child(place: &Place, umask: &str, environment: &[(&str, &OsStr)]) {
    done(
        Command::new("sh")
            .args(["-c", "umask \"$1\"; shift; exec \"$@\"", "sh", umask])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "files::opens_the_home_that_the_environment_names",
            ])
            .env_remove("SSL_CERT_DIR")
            .env("CA_TEST_HOME", &place.home)
            .env("CA_TEST_PUBLIC", &place.public)
            .envs(environment.iter().copied()),
    );
}

fn modes_below(base: &Path, folder: &Path, seen: &mut BTreeMap<String, u32>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .strip_prefix(base)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        seen.insert(name, mode(&path));
        if path.is_dir() {
            modes_below(base, &path, seen);
        }
    }
}
