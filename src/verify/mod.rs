//! Looks for known secrets in files, in every encoding: the second opinion on what the redactor let through.
//!
//! It shares no code with `redact`, and works the other way round: that one searches for the forms of a secret, this
//! one undoes the encodings of each line, again and again, and looks for the secret itself. Nothing here prints a
//! secret or any part of a line.
use std::collections::{HashSet, VecDeque};
use std::io::{self, BufRead, Read};

use aho_corasick::{AhoCorasick, BuildError};
use zeroize::Zeroizing;

mod decoders;

pub use decoders::names as encodings;

/// A secret to look for.
pub struct Known {
    /// What it is called in a report: where it was given, never any part of it.
    pub label: String,
    /// The secret.
    pub value: Zeroizing<Vec<u8>>,
}

/// A place where a secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The line, from 1.
    pub line: u64,
    /// Which of the known secrets, from 0.
    pub secret: usize,
    /// How it is written there: `as it is`, `base64`, `percent, then json`.
    pub encoding: String,
}

/// What was found in a file.
#[derive(Debug, Default)]
pub struct Report {
    /// Each place, in the file's order; a secret counts once a line.
    pub sightings: Vec<Sighting>,
    /// How many lines were read.
    pub lines: u64,
}

/// Looks for secrets.
pub struct Search {
    /// What decoders leave, and what no decoder undoes.
    exact: AhoCorasick,
    /// Of each pattern of `exact`, its secret, and what it is; empty: the secret itself.
    exact_of: Vec<(usize, &'static str)>,
    /// The secrets in lower case, for texts in lower case.
    lower: AhoCorasick,
    secrets: usize,
    /// No pattern is longer.
    longest: usize,
}

/// Why a search cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Unsearchable {
    /// A secret is too short to be told from other text: its label.
    #[error("{0} is shorter than {SHORTEST} characters: it cannot be told from other text")]
    Short(String),
    /// They are more than can be looked for at once.
    #[error("these are too many secrets")]
    TooMany(#[from] BuildError),
}

impl Search {
    /// Prepares the search.
    pub fn new(secrets: &[Known]) -> Result<Self, Unsearchable> {
        let mut patterns: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut exact_of = Vec::new();
        for (secret, known) in secrets.iter().enumerate() {
            if known.value.len() < SHORTEST {
                return Err(Unsearchable::Short(known.label.clone()));
            }
            for (name, form) in forms(&known.value) {
                patterns.push(form.into());
                exact_of.push((secret, name));
            }
        }
        let lower = secrets
            .iter()
            .map(|known| Zeroizing::new(String::from_utf8_lossy(&known.value).to_lowercase()));
        let lower: Vec<_> = lower.collect();
        Ok(Self {
            longest: patterns.iter().map(|form| form.len()).max().unwrap_or(0),
            exact: AhoCorasick::new(patterns.iter().map(|form| form.as_slice()))?,
            exact_of,
            lower: AhoCorasick::new(lower.iter().map(|form| form.as_bytes()))?,
            secrets: secrets.len(),
        })
    }

    /// Searches a file, unpacked if it is gzip.
    pub fn file(&self, mut file: impl Read) -> io::Result<Report> {
        let mut magic = Vec::new();
        file.by_ref().take(2).read_to_end(&mut magic)?;
        let is_gzip = magic == [0x1f, 0x8b];
        let whole = io::Cursor::new(magic).chain(file);
        if is_gzip {
            return self.lines(io::BufReader::new(flate2::read::MultiGzDecoder::new(whole)));
        }
        self.lines(io::BufReader::new(whole))
    }

    /// Searches text, line by line, and across line breaks.
    pub fn lines(&self, mut text: impl BufRead) -> io::Result<Report> {
        let mut report = Report::default();
        let mut line = Vec::new();
        // The end of what came before, so that a secret which is broken into lines is seen.
        let mut before: Vec<u8> = Vec::new();
        loop {
            line.clear();
            let count = text
                .by_ref()
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)?;
            if count == 0 {
                return Ok(report);
            }
            report.lines += 1;
            let seen = self.text(&line);
            let joined = self.joined(&mut before, &line, &seen);
            for (secret, encoding) in seen.into_iter().chain(joined) {
                report.sightings.push(Sighting {
                    line: report.lines,
                    secret,
                    encoding,
                });
            }
        }
    }

