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

#[path = "ca/clients.rs"]
mod clients;
#[path = "ca/files.rs"]
mod files;

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

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
