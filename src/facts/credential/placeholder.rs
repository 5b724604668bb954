//! Text that stands where a value should have been put.
use std::borrow::Cow;

/// Whether this is text that stands for a value instead of being one, and of which kind.
pub(super) fn placeholder(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return None;
    }
    if let [b'<', .., b'>'] = text {
        return Some("text in angle brackets, as the documentation writes what is to be replaced");
    }
    if let Some(kind) = template(text) {
        return Some(kind);
    }
    if text.len() >= 3 && b"xX*.-_#".contains(&text[0]) && text.iter().all(|byte| *byte == text[0])
    {
        return Some("a row of dots, stars or the like");
    }
    let word = letters(text)?;
    let among = |words: &[&str]| words.iter().any(|have| have.as_bytes() == &*word);
    if among(&EXAMPLE_WORDS) {
        return Some("example text");
    }
    NOTHING_WORDS
        .iter()
        .find(|(have, _)| have.as_bytes() == &*word)
        .map(|(_, kind)| *kind)
}

/// `{secret}`, `{{ secret }}`, `${SECRET}`, `%SECRET%`, `$SECRET`, `$secret`, `$params['ApiSecret']`, `%s`.
fn template(text: &[u8]) -> Option<&'static str> {
    let is_name = |name: &[u8]| {
        name.len() >= 3
            && name
                .iter()
                .all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
    };
    match text {
        b"[object Object]" => Some("an object that JavaScript turned into text"),
        [b'{', .., b'}'] | [b'[', .., b']'] | b"%s" => Some("a template that was never filled in"),
        [b'$', b'{', .., b'}'] => Some("a variable that was never filled in"),
        [b'%', name @ .., b'%'] | [b'$', name @ ..] if is_name(name) => {
            Some("a variable that was never filled in")
        }
        [b'$', name @ ..] if is_php_name(name) => {
            Some("the name of a variable: in single quotes PHP does not put its value there")
        }
        _ => None,
    }
}

/// `username`, `api_secret`, `params['ApiSecret']`, as they stand behind a `$`. Other words may be a secret.
fn is_php_name(name: &[u8]) -> bool {
    let is_member = |text: &[u8]| text.starts_with(b"['") && text.ends_with(b"']");
    let end = name
        .iter()
        .position(|byte| !byte.is_ascii_alphabetic() && *byte != b'_');
    let (word, rest) = name.split_at(end.unwrap_or(name.len()));
    let is_known = letters(word)
        .is_some_and(|word| EXAMPLE_WORDS.iter().any(|have| have.as_bytes() == &*word));
    (rest.is_empty() && is_known) || (!word.is_empty() && is_member(rest))
}

/// The text in lower case without what joins words; `None` if it is too long to be one of our words.
fn letters(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if text.len() > LONGEST_PLACEHOLDER {
        return None;
    }
    let joins = |byte: &u8| matches!(byte, b'_' | b'-' | b' ' | b'.' | b'\'' | b'"' | b'`');
    if text.iter().all(u8::is_ascii_lowercase) {
        return Some(Cow::Borrowed(text));
    }
    let kept = text.iter().filter(|byte| !joins(byte));
    Some(Cow::Owned(kept.map(u8::to_ascii_lowercase).collect()))
}

const EXAMPLE_WORDS: [&str; 24] = [
    "username",
    "user",
    "yourusername",
    "apiusername",
    "apiuser",
    "youruser",
    "myusername",
    "secret",
    "apisecret",
    "yourapisecret",
    "yoursecret",
    "mysecret",
    "apikey",
    "yourapikey",
    "yourkey",
    "password",
    "apipassword",
    "yourpassword",
    "yourapipassword",
    "usernameapisecret",
    "changeme",
    "replaceme",
    "todo",
    "placeholder",
];
const NOTHING_WORDS: [(&str, &str); 8] = [
    ("null", "the word null: the setting had no value"),
    (
        "undefined",
        "the word undefined: JavaScript found no such setting",
    ),
    ("none", "the word None: Python found no such setting"),
    ("nil", "the word nil: the setting had no value"),
    ("nan", "the word NaN: JavaScript made a number of it"),
    (
        "array",
        "the word Array: PHP was given an array where text belongs",
    ),
    ("false", "the word false: the setting could not be read"),
    (
        "[objectobject]",
        "[object Object]: JavaScript was given an object where text belongs",
    ),
];
const LONGEST_PLACEHOLDER: usize = 32;