    /// Searches one text: which secrets stand in it, and how they are written.
    pub fn text(&self, text: &[u8]) -> Vec<(usize, String)> {
        let mut seen: Vec<(usize, String)> = Vec::new();
        // What a decoder can tell more of.
        let mut otherwise: Vec<(usize, String)> = Vec::new();
        let mut known: HashSet<Vec<u8>> = HashSet::new();
        let mut due = VecDeque::from([(text.to_vec(), String::new(), 0)]);
        let mut room = MOST * text.len() + ROOM;
        while let Some((layer, path, depth)) = due.pop_front() {
            self.layer(&layer, &path, &mut seen, &mut otherwise);
            if depth == DEEPEST || seen.len() == self.secrets {
                continue;
            }
            for (name, undo) in decoders::ALL {
                let Some(undone) = undo(&layer) else { continue };
                if undone.len() > room || undone == layer || known.contains(&undone) {
                    continue;
                }
                room -= undone.len();
                let path = if path.is_empty() {
                    (*name).to_owned()
                } else {
                    format!("{path}, then {name}")
                };
                known.insert(undone.clone());
                due.push_back((undone, path, depth + 1));
            }
        }
        otherwise.retain(|(secret, _)| !seen.iter().any(|(have, _)| have == secret));
        seen.extend(otherwise);
        seen
    }

    fn layer(
        &self,
        layer: &[u8],
        path: &str,
        seen: &mut Vec<(usize, String)>,
        otherwise: &mut Vec<(usize, String)>,
    ) {
        for (secret, form) in self.hits(layer) {
            let list = match form {
                "" | ANOTHER_CASE => &mut *seen,
                _ => &mut *otherwise,
            };
            if !list.iter().any(|(have, _)| *have == secret) {
                list.push((secret, encoding(path, form)));
            }
        }
    }

    /// Which secrets stand in a text as it is, and in which form.
    fn hits(&self, text: &[u8]) -> Vec<(usize, &'static str)> {
        let exact = self.exact.find_overlapping_iter(text);
        let mut hits: Vec<_> = exact
            .filter_map(|hit| self.exact_of.get(hit.pattern().as_usize()).copied())
            .collect();
        let lower = String::from_utf8_lossy(text).to_lowercase();
        let lower = self.lower.find_overlapping_iter(lower.as_bytes());
        hits.extend(lower.map(|hit| (hit.pattern().as_usize(), ANOTHER_CASE)));
        hits
    }

    /// Searches what stands on both sides of the last line break.
    fn joined(
        &self,
        before: &mut Vec<u8>,
        line: &[u8],
        seen: &[(usize, String)],
    ) -> Vec<(usize, String)> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.trim_ascii_start();
        let edge = before.len();
        before.extend_from_slice(line);
        let mut found: Vec<(usize, String)> = Vec::new();
        if edge > 0 {
            let reach = (edge + self.longest).min(before.len());
            let earlier = self.hits(&before[..edge]);
            for (secret, form) in self.hits(&before[..reach]) {
                let is_old = seen.iter().chain(&found).any(|(have, _)| *have == secret)
                    || earlier.iter().any(|(have, _)| *have == secret);
                if !is_old {
                    let comma = if form.is_empty() { "" } else { ", then " };
                    found.push((secret, format!("line breaks{comma}{form}")));
                }
            }
        }
        let surplus = before.len().saturating_sub(self.longest);
        before.drain(..surplus);
        if !found.is_empty() {
            before.clear();
        }
        found
    }
}

/// A secret as it can stand in a text that hides nothing any more, and what no decoder undoes.
fn forms(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut reversed = value.to_vec();
    reversed.reverse();
    let mut forms = vec![
        ("", value.to_vec()),
        ("reversed", reversed),
        ("its SHA-256", hex_of_sha256(value)),
    ];
    let inner = inner_base64(value).into_iter();
    forms.extend(inner.map(|digits| ("base64 inside other data", digits)));
    forms
}

