//! The certificates: a root whose key dies at once, a constrained intermediate, leaves. No files, no clock.
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PublicKeyData, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use zeroize::{Zeroize, Zeroizing};

use super::names::Names;
use super::{CaError, DAY};
use crate::store;

/// The common name of every root that nicetap makes begins with this.
pub(super) const ROOT_NAME: &str = "nicetap local CA (name-constrained)";

/// A new CA, as PEM.
pub(super) struct NewCa {
    pub(super) root: String,
    pub(super) intermediate: String,
    pub(super) intermediate_key: Zeroizing<String>,
}

/// Makes a CA that can speak for these names and nothing else, from a day before `now` for 30 days after.
///
/// The root's key exists only in here. The intermediate carries the constraints a second time, because Java does
/// not look at those of a root; it is limited to TLS servers, because constraints on DNS names do not limit what it
/// could sign for mail or clients.
pub(super) fn make(names: &Names, now: i64) -> Result<NewCa, CaError> {
    let mut tag = [0; 4];
    store::fill_random(&mut tag)?;
    let tag = u32::from_ne_bytes(tag);
    let life = Life {
        from: now.saturating_sub(DAY),
        to: now.saturating_add(30 * DAY),
    };

    let mut root_key = KeyPair::generate()?;
    let root = authority(&format!("{ROOT_NAME} {tag:08x}"), 1, names, life)?;
    let root_pem = root.self_signed(&root_key)?.pem();

    let mut key = KeyPair::generate()?;
    let name = format!("nicetap local intermediate (name-constrained) {tag:08x}");
    let mut intermediate = authority(&name, 0, names, life)?;
    intermediate.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let signed = intermediate.signed_by(&key, &Issuer::from_params(&root, &root_key));
    // The parsed copy inside the crypto library is wiped by the library when it is dropped.
    root_key.zeroize();
    drop(root_key);

    let intermediate_key = Zeroizing::new(key.serialize_pem());
    key.zeroize();
    Ok(NewCa {
        root: root_pem,
        intermediate: signed?.pem(),
        intermediate_key,
    })
}

/// Signs a leaf for one DNS name.
pub(super) fn leaf(
    host: &str,
    key: &impl PublicKeyData,
    issuer: &Issuer<'_, KeyPair>,
    life: Life,
) -> Result<Certificate, CaError> {
    let mut params = params(life)?;
    // Longer names do not fit the field; clients read the alternative name anyway.
    if host.len() <= 64 {
        params.distinguished_name.push(DnType::CommonName, host);
    }
    params.subject_alt_names = vec![SanType::DnsName(host.try_into()?)];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params.signed_by(key, issuer)?)
}

/// How long a certificate is good, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Life {
    pub(super) fn contains(self, moment: i64) -> bool {
        self.from <= moment && moment < self.to
    }

    /// What two lives have in common.
    pub(super) fn within(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            to: self.to.min(other.to),
        }
    }
}

/// What is read back from the certificate of an authority.
pub(super) struct Authority {
    pub(super) subject: String,
    pub(super) life: Life,
    pub(super) names: Names,
    /// The public key, as the key pair gives it.
    pub(super) key: Vec<u8>,
}

/// Reads the certificate of an authority; the error says what is wrong with it.
pub(super) fn authority_of(der: &CertificateDer<'_>) -> Result<Authority, &'static str> {
    let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| "it is not a certificate")?;
    if !rest.is_empty() {
        return Err("bytes follow the certificate");
    }
    if !parsed.is_ca() {
        return Err("it is not the certificate of an authority");
    }
    let validity = parsed.validity();
    Ok(Authority {
        subject: parsed.subject().to_string(),
        life: Life {
            from: validity.not_before.timestamp(),
            to: validity.not_after.timestamp(),
        },
        names: constraints(&parsed)?,
        key: parsed.public_key().subject_public_key.data.to_vec(),
    })
}

/// The permitted names, provided the constraints are as tight as those nicetap makes.
fn constraints(parsed: &X509Certificate<'_>) -> Result<Names, &'static str> {
    let found = parsed
        .name_constraints()
        .map_err(|_| "its name constraints cannot be read")?;
    let found = found.ok_or("it has no name constraints")?;
    if !found.critical {
        return Err("its name constraints are not critical");
    }
    let excluded = found.value.excluded_subtrees.as_deref().unwrap_or_default();
    for length in [8, 32] {
        let all = |base: &GeneralName<'_>| {
            matches!(base, GeneralName::IPAddress(range)
                if range.len() == length && range.iter().all(|byte| *byte == 0))
        };
        if !excluded.iter().any(|subtree| all(&subtree.base)) {
            return Err("its name constraints let addresses through");
        }
    }
    let mut names = Vec::new();
    for subtree in found
        .value
        .permitted_subtrees
        .as_deref()
        .unwrap_or_default()
    {
        let GeneralName::DNSName(name) = subtree.base else {
            return Err("its name constraints permit something else than DNS names");
        };
        names.push(name.to_ascii_lowercase());
    }
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err("its name constraints permit all names");
    }
    Ok(Names::reduced(&names))
}

