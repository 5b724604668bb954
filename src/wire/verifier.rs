//! Certificates of origins: verified as rustls does it, and refused in words. What stands between a machine and
//! NiceNIC, an antivirus or a company's proxy, signs with its own name, and that name is told.
use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, OtherError, RootCertStore,
    SignatureScheme,
};

use super::chain::Chain;

/// Leaves every judgement to rustls, and puts its refusals into words.
#[derive(Debug)]
pub(super) struct Verifier {
    rustls: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
}

/// Why a certificate was refused, as it follows "the certificate of …".
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Verifier {
    /// `None` where there is no root, so that nobody could be verified.
    pub(super) fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Option<Self> {
        let roots = Arc::new(roots);
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), provider);
        let rustls = builder.build().ok()?;
        Some(Self { rustls, roots })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verdict = self.rustls.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        verdict.map_err(|error| {
            in_words(error, |error| {
                Chain::new(end_entity, intermediates, &self.roots).why(error)
            })
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let verdict = self.rustls.verify_tls12_signature(message, cert, dss);
        verdict.map_err(|error| self.unproven(error, cert))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let verdict = self.rustls.verify_tls13_signature(message, cert, dss);
        verdict.map_err(|error| self.unproven(error, cert))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.rustls.supported_verify_schemes()
    }
}

impl Verifier {
    /// Why a server that showed a good certificate did not prove that it is its own.
    fn unproven(&self, error: TlsError, certificate: &CertificateDer<'_>) -> TlsError {
        in_words(error, |error| match error {
            CertificateError::BadSignature => {
                Chain::new(certificate, &[], &self.roots).why_not_its_own()
            }
            other => format!("was not proven to be the server's own: {other}"),
        })
    }
}

fn in_words(error: TlsError, words: impl FnOnce(&CertificateError) -> String) -> TlsError {
    match error {
        TlsError::InvalidCertificate(error) => {
            let refused = OtherError(Arc::new(Refused(words(&error))));
            TlsError::InvalidCertificate(CertificateError::Other(refused))
        }
        other => other,
    }
}
