//! TLS settings: what both legs prefer, and what the client's legs of all hosts share.
use std::sync::Arc;

use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};

use super::CaError;

/// The cryptography of both legs: AES-128-GCM with SHA-256 first.
///
/// A handshake hashes and derives far more than it encrypts, and processors compute SHA-256 in hardware, SHA-384 not.
pub fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| {
        let name = suite.suite().as_str().unwrap_or_default();
        !name.ends_with("AES_128_GCM_SHA256")
    });
    provider
}

/// What the TLS settings of all hosts share.
pub(super) struct Tls {
    pub(super) provider: Arc<CryptoProvider>,
    key: Arc<dyn SigningKey>,
}

impl Tls {
    pub(super) fn new(key: &KeyPair) -> Result<Self, CaError> {
        let provider = provider();
        let der = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok(Self {
            key: provider
                .key_provider
                .load_private_key(PrivateKeyDer::Pkcs8(der))?,
            provider: provider.into(),
        })
    }

    pub(super) fn config(
        &self,
        chain: Vec<CertificateDer<'static>>,
    ) -> Result<Arc<ServerConfig>, CaError> {
        let certified = CertifiedKey::new(chain, self.key.clone());
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Most clients name AES-256 first, and all of them take AES-128; see `provider`.
        config.ignore_client_order = true;
        // No session is resumed: each handshake shows whether the client trusts our root now. PHP and command line
        // tools resume none anyway, and would pay for a ticket with each connection.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}
