//! A request as a line for curl, with placeholders where secrets were.
//!
//! What is copied ends in a shell: nothing from the wire may leave its quotes, move the cursor or end the line.
use std::fmt::Write as _;

use crate::record::{Exchange, Leaf, Risk};

/// The request as a command, with remarks above it on what is missing and what it would do. Ends with a line end.
pub fn curl<T: Leaf>(exchange: &Exchange<T>) -> String {
    let request = &exchange.request;
    let method = request.method.as_ref();
    let mut words = vec!["curl -g".to_owned()];
    let has_body = request.body.as_ref().is_some_and(|body| body.size > 0);
    match method {
        "HEAD" => words.push("--head".to_owned()),
        "GET" if !has_body => {}
        "POST" if has_body => {}
        _ => words.push(format!("-X {}", quoted(method))),
    }
    for (name, value) in request.headers.iter() {
        let (name, value) = (name.as_ref(), value.as_ref());
        let is_curls_own = OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name));
        if !is_curls_own {
            // An empty value would take the header away: curl's way to say empty is a semicolon.
            let header = match value {
                "" => format!("{name};"),
                value => format!("{name}: {}", with_placeholders(value)),
            };
            words.push(format!("-H {}", quoted(&header)));
        }
    }
    let text = request.body.as_ref().and_then(|body| body.text.as_ref());
    if let Some(text) = text.filter(|_| has_body) {
        let text = with_placeholders(text.as_ref());
        words.push(format!("--data-raw {}", quoted(&text)));
    }
    words.push(quoted(&with_placeholders(request.url.as_ref())));
    let mut line = remarks(exchange);
    let _ = writeln!(line, "{}", words.join(" \\\n  "));
    line
}

fn remarks<T: Leaf>(exchange: &Exchange<T>) -> String {
    let mut remarks = String::new();
    let _ = writeln!(
        remarks,
        "# nicetap #{}: put your own values where CAPITALS stand",
        exchange.id
    );
    match exchange.call.risk {
        Risk::Read => {}
        Risk::Change => remarks.push_str("# careful: this call changes something\n"),
        Risk::Spend => remarks.push_str("# careful: this call costs money\n"),
        Risk::Unknown => remarks.push_str("# careful: nobody knows what this call does\n"),
    }
    if let Some(body) = &exchange.request.body {
        if body.truncated {
            remarks.push_str("# only the beginning of the body was kept\n");
        } else if body.text.is_none() && body.size > 0 {
            remarks.push_str("# the body was not text, so that it was not kept\n");
        }
    }
    remarks
}

/// The text with `API_SECRET` for `‹secret:api_secret#k3f9q2·24›`, and so for every mark.
fn with_placeholders(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('‹') {
        let Some((mark, after)) = after.split_once('›') else {
            break;
        };
        shown.push_str(before);
        shown.push_str(&placeholder(mark));
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// The kind of the mark, in capitals.
fn placeholder(mark: &str) -> String {
    let kind = mark.split(['#', '·']).next().unwrap_or_default();
    let kind = kind.rsplit(':').next().unwrap_or_default();
    let letters = kind.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
        _ => '_',
    });
    let name: String = letters.take(LONGEST_NAME).collect();
    if name.is_empty() {
        "VALUE".to_owned()
    } else {
        name
    }
}

/// The text as one word of a POSIX shell; with what a terminal would act on, as one of bash, zsh, ksh.
fn quoted(text: &str) -> String {
    if !text.chars().any(acts) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut word = String::from("$'");
    for char in text.chars() {
        match char {
            '\'' | '\\' => {
                word.push('\\');
                word.push(char);
            }
            '\n' => word.push_str("\\n"),
            '\r' => word.push_str("\\r"),
            '\t' => word.push_str("\\t"),
            char if acts(char) => {
                for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(word, "\\x{byte:02x}");
                }
            }
            char => word.push(char),
        }
    }
    word.push('\'');
    word
}

/// Whether a terminal acts on it, or does not show it where it stands.
fn acts(char: char) -> bool {
    super::escape(char.encode_utf8(&mut [0; 4])).len() != char.len_utf8()
}

/// Headers that curl writes itself.
const OWN_HEADERS: [&str; 6] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "proxy-connection",
    "proxy-authorization",
];
const LONGEST_NAME: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_placeholders() {
        for (text, want) in [
            ("demo:‹secret:api_secret#k3f9q2·24›", "demo:API_SECRET"),
            ("‹header#k3f9q2·24›", "HEADER"),
            ("a ‹pii:email·no @·6› b ‹cut·12›", "a EMAIL b CUT"),
            ("‹secret:authcode·empty›", "AUTHCODE"),
            ("‹no end", "‹no end"),
            ("‹›", "VALUE"),
        ] {
            assert_eq!(with_placeholders(text), want);
        }
    }

    #[test]
    fn nothing_leaves_its_quotes() {
        assert_eq!(quoted("it's $(id) `id` \\"), r"'it'\''s $(id) `id` \'");
        assert_eq!(quoted("a'\u{1b}[201~\nid\\"), r"$'a\'\x1b[201~\nid\\'");
        assert_eq!(quoted("\u{202e}x"), r"$'\xe2\x80\xaex'");
    }
}
