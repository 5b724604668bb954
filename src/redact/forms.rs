//! The forms in which a secret can come back.
//!
//! Escapes that rewrite single characters (percent, backslash, entity) are not here: texts are searched
//! unescaped too (`views`), so that any mixture of them is found. Here is what changes the value as a whole.
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use md5::Md5;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::names;
use super::needles::{LONGEST, Needle, SHORTEST};
use super::views::{Escape, View};

/// All needles of a value, without doubles. The same value always gives the same needles.
///
/// `open` first bytes of it may be seen where it stands as it is.
pub(super) fn expand(value: &[u8], open: usize) -> Vec<Needle> {
    let mut forms = Forms(Vec::new());
    forms.push(value.to_vec(), open);
    if value.len() <= EXPANDED {
        forms.respelt(value);
        forms.base64(value, value.len());
        forms.numbers(value);
        forms.utf16(value);
        forms.push(lower_hex(&Sha256::digest(value), ""), 0);
        // The older API's `userstr` is an MD5; that of a password alone is as good as the password where it is short.
        let md5 = lower_hex(&Md5::digest(value), "");
        forms.push(md5.to_ascii_uppercase(), 0);
        forms.push(md5, 0);
    }
    forms.0
}

struct Forms(Vec<Needle>);

impl Forms {
    fn push(&mut self, bytes: Vec<u8>, open: usize) {
        self.add(bytes, open, false, false);
    }

    fn add(&mut self, bytes: Vec<u8>, open: usize, reaches_left: bool, reaches_right: bool) {
        let bytes = Zeroizing::new(bytes);
        if bytes.len() < SHORTEST || names::is_word(&bytes) {
            return;
        }
        let last = bytes.len().saturating_sub(LONGEST);
        // The last piece overlaps the one before it, so that all have their full length.
        let starts = (0..last).step_by(LONGEST).chain([last]);
        for start in starts {
            let piece = &bytes[start..bytes.len().min(start + LONGEST)];
            if self.0.iter().any(|have| have.bytes[..] == *piece) {
                continue;
            }
            self.0.push(Needle {
                bytes: Zeroizing::new(piece.to_vec()),
                open: if start == 0 { open } else { 0 },
                reaches_left: reaches_left && start == 0,
                reaches_right: reaches_right && start == last,
            });
        }
    }

    /// Blanks as `+`, one case, and what a value means that was escaped before it became a secret.
    fn respelt(&mut self, value: &[u8]) {
        let plus = value.iter().map(|&byte| match byte {
            b' ' => b'+',
            other => other,
        });
        self.push(plus.collect(), 0);
        self.push(value.to_ascii_lowercase(), 0);
        self.push(value.to_ascii_uppercase(), 0);
        if let (Ok(text), false) = (std::str::from_utf8(value), value.is_ascii()) {
            self.push(text.to_lowercase().into_bytes(), 0);
            self.push(text.to_uppercase().into_bytes(), 0);
        }
        for escape in [Escape::Percent, Escape::Entity] {
            if let Some(view) = View::of(value, escape, false) {
                self.push(view.bytes, 0);
            }
        }
    }

    /// Base64 depends on where in its text the value stands, modulo three: at each shift, the digits that
    /// depend on the value alone.
    fn base64(&mut self, value: &[u8], length: usize) {
        for shift in 0..3 {
            let shifted = Zeroizing::new([&vec![0; shift], value].concat());
            let own = [0, 2, 3][shift]..(shift + length) * 8 / 6;
            let partial_end = !((shift + length) * 8).is_multiple_of(6);
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let digits = Zeroizing::new(engine.encode(&*shifted));
                let own = digits.as_bytes()[own.clone()].to_vec();
                self.add(own, 0, shift > 0, partial_end);
            }
        }
    }

    /// As lists of numbers: hex dumps and what debuggers print of bytes.
    fn numbers(&mut self, value: &[u8]) {
        for between in ["", " ", ":"] {
            let hex = lower_hex(value, between);
            self.push(hex.to_ascii_uppercase(), 0);
            self.push(hex, 0);
        }
        for between in [", ", ","] {
            let list: Vec<_> = value.iter().map(u8::to_string).collect();
            self.push(list.join(between).into_bytes(), 0);
        }
    }

    fn utf16(&mut self, value: &[u8]) {
        let Ok(text) = std::str::from_utf8(value) else {
            return;
        };
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect(), 0);
        self.base64(&little, little.len());
        self.push(little, 0);
    }
}

fn lower_hex(bytes: &[u8], between: &str) -> Vec<u8> {
    let mut hex = Vec::with_capacity(bytes.len() * (2 + between.len()));
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            hex.extend_from_slice(between.as_bytes());
        }
        hex.push(HEX[usize::from(byte >> 4)]);
        hex.push(HEX[usize::from(byte & 15)]);
    }
    hex
}

const HEX: &[u8; 16] = b"0123456789abcdef";
/// Longer values have only themselves as needles, or memory would follow the client's whim.
const EXPANDED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn has(value: &[u8], form: &[u8]) -> bool {
        expand(value, 0)
            .iter()
            .any(|needle| needle.bytes[..] == *form)
    }

    #[test]
    fn base64_needles_are_those_of_the_published_example() {
        for form in ["UzNjcjN0QXBpS2V5O", "MzY3IzdEFwaUtleT", "TM2NyM3RBcGlLZXk5"] {
            assert!(has(b"S3cr3tApiKey9", form.as_bytes()), "{form}");
        }
    }

    #[test]
    fn forms_have_no_doubles_and_no_short_ones() {
        let needles = expand(b"abc123", 0);
        for (index, needle) in needles.iter().enumerate() {
            assert!(needle.bytes.len() >= SHORTEST);
            assert!(
                needles[..index]
                    .iter()
                    .all(|have| have.bytes != needle.bytes)
            );
        }
    }

    #[test]
    fn a_form_that_is_a_word_of_the_api_is_left_out() {
        assert!(has(b"ReGiStEr", b"ReGiStEr") || !has(b"ReGiStEr", b"register"));
        assert!(!has(b"REGISTER", b"register"));
    }

    #[test]
    fn long_values_are_cut_into_pieces_that_cover_them() {
        let value: Vec<u8> = (0..1300u32)
            .map(|n| b'a' + (n.wrapping_mul(2_654_435_761) >> 28) as u8)
            .collect();
        let pieces: Vec<_> = expand(&value, 0)
            .into_iter()
            .filter(|needle| memchr::memmem::find(&value, &needle.bytes).is_some())
            .collect();
        assert_eq!(pieces[0].bytes[..], value[..LONGEST]);
        assert_eq!(pieces[1].bytes[..], value[LONGEST..2 * LONGEST]);
        assert_eq!(pieces[2].bytes[..], value[1300 - LONGEST..]);
        let huge = vec![b'x'; EXPANDED + 1];
        assert!(
            expand(&huge, 0)
                .iter()
                .all(|needle| huge.starts_with(&needle.bytes))
        );
    }
}
