//! Chains of certificates for origins: good ones, and ones with a single fault each. Most are made by rcgen, which
//! takes any date and extension; what it refuses to make (weak keys, old signatures) by the `openssl` command.
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::support::{self, process};

/// Somebody who signs.
pub(crate) struct Signer {
    name: String,
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What a server must send for clients to find the root: this signer and those above, the root left out.
    way_up: Vec<CertificateDer<'static>>,
}

/// What a server shows.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// PEM.
    pub(crate) key: String,
    /// What it says of its own revocation (OCSP).
    pub(crate) staple: Option<Vec<u8>>,
}

impl Signer {
    /// A root with this name.
    pub(crate) fn root(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(name);
        change(&mut params);
        Self {
            name: name.to_owned(),
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
            way_up: Vec::new(),
        }
    }

    /// Somebody for whom this one vouches.
    pub(crate) fn below(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap();
        let mut way_up = vec![issuer.der().clone()];
        way_up.extend(self.way_up.iter().cloned());
        Self {
            name: name.to_owned(),
            issuer,
            way_up,
        }
    }

    /// This signer's name and key in another certificate, for which `above` vouches.
    pub(crate) fn crossed(
        &self,
        above: &Self,
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateDer<'static> {
        let mut params = authority(&self.name);
        change(&mut params);
        let crossed = params.signed_by(self.issuer.key(), &above.issuer);
        crossed.unwrap().der().clone()
    }

    /// A server's chain for this host.
    pub(crate) fn leaf(&self, host: &str, change: impl FnOnce(&mut CertificateParams)) -> Chain {
        self.leaf_with(host, &KeyPair::generate().unwrap(), change)
    }

    /// A server's chain for this host, with a key of another kind.
    pub(crate) fn leaf_with(
        &self,
        host: &str,
        key: &KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Chain {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let leaf = params.signed_by(key, &self.issuer).unwrap();
        let mut certificates = vec![leaf.der().clone()];
        certificates.extend(self.way_up.iter().cloned());
        Chain {
            certificates,
            key: key.serialize_pem(),
            staple: None,
        }
    }

    /// A server that shows this signer's own certificate.
    pub(crate) fn shown(&self) -> Chain {
        Chain {
            certificates: vec![self.der().clone()],
            key: self.issuer.key().serialize_pem(),
            staple: None,
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn der(&self) -> &CertificateDer<'static> {
        self.issuer.der()
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

impl Chain {
    /// The same with other certificates.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Vec<CertificateDer<'static>>)) -> Self {
        change(&mut self.certificates);
        self
    }

    /// A server that shows this, whatever it is worth.
    pub(crate) fn server_config(self) -> Arc<ServerConfig> {
        showing(Arc::new(SingleCertAndKey::from(self.certified())))
    }

    /// The same, as rustls shows it.
    pub(crate) fn certified(self) -> CertifiedKey {
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let key = provider().key_provider.load_private_key(key).unwrap();
        let mut shown = CertifiedKey::new(self.certificates, key);
        shown.ocsp = self.staple;
        shown
    }
}

/// A server that shows what this says to each connection, and speaks HTTP/1.1.
pub(crate) fn showing(what: Arc<dyn ResolvesServerCert>) -> Arc<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(what);
    // Who resumes a session is not shown a certificate again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// The `openssl` command at work in a folder of its own. Everything has a name: its files are `NAME.pem`, `NAME.key`.
pub(crate) struct OpenSsl<'a>(pub(crate) &'a Path);

/// What `openssl` makes a certificate of.
pub(crate) struct Recipe<'a> {
    pub(crate) subject: &'a str,
    /// As after `-newkey`, with its `-pkeyopt`.
    pub(crate) key: &'a [&'a str],
    /// The name of the signer; `None`: itself.
    pub(crate) signer: Option<&'a str>,
    /// Options of the signature, such as `-sha1`.
    pub(crate) signature: &'a [&'a str],
    /// Lines; none: a certificate of version 1.
    pub(crate) extensions: String,
}

impl<'a> Recipe<'a> {
    /// A root.
    pub(crate) fn root(subject: &'a str, key: &'a [&'a str]) -> Self {
        Self {
            subject,
            key,
            signer: None,
            signature: &["-sha256"],
            extensions: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
                .to_owned(),
        }
    }

    /// A leaf of `root` for this host.
    pub(crate) fn leaf(host: &str, key: &'a [&'a str]) -> Self {
        Self {
            signer: Some("root"),
            extensions: format!("subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\n"),
            ..Self::root("A server", key)
        }
    }
}

impl OpenSsl<'_> {
    /// Makes a certificate and its key.
    pub(crate) fn make(&self, name: &str, recipe: &Recipe) {
        let file = |kind: &str| format!("{name}.{kind}");
        let (key, csr, pem, ext) = (file("key"), file("csr"), file("pem"), file("ext"));
        let subject = format!("/CN={}", recipe.subject);
        let mut request = vec!["req", "-new", "-nodes", "-subj", &subject];
        request.extend(["-keyout", &key, "-out", &csr, "-newkey"]);
        request.extend(recipe.key);
        self.run(&request);
        support::write(&self.0.join(&ext), &recipe.extensions);
        let mut sign = vec!["x509", "-req", "-in", &csr, "-out", &pem, "-days", "900"];
        let signer = recipe
            .signer
            .map(|signer| (format!("{signer}.pem"), format!("{signer}.key")));
        match &signer {
            Some((signer, key)) => {
                sign.extend(["-CA", signer, "-CAkey", key, "-set_serial", "4660"]);
            }
            None => sign.extend(["-signkey", &key]),
        }
        if !recipe.extensions.is_empty() {
            sign.extend(["-extfile", &ext]);
        }
        sign.extend(recipe.signature);
        self.run(&sign);
    }

    /// What a server with this leaf and these above it shows.
    pub(crate) fn chain(&self, leaf: &str, above: &[&str]) -> Chain {
        let names = std::iter::once(&leaf).chain(above);
        Chain {
            certificates: names.map(|name| self.certificate(name)).collect(),
            key: self.read(&format!("{leaf}.key")),
            staple: None,
        }
    }

    pub(crate) fn certificate(&self, name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.pem(name).as_bytes()).unwrap()
    }

    pub(crate) fn pem(&self, name: &str) -> String {
        self.read(&format!("{name}.pem"))
    }

    /// What this signer says of a leaf that it has revoked (OCSP).
    pub(crate) fn revoked(&self, leaf: &str, signer: &str) -> Vec<u8> {
        let index = "R\t300101000000Z\t250101000000Z\t1234\tunknown\t/CN=revoked\n";
        support::write(&self.0.join("index.txt"), index);
        let (leaf, signer) = (format!("{leaf}.pem"), format!("{signer}.pem"));
        let key = signer.replace(".pem", ".key");
        self.run(&[
            "ocsp", "-issuer", &signer, "-cert", &leaf, "-reqout", "ask.der",
        ]);
        let mut answer = vec!["ocsp", "-index", "index.txt", "-reqin", "ask.der"];
        answer.extend(["-CA", &signer, "-rsigner", &signer, "-rkey", &key]);
        answer.extend(["-ndays", "7", "-respout", "say.der"]);
        self.run(&answer);
        std::fs::read(self.0.join("say.der")).unwrap()
    }

    fn run(&self, arguments: &[&str]) {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(self.0);
        process::run(&mut command, b"", Duration::from_mins(1)).success(arguments[0]);
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.join(file)).unwrap()
    }
}
