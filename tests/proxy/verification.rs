//! Whom nicetap believes upstream. Each case is a server with one fault, or with none: what is wrong must be refused
//! with a reason that names it, before a byte of the request has left; what is right must pass.
//!
//! A case with a number, such as U07, stands in the project's list of hostile inputs.
use std::io::{BufRead as _, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::ClientConfig;

use crate::chains::{Chain, OpenSsl, Recipe, Signer};
use crate::stage::{Told, check, trust};
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{Conversation, RawOrigin, answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, say, write};
use crate::{certificates, handshakes};

#[test]
fn a_server_is_believed_or_refused_as_it_deserves() {
    let folder = tempfile::tempdir().unwrap();
    let mut ground = Ground::new(folder.path());
    // The one that takes ten seconds is first among them.
    let mut cases = handshakes::cases(&ground);
    cases.extend(certificates::cases(&mut ground));
    let file = folder.path().join("roots.pem");
    write(&file, &ground.roots);
    let options = Options::default()
        .argument("--upstream-ca")
        .argument(file.to_str().unwrap());
    let nicetap = Nicetap::start(cases.iter().fold(options, |options, case| {
        let target = format!("{}:443:{}", case.host, case.target);
        options.argument("--connect-to").argument(&target)
    }));
    let failed = play_all(&nicetap, &cases);
    let good = cases.len() - failed.len();
    say(&format!("{} cases, {good} as expected", cases.len()));
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Plays every case; returns the names of those that went otherwise than expected.
fn play_all(nicetap: &Nicetap, cases: &[Case]) -> Vec<&'static str> {
    let trust = trust(nicetap);
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let play = AssertUnwindSafe(|| case.play(nicetap, &trust));
                    if catch_unwind(play).is_err() {
                        failed.lock().unwrap().push(case.name);
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap()
}

/// Who signs, and whom nicetap trusts.
pub(crate) struct Ground<'a> {
    pub(crate) root: Signer,
    /// Its `root` is trusted too.
    pub(crate) openssl: OpenSsl<'a>,
    /// PEM.
    pub(crate) roots: String,
}

impl<'a> Ground<'a> {
    fn new(folder: &'a Path) -> Self {
        let root = Signer::root("The tests' root", |_| {});
        let openssl = OpenSsl(folder);
        openssl.make("root", &Recipe::root("openssl's root", &["rsa:2048"]));
        let roots = [root.pem(), openssl.pem("root")].concat();
        Self {
            root,
            openssl,
            roots,
        }
    }
}

/// One server, and what nicetap must make of it.
pub(crate) struct Case {
    name: &'static str,
    host: String,
    server: Server,
    /// Where to dial, as `HOST:PORT`.
    target: String,
    expected: Expected,
}

/// Who stands at the other end.
pub(crate) enum Server {
    Tls(RawOrigin),
    Clear(RawOrigin),
    OpenSsl(OpenSslServer),
    Nobody,
}

#[derive(Clone, Copy)]
pub(crate) enum Expected {
    Passes,
    Fails(Told),
}

/// The failure of a certificate that is not good, with these words in its reason.
pub(crate) const fn bad_certificate(reason: &'static str) -> Expected {
    fails_in_tls("tls_certificate_error", reason)
}

/// A failure before the request was sent.
pub(crate) const fn fails_in_tls(word: &'static str, reason: &'static str) -> Expected {
    Expected::Fails(Told {
        status: 502,
        word,
        stage: "tls",
        verdict: "unreachable",
        reason,
    })
}

impl Case {
    pub(crate) fn new(name: &'static str, server: Server, expected: Expected) -> Self {
        Self {
            name,
            host: host(name),
            target: server.target(),
            server,
            expected,
        }
    }

    /// The same, dialled by a name that may have more addresses than the one that answers.
    pub(crate) fn at(mut self, name: &str) -> Self {
        let (_, port) = self.target.rsplit_once(':').unwrap();
        self.target = format!("{name}:{port}");
        self
    }

    /// Nobody: what is dialled leads nowhere.
    pub(crate) fn leads_to(name: &'static str, target: &str, told: Told) -> Self {
        Self {
            target: target.to_owned(),
            ..Self::new(name, Server::Nobody, Expected::Fails(told))
        }
    }

    /// A server that shows this chain, made for its host.
    pub(crate) fn shows(
        name: &'static str,
        expected: Expected,
        chain: impl FnOnce(&str) -> Chain,
    ) -> Self {
        let config = chain(&host(name)).server_config();
        let origin = RawOrigin::with_tls(config, answering(success));
        Self::new(name, Server::Tls(origin), expected)
    }

    /// A server that does this where a handshake is due.
    pub(crate) fn does(
        name: &'static str,
        expected: Expected,
        script: impl Fn(&mut Conversation) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, Server::Clear(RawOrigin::plain(script)), expected)
    }

    fn play(&self, nicetap: &Nicetap, trust: &Arc<ClientConfig>) {
        let mut client = RawClient::tunnel(nicetap.addr(), &self.host, trust).unwrap();
        client.send(check("").replace(API, &self.host)).unwrap();
        let reply = client.reply("GET").unwrap();
        let local = client.local().to_string();
        // So that the server's connection is over too.
        drop(client);
        let records = nicetap.wait_for_all(self.name, 1, |record| {
            record["event"] == "exchange" && record["client"]["addr"] == *local
        });
        let passes = match &self.expected {
            Expected::Passes => {
                let text = String::from_utf8_lossy(&reply.body);
                assert_eq!(reply.status(), 200, "{}: {text}", self.name);
                true
            }
            Expected::Fails(told) => {
                told.check_reply(&reply);
                told.check_record(&records[0]);
                false
            }
        };
        let arrived = self.server.got_a_request();
        assert_eq!(arrived, passes, "{}: whether the request left", self.name);
    }
}

