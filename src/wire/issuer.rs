//! Certificates of origins, verified as rustls does it; of one that nobody vouches for, the issuer is named. What
//! stands between a machine and NiceNIC, an antivirus or a company's proxy, signs with its own name.
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
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// Leaves every judgement to rustls, and adds a name to one of them.
#[derive(Debug)]
pub(super) struct Naming(Arc<WebPkiServerVerifier>);

impl Naming {
    /// `None` where there is no root, so that nobody could be verified.
    pub(super) fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Option<Self> {
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.build().ok().map(Self)
    }
}

impl ServerCertVerifier for Naming {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let verdict =
            self.0
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verdict.map_err(|error| match error {
            TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => {
                let last = intermediates.last().unwrap_or(end_entity);
                let named = OtherError(Arc::new(UntrustedIssuer::of(last)));
                TlsError::InvalidCertificate(CertificateError::Other(named))
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Who vouches for a certificate, and is not trusted.
#[derive(Debug)]
pub(super) struct UntrustedIssuer {
    name: Option<String>,
    is_itself: bool,
}

impl std::error::Error for UntrustedIssuer {}

/// As it follows "the certificate".
impl fmt::Display for UntrustedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.is_itself) {
            (Some(name), true) => write!(f, "vouches for itself, as `{name}`")?,
            (None, true) => f.write_str("vouches for itself")?,
            (Some(name), false) => write!(
                f,
                "was issued by `{name}`, whom this machine does not trust"
            )?,
            (None, false) => f.write_str("was issued by nobody whom this machine trusts")?,
        }
        f.write_str(
            "; an antivirus, a company's proxy or another debugging proxy may stand between (--upstream-ca names an \
             extra root)",
        )
    }
}

impl UntrustedIssuer {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
            return Self {
                name: None,
                is_itself: false,
            };
        };
        let issuer = certificate.issuer();
        let mut names = issuer
            .iter_common_name()
            .chain(issuer.iter_organization())
            .filter_map(|name| name.as_str().ok());
        Self {
            name: names.next().map(shown),
            is_itself: issuer.as_raw() == certificate.subject().as_raw(),
        }
    }
}

/// A name out of a certificate, which anybody can write.
fn shown(name: &str) -> String {
    let is_plain = |c: &char| {
        !c.is_control() && !matches!(c, '`' | '\u{200b}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    name.chars().filter(is_plain).take(LONGEST_NAME).collect()
}

const LONGEST_NAME: usize = 64;
