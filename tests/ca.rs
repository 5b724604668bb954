//! The CA before real judges: OpenSSL, curl, Python, Java, rustls, the file system and a second user.
#![expect(clippy::disallowed_methods, reason = "tests plant and damage files")]
#![expect(clippy::unwrap_used, reason = "what serves a test is a test")]
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nicetap::ca::{Ca, CaError, Info, Opened};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};

const API: &str = "api.nicenic.net";
const SANDBOX: &str = "sandbox-api.nicenic.net";
const CA_FILES: [&str; 4] = [
    "root.pem",
    "intermediate.pem",
    "intermediate.key",
    "bundle.pem",
];

/// A home in a folder of its own, which others may enter.
struct Place {
    base: tempfile::TempDir,
    home: PathBuf,
    public: PathBuf,
}

impl Place {
    fn new() -> Self {
        let base = tempfile::tempdir().unwrap();
        chmod(base.path(), 0o755);
        let home = base.path().join("home");
        let public = home.join("public");
        Self { base, home, public }
    }

    fn open(&self) -> Result<(Ca, Opened), CaError> {
        self.open_for(&["nicenic.net", "nicenic.com"], Timestamp::now())
    }

    fn open_for(&self, names: &[&str], now: Timestamp) -> Result<(Ca, Opened), CaError> {
        Ca::open(&self.home, &self.public, &owned(names), now)
    }

    fn rotate(&self) -> Result<Ca, CaError> {
        Ca::rotate(
            &self.home,
            &self.public,
            &owned(&["nicenic.net"]),
            Timestamp::now(),
        )
    }

    fn in_ca(&self, name: &str) -> PathBuf {
        self.home.join("ca").join(name)
    }

    fn in_public(&self, name: &str) -> PathBuf {
        self.public.join(name)
    }

    fn scratch(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    /// What somebody with the key from the disk can sign: chain and key, PEM.
    fn forge(&self, name: &str, san: &str) -> (PathBuf, PathBuf) {
        let at = |end: &str| self.scratch(&format!("{name}.{end}"));
        let (key, request, leaf, extensions) = (at("key"), at("csr"), at("pem"), at("ext"));
        let text = format!(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n\
             subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName={san}\n"
        );
        fs::write(&extensions, text).unwrap();
        let make =
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=forged -keyout";
        done(
            openssl()
                .args(make.split(' '))
                .arg(&key)
                .arg("-out")
                .arg(&request),
        );
        done(
            openssl()
                .args(["x509", "-req", "-days", "1", "-set_serial", "77", "-in"])
                .arg(&request)
                .arg("-CA")
                .arg(self.in_ca("intermediate.pem"))
                .arg("-CAkey")
                .arg(self.in_ca("intermediate.key"))
                .arg("-extfile")
                .arg(&extensions)
                .arg("-out")
                .arg(&leaf),
        );
        (leaf, key)
    }

    fn forged_config(&self, name: &str, san: &str) -> Arc<ServerConfig> {
        let (leaf, key) = self.forge(name, san);
        let chain = [leaf, self.in_ca("intermediate.pem")]
            .map(|file| CertificateDer::from_pem_file(file).unwrap());
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.into(), key)
            .unwrap();
        Arc::new(config)
    }

    /// `openssl verify` of a leaf, as strict as it can be.
    fn verify(&self, leaf: &Path, name: [&str; 2]) -> Result<(), String> {
        let output = openssl()
            .args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"])
            .arg(self.in_public("root.pem"))
            .arg("-untrusted")
            .arg(self.in_ca("intermediate.pem"))
            .args(name)
            .arg(leaf)
            .output()
            .unwrap();
        if output.status.success() {
            Ok(())
        } else {
            Err(text(&output))
        }
    }
}

/// What a client is shown, and whether it has to accept it.
struct Case {
    host: &'static str,
    config: Arc<ServerConfig>,
    good: bool,
    why: &'static str,
}

fn cases(place: &Place, ca: &Ca) -> Vec<Case> {
    let ours = |host| Case {
        host,
        config: ca.server_config(host).unwrap(),
        good: true,
        why: "ours",
    };
    let mut cases = vec![ours(API), ours(SANDBOX)];
    for (host, san, good) in [
        // The control: what follows is refused for its names, not for who signed it.
        (API, "DNS:api.nicenic.net", true),
        ("evil.example", "DNS:evil.example", false),
        ("127.0.0.1", "IP:127.0.0.1", false),
        (API, "DNS:api.nicenic.net,DNS:evil.example", false),
        (API, "DNS:api.nicenic.net,IP:127.0.0.1", false),
        (
            "evil.example",
            "DNS:api.nicenic.net,DNS:evil.example",
            false,
        ),
    ] {
        let config = place.forged_config(&format!("forged{}", cases.len()), san);
        cases.push(Case {
            host,
            config,
            good,
            why: san,
        });
    }
    cases.push(Case {
        host: SANDBOX,
        good: false,
        why: "the leaf of another host",
        ..ours(API)
    });
    cases
}

