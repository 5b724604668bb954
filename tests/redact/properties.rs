//! What holds for any text.
use proptest::prelude::*;

use super::*;

/// Values that are needles by the rules of DESIGN 4.4.
fn values() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9/+=%&\"\\\\<ü😀 .\n-]{8,40}".prop_filter("trimmed and varied", |value| {
        let mut chars: Vec<_> = value.trim().chars().collect();
        let length = chars.len();
        chars.sort_unstable();
        chars.dedup();
        length >= 8 && chars.len() >= 4
    })
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~]{0,20}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..12),
        "[%\\\\&;=u0-9a-f<>\"]{0,12}".prop_map(String::into_bytes),
    ]
}

/// Texts with spellings of secrets in them.
fn texts(count: usize) -> impl Strategy<Value = (Vec<String>, Vec<u8>)> {
    let parts = proptest::collection::vec((noise(), 0..count, 0..20usize), 1..6);
    (proptest::collection::vec(values(), count), parts).prop_map(|(values, parts)| {
        let mut text = Vec::new();
        for (noise, which, encoder) in parts {
            text.extend(noise);
            // Without it, a noise of `\\` or `%2` would change what the escapes after it mean.
            text.push(b' ');
            text.extend((ENCODERS[encoder].1)(values[which].trim()).into_bytes());
        }
        (values, text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_spelling_survives_in_any_text((values, text) in texts(3)) {
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        let mut redactor = knowing(&values);
        for shown in [redactor.text(&text), redactor.lines(&text)] {
            for value in &values {
                for (spelling, encode) in &ENCODERS[..43] {
                    let encoded = encode(value.trim());
                    prop_assert!(!shown.as_str().contains(&encoded), "{spelling}: {encoded:?} in {shown}");
                }
            }
        }
    }

    #[test]
    fn masking_what_is_masked_changes_nothing((values, text) in texts(3)) {
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        let mut redactor = knowing(&values);
        let once = redactor.text(&text);
        let twice = redactor.text(once.as_str().as_bytes());
        prop_assert_eq!(once.as_str(), twice.as_str());
    }

    #[test]
    fn equal_secrets_get_equal_marks_wherever_they_stand(value in values(), front in "[a-z ]{0,20}") {
        let value = value.trim();
        let mark = |text: &str| {
            let shown = knowing(&[value]).text(text.as_bytes());
            let start = shown.as_str().find("‹secret:").unwrap();
            let end = shown.as_str().find('›').unwrap();
            shown.as_str()[start..end].to_owned()
        };
        prop_assert_eq!(mark(value), mark(&format!("{front}: {value}")));
    }

    #[test]
    fn a_cut_at_any_offset_shows_no_beginning(value in values(), front in "[a-z ]{0,20}", cut in 0..40_usize) {
        let value = value.trim();
        let whole = format!("{front} {value} back");
        let end = (front.len() + 1 + cut).min(whole.len());
        let shown = body(&mut knowing(&[value]), "text/plain", &whole.as_bytes()[..end], true);
        // What stands in marks is no text of the wire.
        let seen: String = shown
            .split('‹')
            .map(|part| part.rsplit('›').next().unwrap_or_default())
            .collect();
        let (three, four): (String, String) = (value.chars().take(3).collect(), value.chars().take(4).collect());
        prop_assert!(format!("{front} {three}").contains(&four) || !seen.contains(&four), "{shown}");
    }

    #[test]
    fn text_without_secrets_stays_as_it_is(text in "[ -~üé日本😀\n\t]{0,200}") {
        let mut redactor = knowing(&["ΩΩ-not-in-any-text-1", "ΩΩ-not-in-any-text-2"]);
        let shown = redactor.lines(text.as_bytes());
        prop_assert_eq!(shown.as_str(), text.as_str());
    }

    #[test]
    fn any_bytes_are_shown_without_control_characters(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut: bool) {
        let mut redactor = knowing(&["hunter2-hunter2"]);
        let mut all = vec![redactor.text(&bytes), redactor.raw_url(&bytes)];
        for name in ["Authorization", "Cookie", "Set-Cookie", "Link", "Server", "X-Odd"] {
            all.push(redactor.header(name, &bytes));
        }
        for masked in all {
            prop_assert!(!masked.as_str().chars().any(char::is_control));
        }
        for content_type in ["application/json", "multipart/form-data", "x-www-form-urlencoded", "text/xml"] {
            body(&mut redactor, content_type, &bytes, cut);
        }
    }

    #[test]
    fn structure_like_text_never_panics(text in "[\\[\\]{}\":,\\\\=&<>/?#@%;+ a-c0-9\n']{0,80}(password|token)?[\"=:>, ]{0,4}[a-c0-9\"\\\\<&]{0,9}", cut: bool) {
        let mut redactor = redactor();
        for content_type in ["application/json", "multipart/form-data", "x-www-form-urlencoded", "text/xml"] {
            body(&mut redactor, content_type, text.as_bytes(), cut);
        }
        redactor.raw_url(text.as_bytes());
    }
}
