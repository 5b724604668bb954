//! Texts that were made to be slow take the time of others: eight times the text, about eight times as long.
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

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
                    is_linear(content_type, repeated(part, end));
                }
            }
        }
    }
}

#[test]
fn many_names_of_parts_take_the_time_of_other_text() {
    is_linear("multipart/form-data", repeated("name=token", "\n\n"));
    is_linear("multipart/form-data", repeated("name=", ""));
    is_linear("text/html", repeated("<a name='<", ">"));
    is_linear("text/plain", repeated("password:", ""));
}

#[test]
fn texts_inside_of_texts_take_the_time_of_other_text() {
    // Each puts a text inside of another one.
    let layers: [fn(&str) -> String; 6] = [
        |text| format!("a={}", percent(text)),
        |text| format!("a={text}&b={}", percent(text)),
        |text| format!("a=[{}]", percent(text)),
        |text| format!("a=[\"{}\"]", percent(text)),
        |text| format!("[\"a={}\"]", text.replace('\\', r"\\").replace('"', "\\\"")),
        |text| format!("<a>{}</a>", text.replace('&', "&amp;").replace('<', "&lt;")),
    ];
    for (number, layer) in layers.iter().enumerate() {
        let nested = |bytes: usize| {
            let mut text = "token=%253D%".to_owned();
            while text.len() < bytes {
                text = layer(&text);
            }
            text
        };
        let kinds = ["application/x-www-form-urlencoded", "application/json"];
        is_linear(kinds[number % kinds.len()], nested);
    }
}

/// As a value of a form.
fn percent(text: &str) -> String {
    let signs = [
        ('%', "%25"),
        ('=', "%3D"),
        ('&', "%26"),
        ('"', "%22"),
        ('[', "%5B"),
    ];
    let mut text = text.to_owned();
    for (sign, escaped) in signs {
        text = text.replace(sign, escaped);
    }
    text
}

/// What a text of so many bytes costs to mask, as this kind of body.
fn is_linear(content_type: &str, text: impl Fn(usize) -> String) {
    let took = |bytes: usize| {
        let text = text(bytes);
        let mut redactor = knowing(&CANARIES[..1]);
        let began = processor_time();
        for cut in [true, false] {
            body(&mut redactor, content_type, text.as_bytes(), cut);
        }
        (processor_time().saturating_sub(began), text)
    };
    let ((short, _), (long, text)) = (took(SHORT), took(8 * SHORT));
    // Eight times the text: what is quadratic takes 64 times as long.
    let most = 20 * short + Duration::from_millis(30);
    let front = text.get(..40).unwrap_or(&text);
    assert!(
        long < most,
        "{front:?} … as {content_type}: {short:?}, then {long:?}"
    );
}

/// This again and again, then the end.
fn repeated(part: &str, end: &str) -> impl Fn(usize) -> String {
    move |bytes| [&part.repeat(bytes / part.len()), end].concat()
}

/// What this thread has used: a busy machine does not count.
fn processor_time() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        used.tv_sec.try_into().unwrap(),
        used.tv_nsec.try_into().unwrap(),
    )
}

const SHORT: usize = 8 * 1024;