#[test]
fn openssl_accepts_our_leaves_and_nothing_else_that_the_key_can_sign() {
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    for host in [API, SANDBOX, "nicenic.com"] {
        let leaf = place.scratch(host);
        write_pem(&leaf, &shown(&ca, host)[0]);
        assert_eq!(place.verify(&leaf, ["-verify_hostname", host]), Ok(()));
        let refused = place
            .verify(&leaf, ["-verify_hostname", "www.nicenic.net"])
            .unwrap_err();
        assert!(refused.contains("hostname mismatch"), "{refused}");
    }
    for (name, san, asked, reason) in [
        (
            "evil",
            "DNS:evil.example",
            ["-verify_hostname", "evil.example"],
            "permitted subtree",
        ),
        (
            "v4",
            "IP:127.0.0.1",
            ["-verify_ip", "127.0.0.1"],
            "excluded subtree",
        ),
        ("v6", "IP:::1", ["-verify_ip", "::1"], "excluded subtree"),
        (
            "two",
            "DNS:api.nicenic.net,DNS:evil.example",
            ["-verify_hostname", API],
            "permitted subtree",
        ),
        (
            "ip",
            "DNS:api.nicenic.net,IP:127.0.0.1",
            ["-verify_hostname", API],
            "excluded subtree",
        ),
    ] {
        let refused = place.verify(&place.forge(name, san).0, asked).unwrap_err();
        assert!(refused.contains(reason), "{san}: {refused}");
    }
    let (control, _) = place.forge("control", "DNS:api.nicenic.net");
    assert_eq!(place.verify(&control, ["-verify_hostname", API]), Ok(()));
}

#[test]
fn openssl_reads_the_promised_fields() {
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    let leaf = place.scratch("leaf.pem");
    write_pem(&leaf, &shown(&ca, API)[0]);
    let show = |file: &Path| {
        text(&done(
            openssl()
                .args(["x509", "-noout", "-text", "-nameopt", "RFC2253", "-in"])
                .arg(file),
        ))
    };
    let (root, intermediate, leaf) = (
        show(&place.in_public("root.pem")),
        show(&place.in_ca("intermediate.pem")),
        show(&leaf),
    );
    for (text, path_length) in [(&root, "pathlen:1"), (&intermediate, "pathlen:0")] {
        for part in [
            path_length,
            "Name Constraints: critical",
            "Permitted:",
            "DNS:nicenic.com",
            "DNS:nicenic.net",
            "Excluded:",
            "IP:0.0.0.0/0.0.0.0",
            "Key Usage: critical",
            "Certificate Sign",
            "(name-constrained)",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    for text in [&root, &intermediate, &leaf] {
        for part in [
            "Subject Key Identifier",
            "Authority Key Identifier",
            "prime256v1",
            "Key Usage",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    assert!(
        intermediate.contains("TLS Web Server Authentication"),
        "{intermediate}"
    );
    assert!(leaf.contains("TLS Web Server Authentication"), "{leaf}");
    assert!(leaf.contains("DNS:api.nicenic.net\n"), "{leaf}");

    let print = ["x509", "-noout", "-fingerprint", "-sha256", "-in"];
    let fingerprint = text(&done(
        openssl().args(print).arg(place.in_public("root.pem")),
    ));
    assert!(
        fingerprint.trim().ends_with(&ca.info().fingerprint_sha256),
        "{fingerprint}"
    );
}

#[test]
fn rustls_accepts_what_it_should() {
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    let client = client_of(ca.root_pem());
    for case in cases(&place, &ca) {
        let met = meet(&client, case.host, case.config);
        assert_eq!(met.is_ok(), case.good, "{}: {:?}", case.why, met.err());
    }
}

#[test]
fn the_server_speaks_tls_12_and_13_and_only_http_11() {
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut client = client_with(ca.root_pem(), &[version]);
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let met = meet(&Arc::new(client), API, ca.server_config(API).unwrap()).unwrap();
        assert_eq!(met.protocol_version(), Some(version.version));
        assert_eq!(met.alpn_protocol(), Some(&b"http/1.1"[..]));
        let chain = met.peer_certificates().unwrap();
        assert_eq!(chain.len(), 2);
        assert_eq!(
            chain[1],
            CertificateDer::from_pem_file(place.in_ca("intermediate.pem")).unwrap()
        );
    }
}

#[test]
fn each_handshake_shows_whether_the_client_trusts_the_root() {
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        // It would resume a session if it were given one.
        let client = Arc::new(client_with(ca.root_pem(), &[version]));
        for _ in 0..2 {
            let met = meet(&client, API, ca.server_config(API).unwrap()).unwrap();
            assert_eq!(met.handshake_kind(), Some(rustls::HandshakeKind::Full));
        }
    }
}

#[test]
fn curl_accepts_what_it_should() {
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    for case in cases(&place, &ca) {
        let port = serve(case.config);
        for (ca_file, version) in [("root.pem", "--tlsv1.3"), ("bundle.pem", "--tls-max=1.2")] {
            let mut curl = Command::new("curl");
            let version: Vec<&str> = version.split('=').collect();
            curl.args(["-sS", "--max-time", "20", "--noproxy", "*"])
                .args(version);
            curl.arg("--cacert").arg(place.in_public(ca_file));
            curl.args(["--resolve", &format!("{}:{port}:127.0.0.1", case.host)]);
            let output = curl
                .arg(format!("https://{}:{port}/", case.host))
                .output()
                .unwrap();
            let (code, said) = (output.status.code(), text(&output));
            assert_eq!(
                code,
                Some(if case.good { 0 } else { 60 }),
                "{}: {said}",
                case.why
            );
            assert_eq!(said == "hello", case.good, "{}: {said}", case.why);
        }
    }
}

#[test]
fn python_accepts_what_it_should() {
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    let mut python = Command::new("python3");
    python.arg(source("probe.py"));
    probe(&mut python, &place, cases(&place, &ca));
}

#[test]
fn java_accepts_what_it_should() {
    if Command::new("java").arg("-version").output().is_err() {
        eprintln!("skipped: java is not installed (tests/run installs it)");
        return;
    }
    let place = Place::new();
    let (ca, _) = place.open().unwrap();
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "-Xshare:auto"])
        .arg(source("Probe.java"));
    probe(&mut java, &place, cases(&place, &ca));
}

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

