//! What stands where a value stood: the kind, a keyed fingerprint, a length. Never any part of the value.
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The key of all fingerprints: equal values have equal fingerprints under one key, and nobody without it can
/// find a value by guessing.
pub struct FingerprintKey(Zeroizing<[u8; 32]>);

impl FingerprintKey {
    /// A key that was stored before.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A new key from the system's random numbers.
    pub fn random() -> Result<Self, rustls::crypto::GetRandomFailed> {
        let mut key = Self::from_bytes([0; 32]);
        rustls::crypto::aws_lc_rs::default_provider()
            .secure_random
            .fill(key.0.as_mut())?;
        Ok(key)
    }

    /// The key itself, for the file (0600) that keeps it.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Makes fingerprints; the key's own blocks are hashed once, here.
pub(super) struct Fingerprints(Hmac<Sha256>);

impl Fingerprints {
    pub(super) fn new(key: &FingerprintKey) -> Self {
        // HMAC pads a key with zeros to the block of its hash.
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(key.as_bytes());
        Self(Hmac::new((&*block).into()))
    }

    /// The first 30 bits of HMAC-SHA-256.
    pub(super) fn of(&self, value: &[u8]) -> Fingerprint {
        let digest = self.0.clone().chain_update(value).finalize().into_bytes();
        let bits = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        Fingerprint(bits >> 2)
    }
}

/// Thirty bits, shown as six characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(u32);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for shift in [25, 20, 15, 10, 5, 0] {
            let digit = ALPHABET[(self.0 >> shift) as usize % ALPHABET.len()];
            write!(f, "{}", char::from(digit))?;
        }
        Ok(())
    }
}

/// A length in characters; short ones are not told apart.
pub(super) struct Length(pub(super) usize);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..8 => f.write_str("<8"),
            length => write!(f, "{length}"),
        }
    }
}

/// Characters of a value; bytes, if it is no text.
pub(super) fn length(value: &[u8]) -> usize {
    std::str::from_utf8(value).map_or(value.len(), |text| text.chars().count())
}

pub(super) fn secret(word: &str, fingerprint: Fingerprint, length: usize) -> String {
    format!("‹secret:{word}#{fingerprint}·{}›", Length(length))
}

pub(super) fn empty(word: &str) -> String {
    format!("‹secret:{word}·empty›")
}

pub(super) fn header(fingerprint: Fingerprint, length: usize) -> String {
    format!("‹header#{fingerprint}·{}›", Length(length))
}

pub(super) fn cut(bytes: usize) -> String {
    format!("‹cut·{bytes}›")
}

pub(super) fn unscanned(bytes: usize) -> String {
    format!("‹unscanned·{bytes} bytes›")
}

/// How long the mark of a secret is that this text begins with; `None`: it begins with none. No value that a name
/// could betray fits into one.
pub(super) fn at_start(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix("‹secret:".as_bytes())?;
    let word = rest
        .iter()
        .take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_');
    let rest = &rest[word.count()..];
    let rest = match rest.strip_prefix(b"#") {
        Some(rest) => {
            let (fingerprint, rest) = rest.split_at_checked(6)?;
            let rest = rest.strip_prefix("·".as_bytes())?;
            let length = rest
                .iter()
                .take_while(|byte| byte.is_ascii_digit() || **byte == b'<');
            let is_sound = fingerprint.iter().all(|byte| ALPHABET.contains(byte));
            is_sound.then(|| &rest[length.count()..])?
        }
        None => rest.strip_prefix("·empty".as_bytes())?,
    };
    let rest = rest.strip_prefix("›".as_bytes())?;
    Some(text.len() - rest.len())
}

/// Whether a mark could hold this text: as a needle it would tear marks apart.
pub(super) fn is_vocabulary(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let marks = [
        "‹secret:api_secret#",
        "‹secret:authorization#",
        "‹secret:proxy_authorization#",
        "‹secret:cookie#",
        "‹secret:parameter#",
        "‹secret:username#",
        "‹secret:given#",
        "‹header#",
        "‹pii:organization· ‹pii:postcode· ‹pii:address· ‹pii:country· limit not +cc.number form ok",
        "‹unscanned· bytes› ‹binary· bytes› + became a space form not user@host no @",
    ];
    marks.iter().any(|mark| mark.contains(&text))
}

/// Crockford's base 32, lower case: no letter that reads like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_first_thirty_bits_of_hmac_sha256() {
        // RFC 4231 case 2; HMAC pads keys with zeros, so a longer key of zeros at the end is the same one.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let fingerprint =
            Fingerprints::new(&FingerprintKey::from_bytes(key)).of(b"what do ya want for nothing?");
        // The digest begins with 5bdcc146.
        assert_eq!(fingerprint.0, 0x5bdc_c146 >> 2);
        assert_eq!(fingerprint.to_string().len(), 6);
    }

    #[test]
    fn short_lengths_are_not_told_apart() {
        let fingerprint = Fingerprint(0);
        assert_eq!(
            secret("cookie", fingerprint, 7),
            "‹secret:cookie#000000·<8›"
        );
        assert_eq!(secret("cookie", fingerprint, 8), "‹secret:cookie#000000·8›");
    }

    #[test]
    fn random_keys_differ() {
        let [one, other] = [(), ()].map(|()| FingerprintKey::random().unwrap());
        assert_ne!(one.as_bytes(), other.as_bytes());
    }
}
