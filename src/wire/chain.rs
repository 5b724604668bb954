//! A chain of certificates that was refused: which of them is to blame, and why, for a human. It judges nothing.
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, OtherError, RootCertStore};
use x509_parser::asn1_rs::{Oid, Sequence, ToDer as _};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name, X509Version};

use crate::clock::Time;

/// What a server has shown, and who is trusted.
pub(super) struct Chain<'a> {
    leaf: Option<X509Certificate<'a>>,
    above: Vec<X509Certificate<'a>>,
    roots: &'a RootCertStore,
}

impl<'a> Chain<'a> {
    pub(super) fn new(
        leaf: &'a CertificateDer<'_>,
        above: &'a [CertificateDer<'_>],
        roots: &'a RootCertStore,
    ) -> Self {
        let parse = |der: &'a CertificateDer<'_>| {
            let parsed = X509Certificate::from_der(der).ok();
            parsed.map(|(_, certificate)| certificate)
        };
        Self {
            leaf: parse(leaf),
            above: above.iter().filter_map(parse).collect(),
            roots,
        }
    }

    /// Why it was refused, as it follows "the certificate of …".
    pub(super) fn why(&self, error: &CertificateError) -> String {
        use CertificateError as E;
        match error {
            E::Expired => "has expired".to_owned(),
            E::ExpiredContext { time, not_after } => self.blame(
                |it| it.validity().not_after.timestamp() == seconds(*not_after),
                &format!("expired on {}{}", date(*not_after), by_clock(*time)),
            ),
            E::NotValidYet => "is not valid yet".to_owned(),
            E::NotValidYetContext { time, not_before } => self.blame(
                |it| it.validity().not_before.timestamp() == seconds(*not_before),
                &format!(
                    "is not valid before {}{}",
                    date(*not_before),
                    by_clock(*time)
                ),
            ),
            E::NotValidForName | E::NotValidForNameContext { .. } => self.other_names(),
            E::UnknownIssuer => self.unknown_issuer(),
            E::Revoked => "has been revoked".to_owned(),
            E::BadSignature => self.bad_signature(),
            E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
                self.blame(|it| !is_for_servers(it), "is not meant for servers")
            }
            E::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id,
                ..
            } => self.unknown_signature(signature_algorithm_id),
            E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                "has a signature of another kind than its issuer's key".to_owned()
            }
            E::BadEncoding => "cannot be read: it is malformed".to_owned(),
            E::Other(OtherError(error)) => match error.downcast_ref::<webpki::Error>() {
                Some(error) => self.why_of_webpki(error),
                None => format!("is not acceptable: {error}"),
            },
            other => format!("is not acceptable: {other}"),
        }
    }

    /// Why its owner could not prove that it is his: the signature of the handshake does not fit.
    pub(super) fn why_not_its_own(&self) -> String {
        let bits = self.leaf.as_ref().and_then(short_rsa_key);
        bits.map_or_else(
            || "belongs to another server: this one does not have its key".to_owned(),
            too_short,
        )
    }

    /// Those for which rustls has no name of its own.
    fn why_of_webpki(&self, error: &webpki::Error) -> String {
        use webpki::Error as E;
        match error {
            E::CaUsedAsEndEntity => "is a CA's own, not a server's".to_owned(),
            E::EndEntityUsedAsCa => self.blame_above(|it| !it.is_ca(), "is no CA's"),
            E::NameConstraintViolation => {
                "is for a name that its issuers may not vouch for (name constraints)".to_owned()
            }
            E::PathLenConstraintViolated => {
                "comes with a chain longer than one of its issuers allows".to_owned()
            }
            E::MaximumNameConstraintComparisonsExceeded
            | E::MaximumPathBuildCallsExceeded
            | E::MaximumPathDepthExceeded
            | E::MaximumSignatureChecksExceeded => {
                "comes with a chain too long or too tangled to be checked".to_owned()
            }
            E::UnsupportedCertVersion => self.blame(
                |it| it.version() != X509Version::V3,
                "is of an outdated version (X.509 v1)",
            ),
            E::UnsupportedCriticalExtension => {
                "demands a check that nicetap does not know (a critical extension)".to_owned()
            }
            other => format!("is malformed ({other:?})"),
        }
    }

    fn other_names(&self) -> String {
        let names = self.leaf.as_ref().map(names).unwrap_or_default();
        if names.is_empty() {
            return "names no host (a common name does not count)".to_owned();
        }
        let more = match names.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let shown = &names[..names.len().min(MOST_NAMES)];
        format!("is for another name: {}{more}", shown.join(", "))
    }

    fn unknown_issuer(&self) -> String {
        let Some(last) = self.above.last().or(self.leaf.as_ref()) else {
            return format!("was issued by nobody whom this machine trusts; {WHO_STANDS_BETWEEN}");
        };
        let is_itself = last.issuer().as_raw() == last.subject().as_raw();
        let what = match (name(last.issuer()), is_itself) {
            (Some(name), true) => format!("vouches for itself, as `{name}`"),
            (None, true) => "vouches for itself".to_owned(),
            (Some(name), false) => {
                format!("was issued by `{name}`, whom this machine does not trust")
            }
            (None, false) => "was issued by nobody whom this machine trusts".to_owned(),
        };
        format!("{what}; {WHO_STANDS_BETWEEN}")
    }

    fn bad_signature(&self) -> String {
        if let Some(bits) = self.above.iter().find_map(short_rsa_key) {
            return self.blame_above(|it| short_rsa_key(it) == Some(bits), &too_short(bits));
        }
        if let Some((name, bits)) = self.short_root() {
            return format!("rests on that of `{name}`, which {}", too_short(bits));
        }
        "has a signature that does not fit (a trusted root has its issuer's name, but another key?)"
            .to_owned()
    }

    /// The trusted root under which it stands, if that one's key is too short.
    fn short_root(&self) -> Option<(String, usize)> {
        let issuer = self.above.last().or(self.leaf.as_ref())?.issuer();
        let same = |subject: &[u8]| issuer.as_raw().ends_with(subject);
        self.roots
            .roots
            .iter()
            .filter(|root| same(&root.subject))
            .find_map(|root| {
                // An anchor holds the content only.
                let whole = Sequence::new(root.subject_public_key_info.as_ref().into());
                let whole = whole.to_der_vec().ok()?;
                let (_, key) = SubjectPublicKeyInfo::from_der(&whole).ok()?;
                Some((name(issuer)?, short_rsa(&key)?))
            })
    }

    fn unknown_signature(&self, algorithm: &[u8]) -> String {
        let signed_so = |it: &X509Certificate<'_>| {
            let oid = it.signature_algorithm.algorithm.as_bytes();
            algorithm.windows(oid.len()).any(|part| part == oid)
        };
        let mut all = self.leaf.iter().chain(&self.above);
        let oid = all
            .find(|it| signed_so(it))
            .map(|it| it.signature_algorithm.algorithm.clone());
        let what = match oid.as_ref().map(Oid::to_id_string).as_deref() {
            Some(oid) if SHA1.contains(&oid) => {
                "is signed with SHA-1, which is no longer trusted".to_owned()
            }
            Some(MD5) => "is signed with MD5, which is no longer trusted".to_owned(),
            Some(oid) => format!("is signed in a way that is not accepted ({oid})"),
            None => "is signed in a way that is not accepted".to_owned(),
        };
        self.blame(signed_so, &what)
    }

    /// Says this of the leaf, or of the first certificate above it, if it is that one to which it applies.
    fn blame(&self, applies: impl Fn(&X509Certificate<'a>) -> bool, what: &str) -> String {
        if self.leaf.as_ref().is_some_and(&applies) {
            return what.to_owned();
        }
        self.blame_above(applies, what)
    }

    fn blame_above(&self, applies: impl Fn(&X509Certificate<'a>) -> bool, what: &str) -> String {
        let faulty = self.above.iter().find(|it| applies(it));
        match faulty.map(|it| name(it.subject())) {
            Some(Some(name)) => format!("rests on that of `{name}`, which {what}"),
            Some(None) => format!("rests on another, which {what}"),
            None => what.to_owned(),
        }
    }
}

fn is_for_servers(certificate: &X509Certificate<'_>) -> bool {
    match certificate.extended_key_usage() {
        Ok(Some(usage)) => usage.value.server_auth,
        _ => true,
    }
}

fn short_rsa_key(certificate: &X509Certificate<'_>) -> Option<usize> {
    short_rsa(certificate.public_key())
}

fn short_rsa(key: &SubjectPublicKeyInfo<'_>) -> Option<usize> {
    match key.parsed() {
        Ok(PublicKey::RSA(key)) => Some(key.key_size()).filter(|bits| *bits < SHORTEST_RSA),
        _ => None,
    }
}

fn too_short(bits: usize) -> String {
    format!("has an RSA key of {bits} bits, too short to be trusted ({SHORTEST_RSA} at least)")
}

/// The hosts and addresses that it is for.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = names.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(shown(name)),
            GeneralName::IPAddress(_) => Some("an IP address".to_owned()),
            _ => None,
        })
        .collect()
}

