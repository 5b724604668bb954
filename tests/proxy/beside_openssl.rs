//! Chains in families, as Netflix' `BetterTLS` has them (name constraints, ways up, names), before nicetap and before
//! OpenSSL: both must say what is right, and where one of them is known to differ, that is written down here. What
//! nicetap refuses has a reason, and no byte of the request has left.
//!
//! Of the largest family only each 29th case is judged, or all with `NICETAP_THOROUGH=1`.
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::chains::{Chain, showing};
use crate::families;
use crate::stage::{check, text_of, trust};
use crate::support::message::Message;
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, process, say, sized, write};
use crate::ways_up;

#[test]
fn nicetap_and_openssl_judge_names_alike() {
    let mut judged = families::Judged::new();
    families::names(&mut judged);
    ways_up::ways_up(&mut judged);
    ways_up::extensions(&mut judged);
    families::constrained_names(&mut judged, sized(EACH_SO_MANIETH, 1));
    let ground = Ground::for_names(&judged);
    ground.compare(&judged, |case| {
        let mut client =
            RawClient::tunnel(ground.nicetap.addr(), &case.host, &trust(&ground.nicetap)).unwrap();
        client.send(check("").replace(API, &case.host)).unwrap();
        client.reply("GET").unwrap()
    });
}

#[test]
fn nicetap_and_openssl_judge_addresses_alike() {
    let mut judged = families::Judged::new();
    families::addresses(&mut judged);
    let ground = Ground::for_addresses(&judged);
    ground.compare(&judged, |case| {
        ground.shown.instead(case.chain.clone());
        let mut client = RawClient::plain(ground.nicetap.addr());
        // So that the origin's bytes tell the cases apart.
        client
            .send(check(&format!("X-Case: {}\r\n", case.host)).replace(API, "127.0.0.1"))
            .unwrap();
        client.reply("GET").unwrap()
    });
}

/// One chain, and what is to be made of it.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Its own, below the API's domain.
    pub(crate) host: String,
    pub(crate) chain: Chain,
    pub(crate) good: bool,
    /// Whether OpenSSL takes it.
    pub(crate) openssl: bool,
}

/// An origin that shows each host its chain, a nicetap before it, and a folder for OpenSSL's files.
struct Ground {
    folder: tempfile::TempDir,
    shown: Arc<Shown>,
    origin: RawOrigin,
    nicetap: Nicetap,
    /// Whether what is dialled is an address.
    by_address: bool,
}

impl Ground {
    fn for_names(judged: &families::Judged) -> Self {
        Self::new(judged, false, |options, addr| {
            options
                .argument("--connect-to")
                .argument(&format!(":443:{addr}"))
        })
    }

    fn for_addresses(judged: &families::Judged) -> Self {
        Self::new(judged, true, |options, addr| {
            options
                .argument("--base-url")
                .argument(&format!("https://{addr}"))
        })
    }

    fn new(
        judged: &families::Judged,
        by_address: bool,
        more: impl FnOnce(Options, &str) -> Options,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let roots = folder.path().join("roots.pem");
        write(&roots, &judged.roots);
        let shown = Arc::new(Shown::new(&judged.cases));
        let config = showing(Arc::<Shown>::clone(&shown));
        let origin = RawOrigin::with_tls(config, answering(success));
        let options = Options::default()
            .argument("--upstream-ca")
            .argument(roots.to_str().unwrap());
        let nicetap = Nicetap::start(more(options, &origin.addr().to_string()));
        Self {
            folder,
            shown,
            origin,
            nicetap,
            by_address,
        }
    }

    /// Asks for each case, and OpenSSL beside it; in the end, looks at what the origin was sent.
    fn compare(&self, judged: &families::Judged, ask: impl Fn(&Case) -> Message) {
        let mut faults = Vec::new();
        for case in &judged.cases {
            let reply = ask(case);
            let (takes, why) = verdict(&reply);
            let (theirs, said) = self.openssl(case);
            if (takes, theirs) != (case.good, case.openssl) {
                let (name, good) = (&case.name, case.good);
                faults.push(format!(
                    "{name}: good {good}; nicetap {takes} ({why}), openssl {theirs} ({said})"
                ));
            }
        }
        let sent = self.origin.streams_from(0).concat();
        let sent = String::from_utf8_lossy(&sent);
        for case in &judged.cases {
            let arrived = sent.contains(&format!(": {}\r\n", case.host));
            if arrived != case.good {
                faults.push(format!("{}: the request left: {arrived}", case.name));
            }
        }
        let (all, good) = (
            judged.cases.len(),
            judged.cases.iter().filter(|case| case.good).count(),
        );
        say(&format!(
            "{all} chains ({good} good), {} faults",
            faults.len()
        ));
        assert!(faults.is_empty(), "{faults:#?}");
    }

    /// Whether OpenSSL takes the chain, and what it says.
    fn openssl(&self, case: &Case) -> (bool, String) {
        let folder = self.folder.path();
        let (leaf, others) = case.chain.certificates.split_first().unwrap();
        write(&folder.join("leaf.pem"), pem(leaf));
        write(
            &folder.join("others.pem"),
            others.iter().map(pem).collect::<String>(),
        );
        let name = if self.by_address {
            ["-verify_ip", "127.0.0.1"]
        } else {
            ["-verify_hostname", &case.host]
        };
        let ended = run_openssl(folder, &name, !others.is_empty());
        (ended.status.success(), ended.stderr.replace('\n', " "))
    }
}

fn run_openssl(folder: &Path, name: &[&str], has_others: bool) -> process::Ended {
    let mut command = Command::new("openssl");
    command
        .args([
            "verify",
            "-CAfile",
            "roots.pem",
            "-no-CApath",
            "-purpose",
            "sslserver",
        ])
        .args(name);
    if has_others {
        command.args(["-untrusted", "others.pem"]);
    }
    command.arg("leaf.pem").current_dir(folder);
    process::run(&mut command, b"", PATIENCE)
}

/// Whether nicetap let the request go, or why not.
fn verdict(reply: &Message) -> (bool, String) {
    if reply.status() == 200 {
        return (true, String::new());
    }
    let body = reply.json();
    assert_eq!(reply.status(), 502, "{body:#}");
    let mark = reply.field("proxy-status").unwrap();
    assert!(mark.contains("error=tls_certificate_error"), "{mark}");
    let reason = text_of(&body["nicetap"]["reason"]);
    assert!(reason.contains("certificate"), "{reason}");
    (false, reason.to_owned())
}

fn pem(certificate: &CertificateDer) -> String {
    let text = STANDARD.encode(certificate);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

/// Shows each host its chain.
#[derive(Debug)]
struct Shown {
    to: HashMap<String, Arc<CertifiedKey>>,
    /// To who names no host.
    otherwise: Mutex<Option<Arc<CertifiedKey>>>,
}

impl Shown {
    fn new(cases: &[Case]) -> Self {
        let to = cases.iter().map(|case| {
            let certified = case.chain.clone().certified();
            (case.host.clone(), Arc::new(certified))
        });
        Self {
            to: to.collect(),
            otherwise: Mutex::default(),
        }
    }

    fn instead(&self, chain: Chain) {
        *self.otherwise.lock().unwrap() = Some(Arc::new(chain.certified()));
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello) -> Option<Arc<CertifiedKey>> {
        match hello.server_name() {
            Some(host) => self.to.get(host).cloned(),
            None => self.otherwise.lock().unwrap().clone(),
        }
    }
}

/// Of the constrained names; it has no factor in common with their numbers.
const EACH_SO_MANIETH: usize = 29;
