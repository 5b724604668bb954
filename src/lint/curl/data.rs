//! The query and the body that curl makes of `--data` and `--form`.
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::lint::shell::STAND_IN;

/// curl takes a URL without a scheme for `http://`.
pub(super) fn with_query(url: &[u8], query: &[u8]) -> Vec<u8> {
    let has_scheme = memchr::memmem::find(url, b"://").is_some();
    let mut whole = if has_scheme {
        Vec::new()
    } else {
        b"http://".to_vec()
    };
    whole.extend_from_slice(url);
    if !query.is_empty() {
        let glue = if url.contains(&b'?') { b'&' } else { b'?' };
        whole.push(glue);
        whole.extend_from_slice(query);
    }
    whole
}

pub(super) fn join(all: &mut Vec<u8>, more: &[u8], glue: &[u8]) {
    if !all.is_empty() {
        all.extend_from_slice(glue);
    }
    all.extend_from_slice(more);
}

/// `content`, `=content`, `name=content`; what would come out of a file is left empty.
pub(super) fn url_encoded(text: &[u8]) -> Vec<u8> {
    let encode = |text: &[u8]| {
        let encoded = percent_encode(text, UNRESERVED).to_string();
        encoded.replace("%20", "+").into_bytes()
    };
    match text.iter().position(|byte| matches!(byte, b'=' | b'@')) {
        Some(0) if text[0] == b'=' => encode(&text[1..]),
        Some(at) if text[at] == b'=' => [&text[..=at], &encode(&text[at + 1..])].concat(),
        Some(at) => [&text[..at], b"=", STAND_IN.as_bytes()].concat(),
        None => encode(text),
    }
}

pub(super) fn is_file_part(part: &[u8]) -> bool {
    let equals = memchr::memchr(b'=', part).map_or(part.len(), |at| at + 1);
    matches!(part.get(equals), Some(b'@' | b'<'))
}

pub(super) fn form_part(part: &[u8]) -> Vec<u8> {
    let (name, value) = match memchr::memchr(b'=', part) {
        Some(equals) => (&part[..equals], &part[equals + 1..]),
        None => (part, &b""[..]),
    };
    [
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"").as_bytes(),
        name,
        b"\"\r\n\r\n",
        value,
        b"\r\n",
    ]
    .concat()
}

pub(super) const BOUNDARY: &str = "------------------------nicetap";
pub(super) const MULTIPART: &str = "multipart/form-data; boundary=------------------------nicetap";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