/// What somebody is called.
fn name(name: &X509Name<'_>) -> Option<String> {
    let mut names = name
        .iter_common_name()
        .chain(name.iter_organization())
        .filter_map(|name| name.as_str().ok());
    names.next().map(shown)
}

/// A name out of a certificate, which anybody can write.
fn shown(name: &str) -> String {
    let is_plain = |c: &char| {
        !c.is_control() && !matches!(c, '`' | '\u{200b}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    name.chars().filter(is_plain).take(LONGEST_NAME).collect()
}

fn seconds(at: UnixTime) -> i64 {
    i64::try_from(at.as_secs()).unwrap_or(0)
}

/// A clock that is wrong is as likely as a certificate that is.
fn by_clock(now: UnixTime) -> String {
    format!(" (this machine's clock says {})", date(now))
}

fn date(at: UnixTime) -> String {
    Time::from_millis(seconds(at).saturating_mul(1000)).to_string()
}

const WHO_STANDS_BETWEEN: &str = "an antivirus, a company's proxy or another debugging proxy may stand between \
                                  (--upstream-ca names an extra root)";
/// With RSA, ECDSA and DSA.
const SHA1: [&str; 3] = [
    "1.2.840.113549.1.1.5",
    "1.2.840.10045.4.1",
    "1.2.840.10040.4.3",
];
const MD5: &str = "1.2.840.113549.1.1.4";
/// What rustls asks for.
const SHORTEST_RSA: usize = 2048;
const LONGEST_NAME: usize = 64;
const MOST_NAMES: usize = 5;
