//! What there is to say about a CA, and where clients find it.
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};

use super::files::{self, Files, Stored};
use super::{CaError, timestamp};

/// The files that clients read: the public copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Our root.
    pub root: PathBuf,
    /// The system's roots and ours, for settings that replace the system's.
    pub bundle: PathBuf,
}

/// What there is to say about a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The names it can speak for, with their subdomains; sorted.
    pub names: Vec<String>,
    /// The root's distinguished name.
    pub subject: String,
    /// From when it is good.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// SHA-256 of the root, as `openssl x509 -fingerprint -sha256` prints it.
    pub fingerprint_sha256: String,
    /// The folder of the CA.
    pub folder: PathBuf,
    /// The public copies.
    pub paths: Paths,
    /// Whether the public copy of the root, which clients read, is this root.
    pub is_published: bool,
}

impl Info {
    /// Reads what there is to say about the CA of a home, and changes nothing; `None`: there is no CA.
    pub fn read(home: &Path, public: &Path) -> Result<Option<Self>, CaError> {
        let Some(files) = Files::existing(home)? else {
            return Ok(None);
        };
        files.dir().share_lock();
        Ok(files
            .read()?
            .map(|stored| Self::of(&stored, &files, public)))
    }

    pub(super) fn of(stored: &Stored, files: &Files, public: &Path) -> Self {
        let paths = files::public_paths(public);
        Self {
            names: stored.authority.names.as_slice().to_vec(),
            subject: stored.subject.clone(),
            not_before: timestamp(stored.authority.life.from),
            not_after: timestamp(stored.authority.life.to),
            fingerprint_sha256: fingerprint(&stored.root),
            folder: files.dir().path().into(),
            is_published: fs::read(&paths.root)
                .is_ok_and(|copy| copy == stored.root_pem.as_bytes()),
            paths,
        }
    }
}

fn fingerprint(der: &CertificateDer<'_>) -> String {
    let bytes: Vec<String> = Sha256::digest(der)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    bytes.join(":")
}
