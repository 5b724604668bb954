//! What can go wrong with the CA, and what to do about it.
use std::path::PathBuf;

use jiff::Timestamp;

use crate::store::StoreError;

/// Why there is no CA, or no leaf.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file or folder cannot be trusted or used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A host that no certificate is made for.
    #[error("`{name}` cannot be intercepted: {why}")]
    Name {
        /// The host.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// A CA for nothing was asked for.
    #[error("no host to intercept is given")]
    NoNames,
    /// A file of the CA does not hold what nicetap wrote; nothing was changed.
    #[error("`{}` is damaged: {what}; run `nicetap ca rotate` and let clients trust the new root", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A new CA is needed, but a running nicetap uses the present one.
    #[error("a running nicetap uses the CA in `{}`, which would have to be replaced: end it first, or give another home",
        folder.display())]
    InUse {
        /// The folder of the CA.
        folder: PathBuf,
    },
    /// The CA was made when the clock said something else.
    #[error("the CA is not valid before {from}: set the clock, or run `nicetap ca rotate`")]
    NotYetValid {
        /// Its beginning.
        from: Timestamp,
    },
    /// The CA has ended while nicetap was running; a restart makes a new one.
    #[error("the CA has ended at {to}: restart nicetap, and let clients trust the new root")]
    Expired {
        /// Its end.
        to: Timestamp,
    },
    /// The CA cannot speak for this host.
    #[error("`{host}` lies outside the CA's names: {names}")]
    Outside {
        /// The host.
        host: String,
        /// The names.
        names: String,
    },
    /// A key or certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// TLS could not be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
}