fn encoding(path: &str, form: &str) -> String {
    match (path, form) {
        ("", "") => "as it is".to_owned(),
        ("", form) => form.to_owned(),
        (path, "") => path.to_owned(),
        (path, form) => format!("{path}, then {form}"),
    }
}

fn hex_of_sha256(value: &[u8]) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(value);
    digest
        .iter()
        .flat_map(|byte| format!("{byte:02x}").into_bytes())
        .collect()
}

/// The base64 digits that depend on the value alone, wherever it stands in the data that was encoded.
fn inner_base64(value: &[u8]) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let mut forms = Vec::new();
    for front in 0..3_usize {
        let data = Zeroizing::new([&vec![0; front][..], value].concat());
        let first = (front * 8).div_ceil(6);
        let last = data.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let digits = engine.encode(&*data).into_bytes();
            let own = digits[first..last].to_vec();
            if own.len() >= SHORTEST && !forms.contains(&own) {
                forms.push(own);
            }
        }
    }
    forms
}

const ANOTHER_CASE: &str = "another case";
/// A shorter secret cannot be told from other text.
pub const SHORTEST: usize = 6;
/// Encodings of encodings are undone so deep.
const DEEPEST: usize = 4;
/// All that is undone of a text may be so many times as long …
const MOST: usize = 64;
/// … and this much longer.
const ROOM: usize = 1 << 20;
/// A longer line is searched in pieces, which overlap only as far as plain forms need it.
const LONGEST_LINE: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn search(secret: &str) -> Search {
        let known = Known {
            label: "it".to_owned(),
            value: Zeroizing::new(secret.as_bytes().to_vec()),
        };
        Search::new(&[known]).unwrap()
    }

    fn seen(secret: &str, text: &[u8]) -> Vec<(u64, String)> {
        let report = search(secret).lines(text).unwrap();
        let place = |found: &Sighting| (found.line, found.encoding.clone());
        report.sightings.iter().map(place).collect()
    }

    #[test]
    fn a_sighting_names_the_line_and_what_was_undone() {
        for (text, line, encoding) in [
            ("a\nb kT9/fQ2z+Lw7! c\n", 2, "as it is"),
            ("kT9%2FfQ2z%2BLw7%21", 1, "percent"),
            ("x\n{\"a\":\"kT9\\/fQ2z+Lw7!\"}", 2, "backslash"),
            ("a1Q5L2ZRMnorTHc3IQ==", 1, "base64"),
            ("kt9/fq2z+lw7!", 1, "another case"),
            ("!7wL+z2Qf/9Tk", 1, "reversed"),
            ("a\nkT9/fQ\n2z+Lw7!\nb", 3, "line breaks"),
        ] {
            assert_eq!(
                seen("kT9/fQ2z+Lw7!", text.as_bytes()),
                [(line, encoding.to_owned())],
                "{text}"
            );
        }
        assert!(seen("kT9/fQ2z+Lw7!", b"kT9/fQ2z+Lw7 is not it\n").is_empty());
    }

    #[test]
    fn a_secret_across_lines_is_told_once() {
        assert_eq!(seen("abcdef-123456", b"abcdef-\n123456\nz\nz\n").len(), 1);
        assert_eq!(seen("abcdef-123456", b"abcdef-123456\nz\nz\n").len(), 1);
    }

    #[test]
    fn packed_files_are_unpacked() {
        use std::io::Write as _;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"one\ntwo hunter2-hunter2\n").unwrap();
        let packed = packed.finish().unwrap();
        let report = search("hunter2-hunter2").file(&packed[..]).unwrap();
        assert_eq!((report.lines, report.sightings[0].line), (2, 2));
    }

    #[test]
    fn what_cannot_be_told_from_other_text_is_refused_by_its_label() {
        let known = Known {
            label: "the first".to_owned(),
            value: Zeroizing::new(b"12345".to_vec()),
        };
        let error = Search::new(&[known]).err().unwrap();
        assert!(
            error.to_string().starts_with("the first is shorter"),
            "{error}"
        );
    }

    #[test]
    fn text_that_was_made_to_be_slow_is_still_read() {
        let text = br"%2525\\\\u0025&amp;amp;lt;=3D=3D41 JTI1JTI1 \u005c\u005cx25".repeat(400);
        assert!(seen("hunter2-hunter2", &text).is_empty());
    }
}
