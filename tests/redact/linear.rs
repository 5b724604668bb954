//! Texts that were made to be slow take the time of others: eight times the text, about eight times as long.
use std::time::Duration;

use super::*;

/// Each is repeated until the text is long.
const REPEATED: [&str; 36] = [
    "name=",
    "name=token",
    "name=token;",
    "name=token\r\n",
    "name=\"",
    "name*=a''token ",
    "<",
    "< name=token value=",
    "<a name='<",
    "<token",
    "<name>token<",
    "<td>token<td>",
    "<key>token</key><a>",
    "password:",
    "password.",
    "password=",
    "password:[",
    "password: |",
    "password: |\n ",
    "password:\n  ",
    "password=\"\" ",
    "name: token, ",
    "value: name: token ",
    "'name' => ",
    "{\"value\":",
    "{\"name\":\"token\",\"value\":",
    "[\"token\",",
    "\"name\":\"token\",\"value\":true,",
    "// \"token\"",
    "/*\"a\"",
    "/token",
    "&name=token",
    "Basic ",
    "://a:",
    "&sol",
    "‹secret:",
];

#[test]
fn what_is_made_to_be_slow_takes_the_time_of_other_text() {
    let types = ["text/plain", "multipart/form-data", "application/json"];
    let ends = ["", ">", "\"", "\n\n"];
    for (at, part) in REPEATED.iter().enumerate() {
        for (kind, content_type) in types.iter().enumerate() {
            for (number, end) in ends.iter().enumerate() {
                if is_thorough() || (at % types.len(), at % ends.len()) == (kind, number) {
                    is_linear(content_type, part, end);
                }
            }
        }
    }
}

#[test]
fn many_names_of_parts_take_the_time_of_other_text() {
    is_linear("multipart/form-data", "name=token", "\n\n");
    is_linear("multipart/form-data", "name=", "");
    is_linear("text/html", "<a name='<", ">");
    is_linear("text/plain", "password:", "");
}

fn is_linear(content_type: &str, part: &str, end: &str) {
    let took = |bytes: usize| {
        let text = [&part.repeat(bytes / part.len()), end].concat();
        let mut redactor = knowing(&CANARIES[..1]);
        let began = processor_time();
        body(&mut redactor, content_type, text.as_bytes(), true);
        processor_time().saturating_sub(began)
    };
    let (short, long) = (took(SHORT), took(8 * SHORT));
    // Eight times the text: what is quadratic takes 64 times as long.
    let most = 20 * short + Duration::from_millis(30);
    assert!(
        long < most,
        "{part:?} … {end:?} as {content_type}: {short:?}, then {long:?}"
    );
}

/// What this thread has used: a busy machine does not count.
fn processor_time() -> Duration {
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = figures.split(' ').next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}

const SHORT: usize = 8 * 1024;
