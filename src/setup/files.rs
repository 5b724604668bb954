//! The files that clients' settings name, in the public folder: all may read them, and none holds a secret.
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::store::{Access, Dir, StoreError};

use super::{java, prepend};

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

/// Puts a file into the public folder.
pub(super) fn publish(public: &Path, name: &str, content: &[u8]) -> Result<(), FilesError> {
    let dir = Dir::open(public, Access::Public)?;
    Ok(dir.refresh(name, content, Access::Public)?)
}

/// The bundle for a PHP: the system's roots, ours, and those that it had of its own.
pub(super) fn publish_bundle(public: &Path, own: &[PathBuf]) -> Result<(), FilesError> {
    let mut content = read(&public.join("bundle.pem"))?;
    add_missing(&mut content, own)?;
    publish(public, PHP_BUNDLE, &content)
}

/// Where that bundle is.
pub(super) fn bundle(public: &Path) -> PathBuf {
    public.join(PHP_BUNDLE)
}

/// Our root, as PEM; empty before it is made.
pub(super) fn root(public: &Path) -> String {
    std::fs::read_to_string(public.join("root.pem")).unwrap_or_default()
}

/// Removes the files that settings named, and the folder if nothing else is in it. `is_remembered`: PHP may go by a
/// `.user.ini` of before for 5 minutes, so the files that it names stay. The one before each script does no more than
/// what ran there before nicetap; without the CA file every call out would fail.
pub(super) fn withdraw(public: &Path, is_remembered: bool) -> Result<(), FilesError> {
    let Some(dir) = Dir::existing(public)? else {
        return Ok(());
    };
    let entries = std::fs::read_dir(public).into_iter().flatten().flatten();
    for name in entries.filter_map(|entry| entry.file_name().into_string().ok()) {
        let is_prepend = name.starts_with("prepend");
        if is_prepend && is_remembered {
            let text = std::fs::read_to_string(public.join(&name)).unwrap_or_default();
            dir.replace(&name, prepend::without_us(&text).as_bytes(), Access::Public)?;
        } else if is_prepend || name == PROBE || (name == PHP_BUNDLE && !is_remembered) {
            dir.remove(&name)?;
        }
    }
    if public == Path::new("/etc/nicetap") && !is_remembered {
        for name in [
            "root.pem",
            "bundle.pem",
            "truststore.jks",
            CHILDS_BUNDLE,
            "php/nicetap.ini",
        ] {
            dir.remove(name)?;
        }
        // What somebody else has put there stays.
        let _ = std::fs::remove_dir(public.join("php"));
        let _ = std::fs::remove_dir(public);
    }
    Ok(())
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

pub(super) const PROBE: &str = "probe.php";
const PHP_BUNDLE: &str = "bundle-php.pem";
const CHILDS_BUNDLE: &str = "bundle-with-own.pem";
