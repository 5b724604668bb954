//! TLS on both legs: what a failed handshake means, in words.
use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, Error as TlsError, OtherError,
    PeerIncompatible, PeerMisbehaved, RootCertStore,
};

use crate::record::Stage;

use super::origin::Failure;
use super::sessions::Sessions;
use super::verifier::{Refused, Verifier};

/// TLS towards origins: verified, always; 1.2 and 1.3; HTTP/1.1 only.
pub(super) fn client_config(roots: RootCertStore) -> Arc<ClientConfig> {
    let provider = Arc::new(crate::ca::provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let versions =
        builder.with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12]);
    let builder = match versions {
        Ok(builder) => builder,
        Err(error) => unreachable!("the provider supports TLS 1.2 and 1.3: {error}"),
    };
    let builder = match Verifier::new(roots, provider) {
        // It is rustls's own verifier that judges.
        Some(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier)),
        None => builder.with_root_certificates(RootCertStore::empty()),
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::store(Arc::new(Sessions::default()));
    Arc::new(config)
}

/// Why the handshake with an origin failed.
pub(super) fn upstream_failure(host: &str, error: &io::Error) -> Failure {
    let Some(tls) = tls_error(error) else {
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                format!("`{host}` closed the connection during the TLS handshake")
            }
            io::ErrorKind::ConnectionReset => {
                format!("`{host}` reset the connection during the TLS handshake")
            }
            _ => format!("the TLS handshake with `{host}` failed: {error}"),
        };
        return Failure::new(Stage::Tls, "connection_terminated", reason);
    };
    match tls {
        TlsError::InvalidCertificate(certificate) => {
            let why = match certificate {
                CertificateError::Other(OtherError(error)) if error.is::<Refused>() => {
                    error.to_string()
                }
                other => format!("is not acceptable: {other}"),
            };
            let reason = format!("the certificate of `{host}` {why}");
            Failure::new(Stage::Tls, "tls_certificate_error", reason)
        }
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => {
            let reason = format!("`{host}` offers neither TLS 1.2 nor 1.3, only an older one");
            Failure::new(Stage::Tls, "tls_protocol_error", reason)
        }
        TlsError::AlertReceived(alert) => {
            let reason = format!(
                "`{host}` refused the TLS handshake ({})",
                alert_word(*alert)
            );
            Failure::new(Stage::Tls, "tls_alert_received", reason)
        }
        TlsError::InvalidMessage(_) => {
            let reason = format!("what `{host}` answered is not TLS");
            Failure::new(Stage::Tls, "tls_protocol_error", reason)
        }
        TlsError::PeerIncompatible(_) => {
            let reason = format!("nothing that `{host}` offers in TLS fits ({tls})");
            Failure::new(Stage::Tls, "tls_protocol_error", reason)
        }
        TlsError::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            let reason = format!("`{host}` chose a protocol that was not offered: HTTP/1.1 was");
            Failure::new(Stage::Tls, "tls_protocol_error", reason)
        }
        other => {
            let reason = format!("the TLS handshake with `{host}` failed: {other}");
            Failure::new(Stage::Tls, "tls_protocol_error", reason)
        }
    }
}

/// Why a client may leave that has finished its handshake and asked for nothing.
pub(super) const LEFT_UNUSED: &str = "the client closed right after the TLS handshake, without a request; it may expect one certain certificate (pinning)";

/// Why nothing came of a connection whose first read failed, its handshake being done.
pub(super) fn unused(error: &io::Error) -> &'static str {
    match tls_error(error) {
        Some(TlsError::AlertReceived(_)) | None => LEFT_UNUSED,
        Some(_) => "what the client sent right after the TLS handshake breaks the rules of TLS",
    }
}

/// What a failed handshake with a client means.
pub(super) struct ClientFailure {
    /// For a human, graded: is, likely, may.
    pub(super) reason: &'static str,
    /// Whether it means that the client does not trust our certificate.
    pub(super) is_distrust: bool,
}

/// Why the handshake with a client failed. Grades follow what mitmproxy and mockttp learned: an alert says it, a
/// close right after our certificate makes it likely. A client that has not seen the certificate yet says nothing
/// about it: one whose hello was not whole, and one whose connection was reset, because the kernel resets it when the
/// client leaves bytes of ours unread.
pub(super) fn client_failure(error: &io::Error, saw_certificate: bool) -> ClientFailure {
    let failure = |reason, is_distrust| ClientFailure {
        reason,
        is_distrust,
    };
    match tls_error(error) {
        Some(TlsError::AlertReceived(alert)) => match alert {
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::AccessDenied => failure(
                "the client does not trust nicetap's certificate (it sent a TLS alert)",
                true,
            ),
            AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => {
                failure("the client found no TLS version or cipher that fits", false)
            }
            AlertDescription::CloseNotify | AlertDescription::UserCanceled => {
                failure("the client broke off the TLS handshake", false)
            }
            _ => failure(
                "the client broke off the TLS handshake with an alert",
                false,
            ),
        },
        Some(TlsError::PeerIncompatible(_)) => failure(
            "the client offers no TLS 1.2 or 1.3, or no cipher that fits",
            false,
        ),
        Some(TlsError::NoApplicationProtocol) => failure(
            "the client offers only protocols other than HTTP/1.1 (ALPN)",
            false,
        ),
        Some(TlsError::InvalidMessage(_)) => failure("what the client sent is not TLS", false),
        Some(_) => failure("the TLS handshake with the client failed", false),
        None if !saw_certificate => failure(
            "the connection ended in the middle of the client's TLS hello",
            false,
        ),
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof => failure(
                "the client closed during the TLS handshake; it likely does not trust nicetap's certificate",
                true,
            ),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => failure(
                "the client left during the TLS handshake, before it had read nicetap's certificate",
                false,
            ),
            _ => failure(
                "the connection broke during the TLS handshake with the client",
                false,
            ),
        },
    }
}

/// What TLS says of it, if it is TLS that failed.
fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

/// The alerts that servers send to strangers, by name; the others by their number.
fn alert_word(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::HandshakeFailure => "alert 40: no cipher or key exchange fits".to_owned(),
        AlertDescription::InternalError => "alert 80: an error inside the server".to_owned(),
        AlertDescription::UnrecognisedName => "alert 112: it does not know this name".to_owned(),
        AlertDescription::CertificateRequired => "alert 116: it wants a certificate".to_owned(),
        AlertDescription::NoApplicationProtocol => {
            "alert 120: it speaks no HTTP/1.1 there".to_owned()
        }
        other => format!("alert {}", u8::from(other)),
    }
}
