//! The corpus: what others collected. It is not part of the project; without it the tests say that they are skipped.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::support::{project, say};

/// One stream of the corpus, with its author's expectation.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) bytes: Vec<u8>,
}

/// The lines of a file of the corpus; `None` without it.
pub(crate) fn lines(name: &str) -> Option<Vec<Value>> {
    let text = file(name)?;
    let lines = text.lines();
    Some(
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

/// A file of the corpus; `None` without it.
pub(crate) fn file(name: &str) -> Option<String> {
    let file = folder().join(name);
    let text = std::fs::read_to_string(&file).ok();
    if text.is_none() {
        say(&format!("skipped: no corpus at {}", file.display()));
    }
    text
}

/// Where the corpus lies.
pub(crate) fn folder() -> std::path::PathBuf {
    std::env::var_os("NICETAP_CORPUS").map_or_else(|| project("../shared/corpus"), Into::into)
}

/// The bytes of an input.
pub(crate) fn bytes_of(line: &Value) -> Vec<u8> {
    BASE64.decode(line["b64"].as_str().unwrap()).unwrap()
}

/// The request streams as they are; `None` without the corpus.
pub(crate) fn requests() -> Option<Vec<Input>> {
    let lines = lines("requests.jsonl")?;
    let inputs = lines.into_iter().map(|line| Input {
        name: line["id"].as_str().unwrap().to_owned(),
        class: line["cls"].as_str().unwrap().to_owned(),
        bytes: bytes_of(&line),
    });
    Some(inputs.collect())
}

impl Input {
    /// The same with Host set right, where it names somebody else.
    pub(crate) fn with_our_host(&self) -> Option<Self> {
        Some(Self {
            name: format!("{} (Host set right)", self.name),
            class: self.class.clone(),
            bytes: with_our_host(&self.bytes)?,
        })
    }
}

/// The input with its one foreign or missing Host replaced; `None` where there is nothing to replace.
fn with_our_host(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let (first, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let mut lines: Vec<&str> = fields
        .split("\r\n")
        .filter(|line| !line.is_empty())
        .collect();
    let hosts = lines
        .iter()
        .filter(|line| line.to_lowercase().starts_with("host"))
        .count();
    if hosts > 1 || head.contains("@@HOST@@") {
        return None;
    }
    lines.retain(|line| !line.to_lowercase().starts_with("host:"));
    lines.insert(0, "Host: @@HOST@@");
    let head = format!("{first}\r\n{}", lines.join("\r\n"));
    Some([head.as_bytes(), &bytes[end..]].concat())
}

pub(crate) fn fill_in(bytes: &[u8], host: &str) -> Vec<u8> {
    let mut filled = bytes.to_vec();
    for (mark, value) in [
        ("@@HOST@@", host),
        ("@@HOSTONLY@@", host),
        ("@@PORT@@", "443"),
    ] {
        while let Some(at) = find(&filled, mark.as_bytes()) {
            filled.splice(at..at + mark.len(), value.bytes());
        }
    }
    filled
}

pub(crate) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
