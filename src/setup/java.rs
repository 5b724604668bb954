//! A trust store for Java: the JKS format, which every Java since 1.2 reads. It holds certificates and no key.
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use rustls::pki_types::CertificateDer;

/// The store of these certificates, sealed with [`PASSWORD`].
pub(super) fn trust_store(certificates: &[CertificateDer<'_>]) -> Vec<u8> {
    let mut store = Vec::new();
    number(&mut store, MAGIC);
    number(&mut store, VERSION);
    number(&mut store, length(certificates.len()));
    for (index, certificate) in certificates.iter().enumerate() {
        number(&mut store, TRUSTED_CERTIFICATE);
        text(&mut store, &format!("ca{index}"));
        store.extend([0; 8]); // When it was entered: nobody asks.
        text(&mut store, "X.509");
        number(&mut store, length(certificate.len()));
        store.extend_from_slice(certificate);
    }
    let seal = seal(&store);
    store.extend_from_slice(&seal);
    store
}

/// The format's own checksum. It keeps nobody from changing the store: its password is everybody's.
fn seal(store: &[u8]) -> Vec<u8> {
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    for unit in PASSWORD.encode_utf16() {
        digest.update(&unit.to_be_bytes());
    }
    digest.update(b"Mighty Aphrodite");
    digest.update(store);
    digest.finish().as_ref().to_vec()
}

fn number(store: &mut Vec<u8>, number: u32) {
    store.extend(number.to_be_bytes());
}

/// ASCII only, where Java's modified UTF-8 is what it seems.
fn text(store: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    store.extend(length.to_be_bytes());
    store.extend_from_slice(text.as_bytes());
}

fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// What Java's own stores have.
pub(super) const PASSWORD: &str = "changeit";
const MAGIC: u32 = 0xFEED_FEED;
const VERSION: u32 = 2;
const TRUSTED_CERTIFICATE: u32 = 2;
