//! Clients and other implementations judge what the CA signs.
use super::*;

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
