//! The redactor: the secret survives in no text, masking twice changes nothing, and text without it is kept.
use nicetap::facts::{Secret, SecretKind};
use nicetap::redact::seal::Raw;
use nicetap::redact::{FingerprintKey, Redactor, Shown};

/// Eight bytes make a secret that no ordinary text holds, four more say what happens, the rest is text around it.
pub(crate) fn check(input: &[u8]) {
    let Some((seed, input)) = input.split_first_chunk() else {
        return;
    };
    let Some((&[content_type, door, cut, middle], text)) = input.split_first_chunk() else {
        return;
    };
    let (before, after) = text.split_at(usize::from(middle).min(text.len()));
    let cut = cut & 1 == 1;
    let secret = secret(*seed);
    let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
    redactor.begin();
    let known = Secret {
        kind: SecretKind::ApiSecret,
        value: Raw::new(secret.as_bytes().into()),
    };
    redactor.learn(&[known], Some("acme"));
    let text = [before, secret.as_bytes(), after].concat();
    let types: [&[u8]; 5] = [
        b"application/json",
        b"application/x-www-form-urlencoded",
        b"text/html; charset=utf-8",
        b"multipart/form-data; boundary=x",
        b"text/plain",
    ];
    let content_type = types[usize::from(content_type) % types.len()];
    let shown = match door % 6 {
        0 => redactor.text(&text),
        1 => redactor.header("Server", &text),
        2 => redactor.header("Set-Cookie", &text),
        3 => redactor.url("https", "api.nicenic.net", &[b"/v2/?", &text[..]].concat()),
        4 => redactor.refused_head(&text, cut),
        _ => match redactor.body(Some(content_type), &text, cut) {
            Shown::Text(shown) | Shown::Shape(shown) => shown,
        },
    };
    assert!(!shown.as_str().contains(&secret), "{secret} in {shown}");
    if door % 6 == 0 {
        let again = redactor.text(shown.as_str().as_bytes());
        assert_eq!(again.as_str(), shown.as_str(), "masking twice");
    }
}

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