/// Shows all cases to one client process that prints a line for each.
fn probe(client: &mut Command, place: &Place, cases: Vec<Case>) {
    client.arg(place.in_public("root.pem"));
    let wanted: Vec<_> = cases
        .into_iter()
        .map(|case| {
            client.arg(case.host).arg(serve(case.config).to_string());
            (case.good, case.why)
        })
        .collect();
    let said = String::from_utf8(done(client).stdout).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), wanted.len(), "{said}");
    for (line, (good, why)) in lines.iter().zip(wanted) {
        assert_eq!(*line == "accepted", good, "{why}: {line}");
    }
}

/// A TLS server on a port of its own that says hello to every request.
fn serve(config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = ServerConnection::new(config.clone()).unwrap();
            let mut reader = BufReader::new(StreamOwned::new(tls, stream.unwrap()));
            let mut line = String::new();
            // A client that refuses our certificate ends here.
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            if line == "\r\n" {
                let reply =
                    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
                let mut stream = reader.into_inner();
                stream.write_all(reply).unwrap();
                stream.conn.send_close_notify();
                stream.flush().unwrap();
            }
        }
    });
    port
}

/// The chain that a client sees.
fn shown(ca: &Ca, host: &str) -> Vec<CertificateDer<'static>> {
    let met = meet(
        &client_of(ca.root_pem()),
        host,
        ca.server_config(host).unwrap(),
    )
    .unwrap();
    met.peer_certificates().unwrap().to_vec()
}

/// A handshake in memory.
fn meet(
    client: &Arc<ClientConfig>,
    host: &str,
    config: Arc<ServerConfig>,
) -> Result<ClientConnection, rustls::Error> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(client.clone(), name)?;
    let mut server = ServerConnection::new(config)?;
    while client.wants_write() || server.wants_write() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking());
    Ok(client)
}

fn client_of(root_pem: &str) -> Arc<ClientConfig> {
    client_with(root_pem, rustls::ALL_VERSIONS).into()
}

fn client_with(
    root_pem: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap())
        .unwrap();
    ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Opens a CA in a process of its own, whose umask and environment do not touch the other tests.
fn open_in_a_child(place: &Place, umask: &str, environment: &[(&str, &OsStr)]) {
    done(
        Command::new("sh")
            .args(["-c", "umask \"$1\"; shift; exec \"$@\"", "sh", umask])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "opens_the_home_that_the_environment_names"])
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

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn write_pem(path: &Path, der: &CertificateDer<'_>) {
    let file = path.with_extension("der");
    fs::write(&file, der).unwrap();
    done(
        openssl()
            .args(["x509", "-inform", "DER", "-in"])
            .arg(file)
            .arg("-out")
            .arg(path),
    );
}

fn openssl() -> Command {
    Command::new("openssl")
}

fn done(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error} (tests/run installs what the tests need)")
    });
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/ca")
        .join(name)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
