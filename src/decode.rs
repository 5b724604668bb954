//! Bounded views of compressed bodies, for reading only: what is forwarded stays compressed.
//!
//! A body can claim any size. Nothing is allocated by what it claims, and reading stops at a cap.
use std::io::{self, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Where decoding stops.
#[derive(Clone, Copy, Debug)]
pub struct Cap {
    /// Decoded bytes.
    pub bytes: usize,
    /// Decoded bytes for each coded byte. The first [`FREE`] bytes are not counted.
    pub ratio: usize,
}

/// A decoded body, or its beginning. Raw, for the redactor's eyes: nothing prints it.
pub struct Decoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether this is all of it; else it was cut, damaged, or over the cap.
    pub whole: bool,
}

/// Why a body cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// Not even its first byte is of the coding that it names.
    #[error("the body is not of its declared content coding")]
    Corrupt,
    /// None of identity, gzip, deflate and br.
    #[error("the content coding is not known")]
    UnknownCoding,
    /// More codings on top of each other than anybody needs.
    #[error("too many content codings")]
    TooManyCodings,
    /// A brotli stream that wants more memory than a body may cost.
    #[error("the brotli window is too large")]
    WindowTooLarge,
}

/// Decodes the bytes of a body, or of its beginning. `coding` is the value of Content-Encoding.
pub fn decode(coding: &[u8], bytes: &[u8], cap: Cap) -> Result<Decoded, Undecodable> {
    let codings: Vec<_> = coding
        .split(|&byte| byte == b',')
        .map(|name| name.trim_ascii().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != b"identity")
        .collect();
    if codings.len() > MOST_CODINGS {
        return Err(Undecodable::TooManyCodings);
    }
    let limit = bytes.len().saturating_mul(cap.ratio).max(FREE);
    let limit = limit.min(cap.bytes);
    let mut decoded = Decoded {
        bytes: bytes[..bytes.len().min(cap.bytes)].to_vec(),
        whole: bytes.len() <= cap.bytes,
    };
    // The last one named was applied last.
    for (undone, name) in codings.iter().rev().enumerate() {
        let coded = if undone == 0 { bytes } else { &decoded.bytes };
        let next = decode_one(name, coded, limit)?;
        decoded = Decoded {
            whole: next.whole && (undone == 0 || decoded.whole),
            bytes: next.bytes,
        };
    }
    Ok(decoded)
}

fn decode_one(name: &[u8], coded: &[u8], limit: usize) -> Result<Decoded, Undecodable> {
    match name {
        b"gzip" | b"x-gzip" => read(MultiGzDecoder::new(coded), coded, limit),
        // The name means zlib, but some senders leave its frame out.
        b"deflate" if is_zlib(coded) => read(ZlibDecoder::new(coded), coded, limit)
            .or_else(|_| read(DeflateDecoder::new(coded), coded, limit)),
        b"deflate" => read(DeflateDecoder::new(coded), coded, limit),
        b"br" => {
            if brotli_window(coded) > LARGEST_WINDOW {
                return Err(Undecodable::WindowTooLarge);
            }
            let decoder = brotli_decompressor::Decompressor::new(coded, STEP);
            read(decoder, coded, limit)
        }
        _ => Err(Undecodable::UnknownCoding),
    }
}

fn read(mut decoder: impl Read, coded: &[u8], limit: usize) -> Result<Decoded, Undecodable> {
    let mut bytes = Vec::new();
    let mut step = [0; STEP];
    let whole = loop {
        match decoder.read(&mut step) {
            Ok(0) => break true,
            Ok(_) if bytes.len() == limit => break false,
            Ok(count) => {
                let room = count.min(limit - bytes.len());
                bytes.extend_from_slice(&step[..room]);
                if room < count {
                    break false;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if bytes.is_empty() && error.kind() != io::ErrorKind::UnexpectedEof => {
                return Err(Undecodable::Corrupt);
            }
            Err(_) => break false,
        }
    };
    Ok(Decoded {
        // An empty body of any coding is an empty body.
        whole: whole || coded.is_empty(),
        bytes,
    })
}

/// RFC 1950: the first two bytes are a multiple of 31, and name method 8.
fn is_zlib(coded: &[u8]) -> bool {
    match coded {
        [first, second, ..] => {
            first & 15 == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
        }
        _ => false,
    }
}

/// RFC 7932 section 9.1: the logarithm of the window, in the first bits of the stream.
fn brotli_window(coded: &[u8]) -> u8 {
    let Some(&first) = coded.first() else {
        return 0;
    };
    match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, _, _) => 16,
        (_, high @ 1.., _) => 17 + high,
        (_, _, 0) => 17,
        (_, _, 1) => u8::MAX,
        (_, _, low) => 8 + low,
    }
}

