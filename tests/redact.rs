//! Nothing secret leaves the redactor: tables and properties over many spellings, with encoders of their own.
//!
//! `NICETAP_THOROUGH=1` tries every place of a cut; otherwise one place in a few, other ones for each spelling.
#![expect(
    clippy::unwrap_used,
    reason = "the encoders are helpers of tests, outside a test function"
)]
use std::time::Instant;

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use nicetap::facts::{Secret, SecretKind};
use nicetap::redact::seal::Raw;
use nicetap::redact::{FingerprintKey, Redactor, Shown};
use nicetap::rule::At;

use encoders::{ENCODERS, percent, php_json, shifted, upper};

#[path = "redact/cuts.rs"]
mod cuts;
#[path = "support/encoders.rs"]
mod encoders;
#[path = "redact/linear.rs"]
mod linear;
#[path = "redact/properties.rs"]
mod properties;

fn secret(kind: SecretKind, value: &str) -> Secret {
    Secret {
        kind,
        value: Raw::new(value.as_bytes().into()),
    }
}

fn redactor() -> Redactor {
    Redactor::new(&FingerprintKey::from_bytes([7; 32]))
}

fn knowing(values: &[&str]) -> Redactor {
    let mut redactor = redactor();
    let secrets: Vec<_> = values
        .iter()
        .map(|value| secret(SecretKind::ApiSecret, value))
        .collect();
    redactor.begin();
    redactor.learn(&secrets, Some("acme"));
    redactor
}

fn body(redactor: &mut Redactor, content_type: &str, bytes: &[u8], cut: bool) -> String {
    match redactor.body(Some(content_type.as_bytes()), bytes, cut) {
        Shown::Text(masked) | Shown::Shape(masked) => masked.as_str().to_owned(),
    }
}

const CANARIES: [&str; 6] = [
    "kT9/fQ2z+Lw7!",
    "kT9/fQ2z+Lw7!xRb4Vn8pYd3Hs6Jm1Ce",
    r#"q/+=%&"\<ü😀Zk"#,
    "aB3$xZ",
    "two words+one%",
    "Zq8!wE5_rT2-yU9.iO4~pA7*sD1(fG6)hJ3@kL0#zX8:cV5;bN2,mQ9?wR4/eT7+yI1=uP6&oS3%dF8'gH5\"jK2<lZ9>xC4|vB7\\nM1^qW6`aS3{dE8}fR5[gT2]hY9 jU4ü_kI7😀lO1-zP6.xA3~cS8*vD5(bF2)nG9@mH4#qJ7:wK1;eL6,rZ3?tX8/yC5+uV2=iB9",
];

type Door = (&'static str, fn(&mut Redactor, &str) -> String);

/// Places where a text from the wire can stand, none of which is secret by its own name.
const DOORS: [Door; 9] = [
    ("plain text", |r, text| {
        r.text(format!("bad key {text} in call").as_bytes())
            .as_str()
            .to_owned()
    }),
    ("reply header", |r, text| {
        r.header("Server", format!("x {text} y").as_bytes())
            .as_str()
            .to_owned()
    }),
    ("referer", |r, text| {
        r.header("Referer", format!("https://a.example/{text}").as_bytes())
            .as_str()
            .to_owned()
    }),
    ("url path", |r, text| {
        r.url("https", "api.nicenic.net", format!("/v2/{text}").as_bytes())
            .as_str()
            .to_owned()
    }),
    ("url query", |r, text| {
        r.url(
            "https",
            "api.nicenic.net",
            format!("/v2/?category=domain&domain={text}&year=1").as_bytes(),
        )
        .as_str()
        .to_owned()
    }),
    ("json body", |r, text| {
        body(
            r,
            "application/json",
            format!("{{\"code\":400,\"msg\":\"bad {text} key\"}}").as_bytes(),
            false,
        )
    }),
    ("escaped json body", |r, text| {
        body(
            r,
            "application/json",
            format!("{{\"code\":400,\"msg\":\"bad {} key\"}}", php_json(text)).as_bytes(),
            false,
        )
    }),
    ("form body", |r, text| {
        body(
            r,
            "application/x-www-form-urlencoded",
            format!(
                "category=domain&domain={}&year=1",
                percent(text, "-_.", upper)
            )
            .as_bytes(),
            false,
        )
    }),
    ("html body", |r, text| {
        body(
            r,
            "text/html",
            format!("<p>cannot use {text} here</p>").as_bytes(),
            false,
        )
    }),
];

/// Whether everything is tried, however long it takes.
fn is_thorough() -> bool {
    std::env::var_os("NICETAP_THOROUGH").is_some_and(|value| value == "1")
}

/// Of the places of a cut, one in so many is tried.
const CUT_STEP: usize = 13;

/// Six characters in a row of what must not be seen, that are.
fn leak<'a>(shown: &str, encoded: &'a str, around: &str) -> Option<&'a str> {
    let starts: Vec<_> = encoded.char_indices().map(|(at, _)| at).collect();
    let ends: Vec<_> = starts
        .iter()
        .copied()
        .skip(6)
        .chain([encoded.len()])
        .collect();
    starts
        .iter()
        .zip(&ends)
        .map(|(start, end)| &encoded[*start..*end])
        .find(|part| part.chars().count() == 6 && shown.contains(part) && !around.contains(part))
}

