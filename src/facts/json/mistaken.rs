//! What is sent as JSON and is none, told by how it begins.

pub(super) fn no_utf8(text: &[u8]) -> &'static str {
    match text {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16; JSON wants UTF-8",
        [0x1f, 0x8b, ..] => "gzip without a Content-Encoding that says so",
        _ => "a byte that is not UTF-8",
    }
}

/// Other things that are sent as JSON, told by how they begin.
pub(super) fn no_json_at_all(text: &[u8]) -> Option<&'static str> {
    if text.starts_with(b"\xef\xbb\xbf") {
        return Some("a byte order mark in front; save the file as UTF-8 without BOM");
    }
    let text = text.trim_ascii_start();
    if text.starts_with(b"<") {
        return Some("markup (HTML or XML), not JSON");
    }
    if text.starts_with(b"Array") || text.starts_with(b"stdClass") {
        return Some("PHP's print_r output; use json_encode");
    }
    if let [b'a' | b'O', b':', b'0'..=b'9', ..] = text {
        return Some("PHP's serialize output; use json_encode");
    }
    if text.starts_with(b"--") {
        return Some("multipart form data, not JSON");
    }
    if PHP_NOTICES.iter().any(|word| text.starts_with(word)) {
        return Some("a notice of PHP in front of the JSON");
    }
    if matches!(text.first(), Some(0..=8 | 14..=31)) {
        return Some("binary data, not JSON");
    }
    if is_function_call(text) {
        return Some("a function call round the JSON (JSONP)");
    }
    is_form(text).then_some("form data (name=value), not JSON")
}

/// Whether the text begins like `name=value`.
pub(in crate::facts) fn is_form(text: &[u8]) -> bool {
    let name = text.iter().position(|byte| {
        !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-' | b'.' | b'%' | b'[' | b']')
    });
    name.is_some_and(|end| end > 0 && text[end] == b'=' && !text.starts_with(b"["))
}

/// `callback({…})`
fn is_function_call(text: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_$.".contains(byte);
    let end = text.iter().position(|byte| !is_word(byte));
    end.is_some_and(|end| end > 0 && text[end] == b'(')
}

pub(super) fn no_value(rest: &[u8]) -> &'static str {
    match rest {
        [b'\'', ..] => "single quotes; JSON wants double quotes",
        [b'/' | b'#', ..] => COMMENT,
        [b'<', ..] => "markup (HTML or XML), not JSON",
        [b',' | b']' | b'}' | b':', ..] => "a value is missing",
        [b'+', ..] => "a plus sign in front of a number",
        [b'.', ..] => "a number that begins with a point",
        [0xe2, 0x80, 0x98..=0x9f, ..] => "a typographic quote; JSON wants a plain double quote",
        [0xc2, 0xa0, ..] => "a no-break space; JSON wants a plain one",
        _ => "a character that begins no JSON value",
    }
}

const PHP_NOTICES: [&[u8]; 6] = [
    b"Notice:",
    b"Warning:",
    b"Deprecated:",
    b"Fatal error:",
    b"Parse error:",
    b"PHP ",
];

pub(super) const COMMENT: &str = "a comment; JSON has none";