/// Decoded bytes that no ratio forbids.
pub const FREE: usize = 16 * 1024;
const STEP: usize = 4096;
const MOST_CODINGS: usize = 3;
/// 4 MiB: what encoders use unless told otherwise.
const LARGEST_WINDOW: u8 = 22;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const CAP: Cap = Cap {
        bytes: 1 << 20,
        ratio: 100,
    };

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// An uncompressed brotli stream of at most 64 KiB (RFC 7932 section 9.2), made by hand.
    fn brotli(bytes: &[u8]) -> Vec<u8> {
        // Window 16, not last, 4 nibbles of length, uncompressed, padding; then the empty last block.
        let length = u32::try_from(bytes.len() - 1).unwrap();
        let head = (length << 4 | 1 << 20).to_le_bytes();
        [&head[..3], bytes, &[3]].concat()
    }

    #[test]
    fn every_known_coding_is_undone() {
        let text = b"{\"code\":0,\"msg\":\"success\"}".repeat(9);
        for (coding, coded) in [
            (&b"gzip"[..], gzip(&text)),
            (b" X-GZIP ", gzip(&text)),
            (b"gzip", [gzip(&text[..100]), gzip(&text[100..])].concat()),
            (b"deflate", zlib(&text)),
            (b"deflate", deflate(&text)),
            (b"br", brotli(&text)),
            (b"deflate, gzip", gzip(&zlib(&text))),
            (b"identity", text.clone()),
            (b"", text.clone()),
        ] {
            let decoded = decode(coding, &coded, CAP).unwrap();
            assert_eq!(decoded.bytes, text, "{}", String::from_utf8_lossy(coding));
            assert!(decoded.whole);
        }
    }

    #[test]
    fn a_cut_body_gives_its_beginning_at_every_offset() {
        let text: Vec<u8> = (0..4000u32)
            .map(|n| ((n * n) >> 3).to_le_bytes()[0])
            .collect();
        for (coding, coded) in [
            (&b"gzip"[..], gzip(&text)),
            (b"deflate", zlib(&text)),
            (b"deflate", deflate(&text)),
            (b"br", brotli(&text)),
        ] {
            for end in 1..coded.len() {
                let Ok(decoded) = decode(coding, &coded[..end], CAP) else {
                    continue;
                };
                assert!(text.starts_with(&decoded.bytes), "{coding:?} {end}");
                assert!(!decoded.whole || decoded.bytes == text, "{coding:?} {end}");
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let bomb = gzip(&vec![0; 50 << 20]);
        let by_ratio = decode(b"gzip", &bomb, CAP).unwrap();
        assert!(!by_ratio.whole && by_ratio.bytes.len() <= CAP.bytes);
        let small = gzip(&vec![0; 8 << 20]);
        let few = decode(
            b"gzip",
            &small,
            Cap {
                bytes: usize::MAX,
                ratio: 10,
            },
        )
        .unwrap();
        assert_eq!(few.bytes.len(), small.len() * 10);
        let nested = decode(b"gzip, gzip", &gzip(&bomb), CAP).unwrap();
        assert!(!nested.whole && nested.bytes.len() <= CAP.bytes);
        let plain = decode(
            b"",
            &[b'x'; 100],
            Cap {
                bytes: 10,
                ratio: 1,
            },
        )
        .unwrap();
        assert_eq!((plain.bytes.len(), plain.whole), (10, false));
    }

    #[test]
    fn what_is_not_of_its_coding_is_said_so() {
        for (coding, bytes, want) in [
            (&b"gzip"[..], &b"{\"code\":0}"[..], Undecodable::Corrupt),
            (b"deflate", b"\xff\xff\xff\xff", Undecodable::Corrupt),
            (b"br", b"\x11large", Undecodable::WindowTooLarge),
            (b"br", b"\x0f24 bits", Undecodable::WindowTooLarge),
            (b"zstd", b"x", Undecodable::UnknownCoding),
            (b"gzip,gzip,gzip,gzip", b"x", Undecodable::TooManyCodings),
        ] {
            assert_eq!(decode(coding, bytes, CAP).err(), Some(want), "{coding:?}");
        }
    }

    #[test]
    fn damaged_bodies_never_panic() {
        let coded = [
            gzip(b"hello hello hello"),
            zlib(b"hello hello"),
            brotli(b"hello"),
        ];
        for (coding, sound) in [&b"gzip"[..], b"deflate", b"br"].iter().zip(&coded) {
            for at in 0..sound.len() {
                for flip in 1..=255u8 {
                    let mut damaged = sound.clone();
                    damaged[at] ^= flip;
                    let _ = decode(coding, &damaged, CAP);
                }
            }
        }
    }
}