#[test]
fn no_spelling_of_a_secret_is_seen_at_any_door() {
    let mut cases = 0;
    let mut leaks = Vec::new();
    for canary in CANARIES {
        for (spelling, encode) in ENCODERS {
            let encoded = encode(canary);
            if encoded.ends_with("\0skip") {
                continue;
            }
            for (door, show) in DOORS {
                cases += 1;
                let around = show(&mut redactor(), "");
                let shown = show(&mut knowing(&[canary]), &encoded);
                if let Some(part) = leak(&shown, &encoded, &around) {
                    leaks.push(format!(
                        "{spelling} at {door}: {part:?} of {canary:?} in {shown}"
                    ));
                }
            }
        }
    }
    assert!(
        leaks.is_empty(),
        "{} of {cases}:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
    println!("{cases} cases");
}

#[test]
fn base64_of_longer_texts_hides_the_part_that_holds_the_secret() {
    for canary in CANARIES {
        for front in ["", "a", "ab", "acme:", "Authorization: acme:"] {
            for back in ["", "x", "yz", "\r\n"] {
                for engine in [&STANDARD, &URL_SAFE_NO_PAD] {
                    let whole = shifted(front, &format!("{canary}{back}"), engine);
                    let shown = knowing(&[canary]).text(whole.as_bytes());
                    // The first digit that holds a bit of the secret, the last one too.
                    let first = front.len() * 8 / 6;
                    let last = ((front.len() + canary.len()) * 8).div_ceil(6);
                    let own = &whole[first..last.min(whole.len())];
                    assert_eq!(
                        leak(shown.as_str(), own, ""),
                        None,
                        "{front} {canary} {back}"
                    );
                    let edge = &own[own.len() - 2..];
                    assert!(
                        !shown.as_str().ends_with(edge) || !back.is_empty(),
                        "{shown}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_secret_that_begins_another_or_overlaps_it_leaves_nothing() {
    let (short, long) = (CANARIES[0], CANARIES[1]);
    for learned in [[short, long], [long, short]] {
        let shown = knowing(&learned).text(format!("a {long} b {short} c").as_bytes());
        let shown = shown.as_str();
        assert!(shown.starts_with("a ‹secret:api_secret#") && shown.ends_with("·13› c"));
        assert_eq!(leak(shown, long, ""), None, "{shown}");
    }
    let shown = knowing(&["abcdefgh-1", "fgh-1jklmn"]).text(b"x abcdefgh-1jklmn y");
    assert!(
        !shown.as_str().contains("klmn") && !shown.as_str().contains("abcd"),
        "{shown}"
    );
}

#[test]
fn a_secret_that_is_a_word_is_masked_in_its_place_and_nowhere_else() {
    let mut redactor = redactor();
    for word in ["acme", "123456", "domain", "renew", "com", "a"] {
        redactor.begin();
        redactor.learn(&[secret(SecretKind::ApiSecret, word)], Some("acme"));
        let header = redactor.header("Authorization", format!("acme:{word}").as_bytes());
        assert!(
            header.as_str().starts_with("acme:‹secret:api_secret#"),
            "{header}"
        );
        assert!(header.as_str().ends_with("·<8›"), "{header}");
        let url = redactor.url(
            "https",
            "api.nicenic.net",
            b"/v2/?category=domain&action=register",
        );
        assert_eq!(
            url.as_str(),
            "https://api.nicenic.net/v2/?category=domain&action=register"
        );
        let tally = redactor.tally();
        assert_eq!(
            (tally.masked, tally.kinds),
            (1, vec!["api_secret", "in_place"])
        );
    }
}

#[test]
fn a_short_secret_is_hidden_in_findings_and_beside_its_user_name() {
    let mut redactor = redactor();
    redactor.begin();
    redactor.learn(&[secret(SecretKind::ApiSecret, "abc12")], Some("acme"));
    let seen = |text: &str| nicetap::text!["saw ", Raw::new(Box::<str>::from(text)), " here"];
    for text in [
        "abc12",
        "Basic acme:abc12",
        "Basic YWNtZTphYmMxMg==",
        "abc12\n",
    ] {
        let message = redactor.message(&seen(text));
        assert!(
            message.as_str().contains("‹secret:api_secret#"),
            "{message}"
        );
        assert!(
            !message.as_str().contains("abc12") && !message.as_str().contains("Zmc"),
            "{message}"
        );
    }
    assert_eq!(
        redactor.message(&seen("xabc123")).as_str(),
        "saw xabc123 here"
    );
    let echoed = redactor.text(b"no such login: acme:abc12");
    assert!(
        echoed
            .as_str()
            .starts_with("no such login: acme:‹secret:api_secret#"),
        "{echoed}"
    );
    assert!(
        redactor
            .text(b"YWNtZTphYmMxMg==")
            .as_str()
            .starts_with("‹secret")
    );
}

#[test]
fn the_self_check_masks_a_leaf_that_shows_a_secret_after_all() {
    let mut redactor = knowing(&["hunter2-hunter2"]);
    // A literal of ours and a word from the wire, neither secret alone: only the self-check sees the whole.
    let told = nicetap::text!["saw hunter2-", Raw::new(Box::<str>::from("hunter2")), "!"];
    let message = redactor.message(&told);
    assert!(message.as_str().starts_with("‹unscanned·"), "{message}");
    assert_eq!(redactor.slips(), 1);
    redactor.begin();
    assert_eq!(redactor.slips(), 0);
    assert_eq!(
        redactor.message(&told).as_str(),
        "saw hunter2-hunter2!",
        "one record in 64"
    );
}

#[test]
fn the_users_own_fields_and_patterns_are_masked_at_every_door() {
    let config = "[[redact.field]]\nname = \"licence_no\"\nkind = \"licence\"\n\
        [[redact.pattern]]\nregex = 'LIC-([0-9A-Z]{8})'\n";
    let own = nicetap::config::Layer::from_toml(config, "/n.toml".as_ref())
        .unwrap()
        .own;
    let policy = nicetap::redact::Policy {
        own: own.unwrap(),
        ..Default::default()
    };
    let mut redactor = Redactor::with(&FingerprintKey::from_bytes([7; 32]), policy);
    redactor.begin();
    for (shown, secret, kind) in [
        (
            redactor.raw_url(b"/v2/?licence_no=aa11bb22&x=1"),
            "aa11bb22",
            "licence",
        ),
        (
            redactor.header("Licence_No", b"cc33dd44"),
            "cc33dd44",
            "licence",
        ),
        (
            redactor.text(b"see LIC-00ZZ11YY in the letter"),
            "00ZZ11YY",
            "own",
        ),
        (
            redactor.text(br"see \u004cIC-00ZZ22YY there"),
            "00ZZ22YY",
            "own",
        ),
        (redactor.text(b"and aa11bb22 again"), "aa11bb22", "licence"),
    ] {
        assert!(!shown.as_str().contains(secret), "{shown}");
        assert!(
            shown.as_str().contains(&format!("‹secret:{kind}#")),
            "{shown}"
        );
    }
    let shown = body(
        &mut redactor,
        "",
        br#"{"a":{"licence_no":["ee55ff66",12345678]}}"#,
        false,
    );
    assert!(
        !shown.contains("ee55") && !shown.contains("1234567"),
        "{shown}"
    );
    assert!(redactor.learned_late());
}

#[test]
fn contact_data_and_user_names_are_shown_as_the_policy_says() {
    use nicetap::config::Pii;
    let with = |pii, hides_username| {
        let policy = nicetap::redact::Policy {
            pii,
            hides_username,
            ..Default::default()
        };
        let mut redactor = Redactor::with(&FingerprintKey::from_bytes([7; 32]), policy);
        redactor.begin();
        redactor.learn(
            &[secret(SecretKind::ApiSecret, "hunter2-hunter2")],
            Some("acmecorp1"),
        );
        redactor
    };
    let url = |redactor: &mut Redactor| {
        redactor
            .raw_url(b"/?phone=%2B86.1380000&a=acmecorp1")
            .as_str()
            .to_owned()
    };
    assert_eq!(
        url(&mut with(Pii::Show, false)),
        "/?phone=%2B86.1380000&a=acmecorp1"
    );
    assert_eq!(
        url(&mut with(Pii::Shape, false)),
        "/?phone=‹pii:phone·+86.… form ok·11›&a=acmecorp1"
    );
    let mut hiding = with(Pii::Hide, true);
    let shown = url(&mut hiding);
    assert!(
        shown.starts_with("/?phone=‹pii:phone›&a=‹secret:username#"),
        "{shown}"
    );
    let header = hiding.header("Authorization", b"acmecorp1:hunter2-hunter2");
    assert!(
        !header.as_str().contains("acme") && !header.as_str().contains("hunter"),
        "{header}"
    );
    assert!(
        header.as_str().contains("›:‹secret:api_secret#"),
        "{header}"
    );
    let name = hiding.username(&Raw::new("bob".into()));
    assert!(name.as_str().starts_with("‹secret:username#"), "{name}");
}

#[test]
fn equal_secrets_have_equal_marks_and_others_do_not() {
    let mut redactor = knowing(&["hunter2-hunter2"]);
    let in_place = redactor.header("Authorization", b"acme:hunter2-hunter2");
    let echoed = redactor.text(b"hunter2-hunter2");
    let made = redactor.mask(SecretKind::ApiSecret, b"hunter2-hunter2");
    assert_eq!(in_place.as_str(), format!("acme:{made}"));
    assert_eq!(echoed, made);
    let other = redactor.mask(SecretKind::ApiSecret, b"hunter3-hunter3");
    assert_ne!(other, made);
    let other_key = Redactor::new(&FingerprintKey::from_bytes([8; 32]))
        .mask(SecretKind::ApiSecret, b"hunter2-hunter2");
    assert_ne!(other_key, made);
}

#[test]
fn what_is_hidden_by_its_name_is_hidden_when_it_comes_back() {
    let mut redactor = redactor();
    redactor.begin();
    redactor.url("https", "api.nicenic.net", b"/v2/?authcode=Xy%2F7-pQr9");
    redactor.header("Set-Cookie", b"sid=0a1b2c3d4e; Path=/");
    body(
        &mut redactor,
        "application/json",
        br#"{"data":{"epp_code":"EPP-77-xx"}}"#,
        false,
    );
    let echoed = redactor.text(b"Xy/7-pQr9 0a1b2c3d4e EPP-77-xx");
    let kinds: Vec<_> = echoed
        .as_str()
        .split(' ')
        .map(|mark| mark.split('#').next())
        .collect();
    assert_eq!(
        kinds,
        [
            Some("‹secret:parameter"),
            Some("‹secret:cookie"),
            Some("‹secret:parameter")
        ]
    );
    assert_eq!(redactor.tally().masked, 6);
    assert_eq!(redactor.tally().masked, 0);
}

#[test]
fn contact_data_is_a_shape_that_still_helps() {
    let mut redactor = redactor();
    let url = redactor.url(
        "https",
        "api.nicenic.net",
        b"/v2/?domain=a.example&name=Maximilian+Mueller&phone=+86.13800000000&email=a%40b.example&country=CN",
    );
    assert_eq!(
        url.as_str(),
        "https://api.nicenic.net/v2/?domain=a.example&name=‹pii:name·18, limit 16›\
         &phone=‹pii:phone·+ became a space·15›&email=‹pii:email·form ok·11›&country=‹pii:country·2›"
    );
}

#[test]
fn a_refused_head_shows_no_value_whose_name_is_unknown_or_unsound() {
    let head = b"GET /v2/ HTTP/1.1\r\nHost: a\r\nBad Name: pa55-one\r\nBad N4me: pa55-two\r\n\
        X-Odd: pa55-three\r\n pa55-four\r\npa55-five\r\n: pa55-six\r\n\r\n";
    let shown = redactor().refused_head(head, false);
    assert!(!shown.as_str().contains("pa55"), "{shown}");
    let begin = "GET /v2/ HTTP/1.1\\r\nHost: a\\r\nBad Name: \u{2039}header#";
    assert!(shown.as_str().starts_with(begin), "{shown}");
}

/// `md5(username + md5(secret) + time)` is what the older API logs in with; its inner part is as good as the secret.
#[test]
fn the_md5_of_a_secret_is_hidden_as_the_secret_is() {
    let secret = "hunter2-hunter2";
    // By md5sum, not by the crate that the redactor uses.
    let md5 = "cd0b9b64e661a1de0f3baf754b9e49c3";
    let percent: String = md5.bytes().map(upper).collect();
    for spelt in [md5.to_owned(), md5.to_uppercase(), percent] {
        for (door, show) in DOORS {
            let shown = show(&mut knowing(&[secret]), &spelt);
            assert!(!shown.contains(&spelt), "{spelt} at {door}: {shown}");
        }
        let shown = knowing(&[secret]).text(spelt.as_bytes());
        assert!(shown.as_str().starts_with("‹secret:api_secret#"), "{shown}");
    }
    let of_another = "ab5d8c3f91e7421f9d36d1e0a4c2b7f8";
    let shown = knowing(&[secret]).text(of_another.as_bytes());
    assert_eq!(shown.as_str(), of_another);
    // A secret that is masked in its place only has no needle of this kind either: `123456` has a known hash.
    let short = knowing(&["123456"])
        .text(b"e10adc3949ba59abbe56e057f20f883e")
        .as_str()
        .to_owned();
    assert_eq!(short, "e10adc3949ba59abbe56e057f20f883e");
}

/// With `NICETAP_THOROUGH=1` a million, and the time that they took, tenth by tenth.
#[test]
fn a_new_cookie_with_each_exchange_leaves_memory_flat() {
    let tenth: u64 = if is_thorough() { 100_000 } else { 400 };
    let mut redactor = knowing(&["hunter2-hunter2"]);
    let mut resident = Vec::new();
    for part in 0..10 {
        let began = Instant::now();
        for number in part * tenth..(part + 1) * tenth {
            let cookie = format!("{:016x}", (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            redactor.begin();
            redactor.learn(&[secret(SecretKind::Cookie, &cookie)], None);
            let sent = redactor.header("Cookie", format!("PHPSESSID={cookie}").as_bytes());
            let told = redactor.text(format!("no session {cookie}").as_bytes());
            assert!(!sent.as_str().contains(&cookie) && !told.as_str().contains(&cookie));
        }
        resident.push(resident_kib());
        println!(
            "{:.1?} each, {} KiB",
            began.elapsed() / u32::try_from(tenth).unwrap(),
            resident.last().unwrap()
        );
    }
    // At most 256 of them are kept.
    redactor.begin();
    assert_eq!(redactor.evictions(), 10 * tenth - 256);
    assert!(resident[9] < resident[0] + 2048, "{resident:?} KiB");
    let forgotten = format!("{:016x}", 0x9e37_79b9_7f4a_7c15_u64);
    assert_eq!(redactor.text(forgotten.as_bytes()).as_str(), forgotten);
    assert!(
        redactor
            .text(b"hunter2-hunter2")
            .as_str()
            .starts_with("‹secret:")
    );
}

/// The memory that this process holds.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn places_are_named() {
    let mut redactor = knowing(&["hunter2-hunter2"]);
    for (at, want) in [
        (At::Header("Authorization"), "header Authorization"),
        (At::Param(Raw::new("domains".into())), "param domains"),
        (At::BodyPlace { line: 3, column: 7 }, "body line 3 column 7"),
        (At::HeadLine(3), "head line 3"),
    ] {
        assert_eq!(redactor.at(&at).as_str(), want);
    }
    let leaky = At::WireHeader(Raw::new("hunter2-hunter2".into()));
    assert!(redactor.at(&leaky).as_str().starts_with("header ‹secret:"));
}
