//! A text that was cut shows no beginning of a secret.
use super::*;

/// What four characters of a secret are spelt like; or six of the spelling, where it has no such part.
fn beginning_of(canary: &str, encode: fn(&str) -> String) -> String {
    let encoded = encode(canary);
    let four: String = canary.chars().take(4).collect();
    let four = encode(&four);
    if encoded.starts_with(&four) {
        four
    } else {
        encoded.chars().take(6).collect()
    }
}

#[test]
fn a_cut_at_any_place_shows_no_beginning_of_a_secret() {
    let step = if is_thorough() { 1 } else { CUT_STEP };
    let mut cases = 0;
    for canary in CANARIES {
        let mut redactor = knowing(&[canary]);
        for (at, (spelling, encode)) in ENCODERS.into_iter().enumerate() {
            let encoded = encode(canary);
            // Beginnings are promised for the secret itself and for what unescapes to it.
            let is_respelt = spelling.contains("case") || encoded.contains('\0');
            if is_respelt {
                continue;
            }
            let beginning = beginning_of(canary, encode);
            for (content_type, front, back) in [
                ("application/json", "{\"code\":1,\"msg\":\"bad ", " key\"}"),
                (
                    "application/x-www-form-urlencoded",
                    "year=1&domain=",
                    "&x=2",
                ),
                ("text/plain", "cannot use ", " here"),
            ] {
                let whole = format!("{front}{encoded}{back}");
                // The first places are where beginnings are short; they are never left out.
                let (first, from) = (front.len(), front.len() + beginning.len() + 2);
                let places = (first..from).chain((from + at % step..=whole.len()).step_by(step));
                for end in places.filter(|end| *end <= whole.len()) {
                    cases += 1;
                    redactor.begin();
                    let cut = &whole.as_bytes()[..end];
                    let shown = body(&mut redactor, content_type, cut, true);
                    let is_seen = shown.contains(&beginning);
                    assert!(!is_seen, "{spelling} {content_type}: {shown}");
                }
            }
        }
    }
    println!("{cases} cuts");
}

#[test]
fn a_cut_leaves_at_most_three_characters_of_a_raw_secret() {
    for canary in CANARIES {
        let whole = format!("cannot use {canary} here");
        for end in 0..=whole.len() {
            let shown = body(
                &mut knowing(&[canary]),
                "text/plain",
                &whole.as_bytes()[..end],
                true,
            );
            let beginning: String = canary.chars().take(4).collect();
            assert!(!shown.contains(&beginning), "{shown}");
        }
    }
}
