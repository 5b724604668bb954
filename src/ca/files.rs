//! The CA on disk: what stands in `HOME/ca/`, and the public copies. Judges whole files, signs nothing.
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::cert::{self, Authority, NewCa, ROOT_NAME};
use super::{CaError, Paths};
use crate::store::{Access, Dir};

/// The folder `HOME/ca/`, and with it the lock on the CA.
pub(super) struct Files(Dir);

impl Files {
    /// Opens or makes the home and `ca/` in it; others may pass through the home, as all who write there have it.
    pub(super) fn open(home: &Path) -> Result<Self, CaError> {
        Dir::open(home, Access::Passage)?;
        Ok(Self(Dir::open(&home.join(FOLDER), Access::Private)?))
    }

    /// Opens `ca/` if there is one.
    pub(super) fn existing(home: &Path) -> Result<Option<Self>, CaError> {
        Ok(Dir::existing(&home.join(FOLDER))?.map(Self))
    }

    pub(super) fn dir(&self) -> &Dir {
        &self.0
    }

    /// Reads the CA; `None`: there is none. The key is written last, so one without its key was never finished.
    pub(super) fn read(&self) -> Result<Option<Stored>, CaError> {
        let Some(key) = self.0.read(KEY, Access::Private, MOST)? else {
            return Ok(None);
        };
        let key = Zeroizing::new(key);
        let key = std::str::from_utf8(&key)
            .ok()
            .and_then(|pem| KeyPair::from_pem(pem).ok())
            .ok_or_else(|| self.damaged(KEY, "it is not a private key in PEM"))?;
        let (root, of_root, root_pem) = self.read_authority(ROOT)?;
        let (intermediate, authority, _) = self.read_authority(INTERMEDIATE)?;
        if authority.key != key.public_key_raw() {
            return Err(self.damaged(KEY, "it does not belong to intermediate.pem"));
        }
        if of_root.names != authority.names || of_root.life != authority.life {
            return Err(self.damaged(INTERMEDIATE, "it does not belong to root.pem"));
        }
        Ok(Some(Stored {
            root_pem,
            root,
            subject: of_root.subject,
            intermediate,
            authority,
            key,
        }))
    }

    /// Puts a new CA in the place of the old one. Killed half-way, it leaves none.
    pub(super) fn write(&self, new: &NewCa) -> Result<(), CaError> {
        self.0.remove(KEY)?;
        self.0.sweep()?;
        self.0.replace(ROOT, new.root.as_bytes(), Access::Private)?;
        self.0
            .replace(INTERMEDIATE, new.intermediate.as_bytes(), Access::Private)?;
        self.0
            .replace(KEY, new.intermediate_key.as_bytes(), Access::Private)?;
        Ok(())
    }

    /// Brings the bundle and the public copies up to date; returns the number of system roots in the bundle.
    pub(super) fn publish(&self, root_pem: &str, public: &Path) -> Result<usize, CaError> {
        let roots = system_roots();
        let mut bundle: String = roots.iter().map(|root| pem(root)).collect();
        bundle.push_str(root_pem);
        self.0.refresh(BUNDLE, bundle.as_bytes(), Access::Private)?;
        let public = Dir::open(public, Access::Public)?;
        public.refresh(ROOT, root_pem.as_bytes(), Access::Public)?;
        public.refresh(BUNDLE, bundle.as_bytes(), Access::Public)?;
        Ok(roots.len())
    }

    /// The files from which somebody can learn the root.
    pub(super) fn with_root(&self, public: &Paths) -> Vec<PathBuf> {
        let own = [BUNDLE, ROOT].map(|name| self.0.at(name));
        let mut files = Vec::from(own);
        files.extend([public.root.clone(), public.bundle.clone()]);
        files
    }

    pub(super) fn damaged(&self, name: &str, what: impl Into<String>) -> CaError {
        CaError::Damaged {
            path: self.0.at(name),
            what: what.into(),
        }
    }

    fn read_authority(
        &self,
        name: &str,
    ) -> Result<(CertificateDer<'static>, Authority, String), CaError> {
        let content = self.0.read(name, Access::Private, MOST)?;
        let content = content.ok_or_else(|| self.damaged(name, "it is missing"))?;
        let text = String::from_utf8(content).map_err(|_| self.damaged(name, "it is not PEM"))?;
        let der = CertificateDer::from_pem_slice(text.as_bytes())
            .map_err(|_| self.damaged(name, "it is not a certificate in PEM"))?;
        let authority = cert::authority_of(&der).map_err(|what| self.damaged(name, what))?;
        // Not the text of the file: what is published holds this certificate and nothing else.
        let canonical = pem(&der);
        Ok((der, authority, canonical))
    }
}

/// A CA as it was read.
pub(super) struct Stored {
    pub(super) root_pem: String,
    pub(super) root: CertificateDer<'static>,
    /// The root's distinguished name.
    pub(super) subject: String,
    pub(super) intermediate: CertificateDer<'static>,
    /// What the intermediate says; names and life are the root's too.
    pub(super) authority: Authority,
    pub(super) key: KeyPair,
}

impl Stored {
    /// Seconds until it ends.
    pub(super) fn left(&self, now: i64) -> i64 {
        self.authority.life.to.saturating_sub(now)
    }
}

/// Where the public copies stand in a folder.
pub(super) fn public_paths(public: &Path) -> Paths {
    Paths {
        root: public.join(ROOT),
        bundle: public.join(BUNDLE),
    }
}

/// The roots of the system (`SSL_CERT_FILE` is honoured), without ours: that variable may well point at our bundle.
fn system_roots() -> Vec<CertificateDer<'static>> {
    let mut roots = rustls_native_certs::load_native_certs().certs;
    let ours = memmem::Finder::new(ROOT_NAME);
    roots.retain(|root| ours.find(root).is_none());
    roots
}

fn pem(der: &CertificateDer<'_>) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

pub(super) const INTERMEDIATE: &str = "intermediate.pem";
const FOLDER: &str = "ca";
const ROOT: &str = "root.pem";
const KEY: &str = "intermediate.key";
const BUNDLE: &str = "bundle.pem";

/// Bytes that are read of a certificate or key; ours have about 1,000, or more with many names.
const MOST: usize = 256 * 1024;