fn authority(
    name: &str,
    path_length: u8,
    names: &Names,
    life: Life,
) -> Result<CertificateParams, CaError> {
    let mut params = params(life)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names
            .as_slice()
            .iter()
            .cloned()
            .map(GeneralSubtree::DnsName)
            .collect(),
        // Constraints on DNS names alone let certificates for addresses through in every client.
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    });
    Ok(params)
}

/// What all our certificates have: an organisation that says what it is, AKI, and a serial number of their own,
/// since the leaves share a key and some clients refuse two certificates with one number.
fn params(life: Life) -> Result<CertificateParams, CaError> {
    let mut serial = [0; 16];
    store::fill_random(&mut serial)?;
    // Positive, and of one length.
    serial[0] = serial[0] & 0x7f | 0x40;

    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "nicetap, local debugging proxy");
    params.use_authority_key_identifier_extension = true;
    let second = |at: i64| {
        rcgen::date_time_ymd(1970, 1, 1)
            + Duration::from_secs(at.clamp(0, LAST_SECOND).unsigned_abs())
    };
    params.not_before = second(life.from);
    params.not_after = second(life.to);
    Ok(params)
}

/// 9999-12-31T23:59:59Z, the last moment that a certificate can name.
const LAST_SECOND: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;

    const NOW: i64 = 1_795_491_667;

    fn names() -> Names {
        Names::wanted(&["nicenic.net".into(), "nicenic.com".into()]).unwrap()
    }

    fn read(pem: &str) -> Authority {
        authority_of(&CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn an_authority_reads_back_as_made() {
        let new = make(&names(), NOW).unwrap();
        let key = KeyPair::from_pem(&new.intermediate_key).unwrap();
        let root = read(&new.root);
        assert!(root.subject.contains(ROOT_NAME), "{}", root.subject);
        let intermediate = read(&new.intermediate);
        assert_eq!(intermediate.key, key.public_key_raw());
        assert_ne!(root.key, intermediate.key);
        for one in [root, intermediate] {
            assert_eq!(one.names, names());
            assert_eq!(
                one.life,
                Life {
                    from: NOW - DAY,
                    to: NOW + 30 * DAY
                }
            );
        }
    }

    #[test]
    fn two_authorities_differ_in_name_and_key() {
        let [one, two] = [0, 1].map(|_| read(&make(&names(), NOW).unwrap().root));
        assert_ne!(one.subject, two.subject);
        assert_ne!(one.key, two.key);
    }

    #[test]
    fn an_authority_without_tight_constraints_is_not_ours() {
        let key = KeyPair::generate().unwrap();
        let life = Life {
            from: NOW,
            to: NOW + DAY,
        };
        let refusal = |constraints: Option<NameConstraints>| {
            let mut params = authority("x", 0, &names(), life).unwrap();
            params.name_constraints = constraints;
            authority_of(params.self_signed(&key).unwrap().der()).err()
        };
        let ours = authority("x", 0, &names(), life)
            .unwrap()
            .name_constraints
            .unwrap();
        assert_eq!(refusal(Some(ours.clone())), None);
        assert_eq!(refusal(None), Some("it has no name constraints"));
        for (permitted, excluded) in [
            (
                ours.permitted_subtrees.clone(),
                ours.excluded_subtrees[..1].to_vec(),
            ),
            (ours.permitted_subtrees.clone(), vec![]),
            (vec![], ours.excluded_subtrees.clone()),
            (
                vec![GeneralSubtree::DnsName(String::new())],
                ours.excluded_subtrees.clone(),
            ),
            (
                vec![GeneralSubtree::Rfc822Name("a.example".into())],
                ours.excluded_subtrees.clone(),
            ),
        ] {
            let loose = NameConstraints {
                permitted_subtrees: permitted,
                excluded_subtrees: excluded,
            };
            assert!(refusal(Some(loose)).is_some());
        }
    }
}
