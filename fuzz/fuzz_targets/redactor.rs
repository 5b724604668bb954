//! The redactor: the secret survives in no text, masking twice changes nothing, and text without it is kept.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use nicetap::facts::{Secret, SecretKind};
use nicetap::redact::seal::Raw;
use nicetap::redact::{FingerprintKey, Redactor, Shown};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Turned into a secret that no ordinary text holds.
    seed: [u8; 8],
    before: &'a [u8],
    after: &'a [u8],
    content_type: u8,
    door: u8,
    cut: bool,
}

fuzz_target!(|input: Input<'_>| {
    let secret = secret(input.seed);
    let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
    redactor.begin();
    let known = Secret {
        kind: SecretKind::ApiSecret,
        value: Raw::new(secret.as_bytes().into()),
    };
    redactor.learn(&[known], Some("acme"));
    let text = [input.before, secret.as_bytes(), input.after].concat();
    let types: [&[u8]; 5] = [
        b"application/json",
        b"application/x-www-form-urlencoded",
        b"text/html; charset=utf-8",
        b"multipart/form-data; boundary=x",
        b"text/plain",
    ];
    let content_type = types[usize::from(input.content_type) % types.len()];
    let shown = match input.door % 6 {
        0 => redactor.text(&text),
        1 => redactor.header("Server", &text),
        2 => redactor.header("Set-Cookie", &text),
        3 => redactor.url("https", "api.nicenic.net", &[b"/v2/?", &text[..]].concat()),
        4 => redactor.refused_head(&text, input.cut),
        _ => match redactor.body(Some(content_type), &text, input.cut) {
            Shown::Text(shown) | Shown::Shape(shown) => shown,
        },
    };
    assert!(!shown.as_str().contains(&secret), "{secret} in {shown}");
    if input.door % 6 == 0 {
        let again = redactor.text(shown.as_str().as_bytes());
        assert_eq!(again.as_str(), shown.as_str(), "masking twice");
    }
});

fn secret(seed: [u8; 8]) -> String {
    const LETTERS: &[u8; 32] = b"bcdfghjkmnpqrstvwxzBCDFGHJKLMNPQ";
    let mut letters: String = seed
        .iter()
        .flat_map(|byte| [byte & 31, byte >> 3])
        .map(|index| char::from(LETTERS[usize::from(index)]))
        .collect();
    letters.push_str("7Z4");
    letters
}