impl Server {
    fn target(&self) -> String {
        match self {
            Self::Tls(origin) | Self::Clear(origin) => origin.addr().to_string(),
            Self::OpenSsl(server) => server.target.clone(),
            Self::Nobody => String::new(),
        }
    }

    /// Whether a byte of a request arrived.
    fn got_a_request(&self) -> bool {
        match self {
            Self::Tls(origin) => !origin.streams_from(0).concat().is_empty(),
            Self::Clear(origin) => {
                let streams = origin.streams_from(0).concat();
                String::from_utf8_lossy(&streams).contains(REQUEST)
            }
            Self::OpenSsl(server) => server.output.lock().unwrap().contains(REQUEST),
            Self::Nobody => false,
        }
    }
}

/// The server of the `openssl` command, for what rustls refuses to serve. It prints what it receives.
pub(crate) struct OpenSslServer {
    child: Child,
    target: String,
    output: Arc<Mutex<String>>,
    follower: Option<JoinHandle<()>>,
}

impl OpenSslServer {
    /// Shows this certificate of the folder.
    pub(crate) fn start(openssl: &OpenSsl, name: &str, options: &[&str]) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0"])
            .args(["-cert", &format!("{name}.pem")])
            .args(["-key", &format!("{name}.key")])
            // Weak keys and old versions are what it is here for.
            .args(["-cipher", "ALL@SECLEVEL=0"])
            .args(options)
            .current_dir(openssl.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let target = lines.find_map(|line| Some(line.unwrap().strip_prefix("ACCEPT ")?.to_owned()));
        let output = Arc::new(Mutex::new(String::new()));
        let gathered = Arc::clone(&output);
        let follower = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                gathered.lock().unwrap().push_str(&line);
            }
        });
        Self {
            child,
            target: target.unwrap(),
            output,
            follower: Some(follower),
        }
    }
}

impl Drop for OpenSslServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(follower) = self.follower.take() {
            let _ = follower.join();
        }
    }
}

/// A host of the case's own, two labels below the API's domain.
pub(crate) fn host(name: &str) -> String {
    let label: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(LONGEST_LABEL)
        .collect();
    format!("{}.{ABOVE}", label.to_lowercase().trim_matches('-'))
}

/// The domain above the cases' hosts.
pub(crate) const ABOVE: &str = "cases.nicenic.net";

/// How the request of a case begins.
const REQUEST: &str = "GET /v2/";
const LONGEST_LABEL: usize = 60;
const LANES: usize = 8;
