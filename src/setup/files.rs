//! The files that clients' settings name, in the public folder: all may read them, and none holds a secret.
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::store::{Access, Dir, StoreError};

use super::java;

/// Where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The public folder.
    pub folder: PathBuf,
    /// The system's roots and ours, and what else a client trusted before.
    pub bundle: PathBuf,
    /// A folder for `PHP_INI_SCAN_DIR`: nothing but `nicetap.ini` is in it.
    pub php: PathBuf,
    /// Java's trust store.
    pub java: PathBuf,
}

impl Files {
    /// Their places in this public folder.
    pub fn at(public: &Path) -> Self {
        Self {
            folder: public.to_owned(),
            bundle: public.join("bundle.pem"),
            php: public.join("php"),
            java: public.join("truststore.jks"),
        }
    }

    /// Writes what `nicetap run` needs besides the CA's own files. `own`: CA files that the child trusted before.
    pub fn for_a_child(public: &Path, own: &[PathBuf]) -> Result<Self, FilesError> {
        let mut files = Self::at(public);
        let mut bundle = read(&files.bundle)?;
        let dir = Dir::open(public, Access::Public)?;
        if add_missing(&mut bundle, own)? {
            dir.refresh(CHILDS_BUNDLE, &bundle, Access::Public)?;
            files.bundle = public.join(CHILDS_BUNDLE);
        }
        dir.refresh(
            "truststore.jks",
            &java::trust_store(&certificates(&bundle).collect::<Vec<_>>()),
            Access::Public,
        )?;
        let php = Dir::open(&files.php, Access::Public)?;
        php.refresh(
            "nicetap.ini",
            php_ini(&files.bundle).as_bytes(),
            Access::Public,
        )?;
        Ok(files)
    }
}

/// A file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// One of ours.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One that a client trusts.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// The lines that make PHP's curl and its streams trust this bundle. `openssl.cafile` beats `curl.cainfo` where both
/// are set, so both are.
pub(super) fn php_ini(bundle: &Path) -> String {
    let bundle = bundle.display();
    format!("openssl.cafile = \"{bundle}\"\ncurl.cainfo = \"{bundle}\"\n")
}

/// Adds files with certificates that the bundle lacks, whole; says whether there were any.
pub(super) fn add_missing(bundle: &mut Vec<u8>, files: &[PathBuf]) -> Result<bool, FilesError> {
    let mut known: BTreeSet<Vec<u8>> = certificates(bundle).map(|have| have.to_vec()).collect();
    let before = bundle.len();
    for file in files {
        let content = read(file)?;
        let new: Vec<Vec<u8>> = certificates(&content).map(|have| have.to_vec()).collect();
        if new.iter().any(|certificate| !known.contains(certificate)) {
            bundle.push(b'\n');
            bundle.extend(content);
            known.extend(new);
        }
    }
    Ok(bundle.len() > before)
}

/// What is no certificate is left out.
fn certificates(pem: &[u8]) -> impl Iterator<Item = CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok)
}

fn read(path: &Path) -> Result<Vec<u8>, FilesError> {
    std::fs::read(path).map_err(|source| FilesError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

const CHILDS_BUNDLE: &str = "bundle-with-own.pem";
