//! The rule system's own tests. `UPDATE=1 cargo test --test rules` rewrites what is generated: run it until it is green.
//!
//! A rule is one file under `src/rules/FAMILY/` and one fixture `tests/rules/CODE.http`. A fixture holds cases:
//! ```text
//! ### what the case is
//! # expect: N101 N301        the codes in their order, or none
//! # via: gateway             connect (default), absolute, absolute-https, gateway
//! # scheme: http             towards the origin; default https
//! # connect: host:port       where it goes; default: Host. Without a request: a CONNECT, judged by its host alone
//! # sni: host                the name in the TLS hello
//! # guard: warn              warn or block; default off
//! # repeated: 12             the same paid action was sent so many seconds before
//! # expected: sandbox        the value of --expect
//! # on-connect: Authorization  the CONNECT carried this header
//! # trust: blind           the client took our certificate though it cannot know it
//! # time: 2026-01-01T12:00Z  when it arrived
//! # body: mislabelled        the body is not of the coding that its head names
//! # reply-content: cut       the origin broke off; or `mislabelled`
//! # ending: client-left 500  the client left after so many milliseconds; or `continue-missed`
//! # past: repeat 12 pending  the same call, so many seconds before, ended like this; or `other-environment`
//! # defect: EarlyEnd 4 Name  refused for this, at this line, in this field: what the head alone does not show
//! # raw:                     line ends of the file count for nothing from here; \r \n \t \0 \\ \x1b are escapes
//! GET /v2/ HTTP/1.1
//! # egress: v4 from 10.0.0.5 seen 203.0.113.9 198.51.100.1     a way out; also `named` (by the API), `proxy`
//! # list: 203.0.113.0/24      what was entered at NiceNIC
//! # site: 198.51.100.80       the website's addresses
//! # worked: 203.0.113.9       where the last good call came from
//! # reply:                   the rest is the reply, plain or after another `# raw:`
//! HTTP/1.1 200 OK
//! ```
//! The examples in a rule's doc have the same form, without the first two lines.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test writes the generated files, and says by a panic what is wrong with a fixture"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;

use nicetap::catalogue::Catalogue;
use nicetap::facts::Refusal;
use nicetap::http1::{Defect, DefectKind};
use nicetap::rule::{Finding, Rule, page};
use nicetap::rules::{self, RULES};

use case::{Case, Subject};
use shown::{codes, fix, raw_text, render};

#[path = "rules/any.rs"]
mod any;
#[path = "rules/case.rs"]
mod case;
#[path = "rules/shown.rs"]
mod shown;

#[test]
fn documented_examples_hold() {
    for rule in RULES {
        let titles: Vec<_> = rule
            .doc
            .lines()
            .filter_map(|line| line.strip_prefix(" ## "))
            .collect();
        let (wanted, rest) = titles.split_at(titles.len().min(SECTIONS.len()));
        assert_eq!(wanted, SECTIONS, "sections of {}", rule.code);
        assert!(
            matches!(rest, [] | ["Fix" | "References"] | ["Fix", "References"]),
            "{}: {rest:?}",
            rule.code
        );
        let (bad, good) = (examples(rule, "Bad"), examples(rule, "Good"));
        assert!(
            !bad.is_empty() && !good.is_empty(),
            "{}: needs a bad and a good example",
            rule.code
        );
        for example in bad {
            let found = Case::parse(&example).findings();
            let own = found
                .iter()
                .filter(|finding| finding.rule.code == rule.code)
                .count();
            assert_eq!(own, 1, "bad example of {}:\n{example}", rule.code);
        }
        for example in good {
            let found = Case::parse(&example).findings();
            assert_eq!(codes(&found), [""; 0], "good of {}:\n{example}", rule.code);
        }
    }
}

#[test]
fn fixtures_match() {
    let (mut wording, mut wrong) = (String::new(), String::new());
    for (file, name, text) in fixtures() {
        let case = Case::parse(&text);
        let found = case.findings();
        let (have, want) = (codes(&found).join(" "), case.expected().join(" "));
        if have != want {
            let _ = writeln!(wrong, "{file}: {name}: found `{have}`, expected `{want}`");
        }
        for finding in &found {
            let line = render(finding);
            let _ = writeln!(wording, "{file} | {name} | {line}");
            assert_tidy(&fix(finding), finding.rule.code);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    if is_updating() {
        let snapshot = format!("---\nsource: tests/rules.rs\nexpression: wording\n---\n{wording}");
        fs::create_dir_all("tests/snapshots").unwrap();
        fs::write("tests/snapshots/rules__wording.snap", snapshot).unwrap();
    }
    insta::assert_snapshot!("wording", wording);
}

/// NiceNIC's article lists eight causes of authentication errors: concrete requests, each with the rule that must be
/// named first.
#[test]
fn every_cause_of_the_article_is_named_first() {
    let mut causes = BTreeSet::new();
    let cases = fixtures().into_iter().filter(|(file, ..)| file == "causes");
    let mut count = 0;
    for (_, name, text) in cases {
        let case = Case::parse(&text);
        let first = case.directive("first").unwrap();
        assert_eq!(codes(&case.findings()).first(), Some(&first), "{name}");
        causes.insert(name.split(':').next().unwrap().to_owned());
        count += 1;
    }
    assert_eq!((causes.len(), count >= 40), (8, true));
}

#[test]
fn correct_calls_of_every_action_fire_nothing() {
    let names: BTreeSet<String> = fixtures()
        .into_iter()
        .filter(|(file, ..)| file == "good")
        .map(|(_, name, text)| {
            assert!(Case::parse(&text).expected().is_empty(), "{name}");
            name
        })
        .collect();
    for action in &Catalogue::builtin().actions {
        for client in [
            "curl sends",
            "PHP curl sends",
            "PHP streams send",
            "Guzzle sends",
            "requests sends",
            "Node sends",
            "axios sends",
        ] {
            let name = format!("{} {} as {client} it", action.category, action.action);
            assert!(names.contains(&name), "no case `{name}`");
        }
    }
}

#[test]
fn declarations_are_tidy() {
    let mut seen = BTreeSet::new();
    for rule in RULES {
        assert!(seen.insert(rule.code), "{} twice", rule.code);
        assert!(seen.insert(rule.name), "{} twice", rule.name);
        assert!(
            rules::RETIRED.iter().all(|(code, _)| *code != rule.code),
            "{} was another rule once",
            rule.code
        );
        let stem = format!(
            "{}_{}",
            rule.code.to_lowercase(),
            rule.name.replace('-', "_")
        );
        let file = format!("src/rules/{}/{stem}.rs", rule.family.word());
        assert!(rule.file.ends_with(&file), "{} is in {}", file, rule.file);
        assert_eq!(rule.code.chars().nth(1), Some(rule.family.digit()));
        assert_tidy(rule.summary, rule.code);
        assert_tidy(rule.fix, rule.code);
        let fixture = format!("tests/rules/{}.http", rule.code);
        assert!(Path::new(&fixture).exists(), "no {fixture}");
        let fires = fixtures()
            .into_iter()
            .filter(|(file, ..)| file == rule.code)
            .any(|(_, _, text)| Case::parse(&text).expected().contains(&rule.code));
        assert!(fires, "{fixture} never expects {}", rule.code);
    }
    assert!(RULES.is_sorted_by_key(|rule| rule.code), "not by code");
}

#[test]
fn pages_are_plain_text() {
    for rule in rules::all() {
        for columns in [80, 100] {
            let page = page(rule, columns);
            assert!(page.starts_with(&format!("{} {}\n", rule.code, rule.name)));
            assert!(!page.contains("```") && !page.contains("## "), "{page}");
            for line in page.lines() {
                // What is to be sent is not broken, nor are names.
                let is_whole = line.starts_with("    ") || !line.trim().contains(' ');
                let fits = line.chars().count() <= columns;
                assert!(fits || is_whole, "{}: {line}", rule.code);
            }
        }
    }
}

#[test]
fn the_catalogue_agrees_with_the_good_examples() {
    let examples = RULES.iter().flat_map(|rule| examples(rule, "Good"));
    let good = fixtures().into_iter().filter(|(file, ..)| file == "good");
    for text in examples.chain(good.map(|(_, _, text)| text)) {
        let Subject::Request { request, .. } = Case::parse(&text).subject() else {
            continue;
        };
        let (category, action) = (&request.call.category, &request.call.action);
        let (Some(category), Some(action)) = (category, action) else {
            panic!("no call in:\n{text}");
        };
        let action = Catalogue::builtin().action(category.expose(), action.expose());
        let known = &action
            .unwrap_or_else(|| panic!("not listed:\n{text}"))
            .params;
        for param in &request.params {
            let is_known = ["category", "action"].contains(&&*param.name)
                || known.iter().any(|known| *known.name == *param.name);
            assert!(is_known, "{} in:\n{text}", param.name);
        }
    }
}

/// Tables of hostile requests, one line each: id, what it is, codes, what the most telling of them
/// saw. The bytes are not ours to ship.
#[test]
fn hostile_requests_are_told_apart() {
    let corpus = std::env::var_os("NICETAP_CORPUS").unwrap_or_else(|| "../shared/corpus".into());
    let Ok(corpus) = fs::read_to_string(Path::new(&corpus).join("hostile.jsonl")) else {
        println!("skipped: no hostile.jsonl; NICETAP_CORPUS names the folder that holds it");
        return;
    };
    let rows: Vec<serde_json::Value> = corpus
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (letter, table) in [('A', "authorization"), ('J', "bodies"), ('T', "types")] {
        let mut fresh = String::new();
        for row in &rows {
            let id = row["id"].as_str().unwrap();
            if !id.starts_with(letter) {
                continue;
            }
            let Some(request) = hostile_request(row) else {
                continue;
            };
            let case = Case {
                directives: vec![("connect".to_owned(), "api.nicenic.net:443".to_owned())],
                request,
                ..Case::default()
            };
            let found = case.findings();
            let (codes, name) = (codes(&found).join(" "), row["name"].as_str().unwrap());
            let family = if letter == 'A' { "N1" } else { "N3" };
            let of_family = |finding: &&Finding| finding.rule.code.starts_with(family);
            let telling = found.iter().find(of_family).or(found.first());
            let seen = telling.map(|finding| raw_text(&finding.hit.seen));
            let seen = seen.unwrap_or_default();
            let _ = writeln!(fresh, "{id}\t{name}\t{codes}\t{seen}");
        }
        assert_up_to_date(&format!("tests/rules/{table}.tsv"), &fresh);
    }
}

/// Table A of the facts names 95 things that stand where the credential belongs. Those whose bytes an outsider wrote
/// are judged in `authorization.tsv` (from the corpus), the others stand in `authorization.http`.
#[test]
fn all_95_forms_of_authorization_are_told_apart() {
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    let table = fs::read_to_string("tests/rules/authorization.tsv").unwrap();
    for row in table.lines() {
        let [id, _, codes, seen] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let about = codes
            .split(' ')
            .filter(|code| is_about_the_credential(code));
        let about: Vec<_> = about.collect();
        let says = (!about.is_empty()).then(|| format!("{}: {seen}", about.join(" ")));
        said.insert(id.to_owned(), says.unwrap_or_default());
    }
    let ours = fixtures()
        .into_iter()
        .filter(|(file, ..)| file == "authorization");
    for (_, name, text) in ours {
        let found = Case::parse(&text).findings();
        let about = found
            .iter()
            .filter(|finding| is_about_the_credential(finding.rule.code));
        let says: Vec<String> = about
            .map(|finding| format!("{}: {}", finding.rule.code, raw_text(&finding.hit.seen)))
            .collect();
        let id = name.split(' ').next().unwrap().to_owned();
        assert!(said.insert(id, says.join(" ")).is_none(), "{name} twice");
    }
    let ids: Vec<String> = (1..=95).map(|number| format!("A{number:02}")).collect();
    assert_eq!(said.keys().cloned().collect::<Vec<_>>(), ids);

    let silent: Vec<&str> = said
        .iter()
        .filter(|(_, says)| says.is_empty())
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(silent, SOUND_FORMS);
    for (id, says) in said.iter().filter(|(_, says)| !says.is_empty()) {
        let same = said
            .iter()
            .find(|(other, also)| *other != id && *also == says && !is_alike(id, other));
        assert!(same.is_none(), "{id} and {same:?} are not told apart");
    }
}

fn is_about_the_credential(code: &str) -> bool {
    code.starts_with("N1") || code.starts_with("N7")
}

/// Whether the table itself wants the same said of both.
fn is_alike(one: &str, other: &str) -> bool {
    ALIKE
        .iter()
        .any(|alike| alike.contains(&one) && alike.contains(&other))
}

/// The bytes of a row; `None` where they are too many to be kept in the corpus.
fn hostile_request(row: &serde_json::Value) -> Option<Vec<u8>> {
    let text = row["b64"].as_str()?;
    if row["id"] == "A85" {
        let value = "x".repeat(1 << 20);
        let head = format!(
            "GET /v2/ HTTP/1.1\r\nHost: api.nicenic.net\r\nAuthorization: alice:{value}\r\n\r\n"
        );
        return Some(head.into_bytes());
    }
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap();
    let mut request = Vec::new();
    let mut rest = &bytes[..];
    while let Some(at) = memchr::memmem::find(rest, b"@@HOST@@") {
        request.extend_from_slice(&rest[..at]);
        request.extend_from_slice(b"api.nicenic.net");
        rest = &rest[at + 8..];
    }
    request.extend_from_slice(rest);
    (!bytes.is_empty()).then_some(request)
}

#[test]
fn every_defect_is_named_by_a_rule() {
    for kind in DEFECTS {
        let refusal = Refusal::derive(Defect::whole(*kind), b"");
        assert!(!rules::of_refusal(&refusal).is_empty(), "{kind:?}");
    }
}

#[test]
fn registry_is_up_to_date() {
    let mut files: Vec<(String, String)> = vec![];
    for family in fs::read_dir("src/rules").unwrap().map(Result::unwrap) {
        if !family.path().is_dir() {
            continue;
        }
        for file in fs::read_dir(family.path()).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            let family = family.file_name().into_string().unwrap();
            files.push((name.strip_suffix(".rs").unwrap().to_owned(), family));
        }
    }
    files.sort();
    let families: BTreeSet<&str> = files.iter().map(|(_, family)| family.as_str()).collect();
    let mut fresh = String::from(REGISTRY_HEAD);
    for (stem, family) in &files {
        let _ = writeln!(fresh, "    &{family}::{stem}::RULE,");
    }
    fresh.push_str("];\n");
    for family in families {
        let _ = writeln!(fresh, "\nmod {family} {{");
        for (stem, _) in files.iter().filter(|(_, of)| of == family) {
            let _ = writeln!(fresh, "    pub(super) mod {stem};");
        }
        fresh.push_str("}\n");
    }
    assert_up_to_date("src/rules/mod.rs", &fresh);
}

#[test]
fn docs_are_up_to_date() {
    let mut fresh = String::from(DOCS_HEAD);
    fresh.push_str("| Code | Name | Severity | Confidence | Cause | Summary |\n");
    fresh.push_str("|---|---|---|---|---|---|\n");
    for rule in rules::all() {
        let _ = writeln!(
            fresh,
            "| [{}](#{}) | {} | {} | {} | {} | {} |",
            rule.code,
            rule.code.to_lowercase(),
            rule.name,
            rule.severity.word(),
            rule.confidence.word(),
            rule.cause.unwrap_or_default(),
            rule.summary
        );
    }
    for rule in rules::all() {
        let _ = write!(fresh, "\n## {}\n\n`{}`", rule.code, rule.name);
        let _ = writeln!(fresh, ": {}.\n", rule.summary);
        for line in rule.doc.lines() {
            let line = line.strip_prefix(' ').unwrap_or(line);
            match line.strip_prefix("## ") {
                Some("Fix") => writeln!(fresh, "### Fix\n\n{}.\n", rule.fix),
                Some(title) => writeln!(fresh, "### {title}\n"),
                None => writeln!(fresh, "{line}"),
            }
            .unwrap();
        }
        if !rule.doc.contains(" ## Fix") {
            let _ = writeln!(fresh, "\n### Fix\n\n{}.", rule.fix);
        }
    }
    assert_up_to_date("docs/rules.md", &fresh);
}

/// All cases of all fixtures: file stem, name, text.
fn fixtures() -> Vec<(String, String, String)> {
    let entries = fs::read_dir("tests/rules").unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    let mut cases = vec![];
    for file in files {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        for case in format!("\n{text}").split("\n### ").skip(1) {
            let (name, case) = case.split_once('\n').unwrap();
            cases.push((stem.to_owned(), name.to_owned(), case.to_owned()));
        }
    }
    cases
}

/// The code blocks of a section.
fn examples(rule: &Rule, section: &str) -> Vec<String> {
    let (mut blocks, mut title, mut block) = (vec![], "", None);
    for line in rule.doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if let Some(next) = line.strip_prefix("## ") {
            title = next;
        } else if line.starts_with("```") {
            match block.take() {
                None => block = Some(String::new()),
                Some(text) if title == section => blocks.push(text),
                Some(_) => {}
            }
        } else if let Some(block) = &mut block {
            let _ = writeln!(block, "{line}");
        }
    }
    blocks
}

fn assert_tidy(text: &str, code: &str) {
    // A sentence would begin with a capital; a name such as `Content-Type` or `TLS` may.
    let word = text.split(' ').next().unwrap_or_default();
    let is_name = word.contains('-') || word.chars().all(|letter| !letter.is_lowercase());
    let is_lower = is_name || !text.starts_with(char::is_uppercase);
    let is_open = !text.ends_with('.');
    assert!(is_lower && is_open, "{code}: {text}");
    assert!(text.chars().count() <= 100, "{code}: too long: {text}");
}

fn is_updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

fn assert_up_to_date(path: &str, fresh: &str) {
    let is_fresh = fs::read_to_string(path).is_ok_and(|have| have == fresh);
    if !is_fresh && is_updating() {
        fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
        fs::write(path, fresh).unwrap();
    }
    assert!(
        is_fresh,
        "{path} was out of date; run `UPDATE=1 cargo test --test rules` (again, if you just did)"
    );
}

/// Lists the kinds, and does not compile while one is missing.
macro_rules! defects {
    ($($kind:ident),+ $(,)?) => {
        const DEFECTS: &[DefectKind] = &[$(DefectKind::$kind),+];
        const _: fn(DefectKind) = |kind| match kind {
            $(DefectKind::$kind => (),)+
        };
    };
}

defects![
    BareLf,
    BareCr,
    EarlyEnd,
    Fold,
    SpaceBeforeColon,
    NoColon,
    BadFieldName,
    ControlByte,
    BadRequestLine,
    BadMethod,
    BadTarget,
    BadVersion,
    NoHost,
    TwoHosts,
    BadHost,
    TwoContentLengths,
    BadContentLength,
    LengthAndCoding,
    BadTransferEncoding,
    BodyOnConnect,
    BadChunk,
    BadTrailer,
    CredentialTrailer,
    HeadTooLarge,
    TooManyFields,
    TargetTooLong,
    SlowHead,
    CutHead,
    TlsHello,
    SocksGreeting,
    Http2Preface,
];

const SECTIONS: [&str; 4] = ["What it does", "Why it matters", "Bad", "Good"];
/// What is right, or wrong in a way that only NiceNIC can tell.
const SOUND_FORMS: &[&str] = &[
    "A01", "A02", "A54", "A55", "A81", "A82", "A83", "A84", "A86", "A91", "A93",
];
/// An empty header is empty with blanks too; two headers are two, whatever they hold.
const ALIKE: &[&[&str]] = &[&["A04", "A05"], &["A62", "A63"]];
const REGISTRY_HEAD: &str = "\
//! Generated by `UPDATE=1 cargo test --test rules`. Do not edit by hand.
//!
//! To add a rule: add a file under a family's folder, add `tests/rules/CODE.http`, run that command until it is green.
use crate::rule::Rule;

mod judge;
mod own;

pub use judge::{
    RETIRED, all, find, nearest, of_egress, of_ending, of_past, of_refusal, of_reply, of_request,
    of_target, retired, table, table_json,
};
pub use own::{NICETAP_STUMBLED, OWN, SECRET_SLIPPED};

/// All rules, by code.
pub static RULES: &[&Rule] = &[
";
const DOCS_HEAD: &str = "\
# Rules

Generated from the rules' own sources by `UPDATE=1 cargo test --test rules`. Do not edit by hand.

*Severity*: `error`, the call cannot work like this; `warn`, it may fail, cost or leak; `info`, worth knowing;
`good`, right and worth saying. *Confidence*: `is`, it was seen; `likely`, it follows from what was seen and what the
documentation says; `may`, it is possible. *Cause* is the number in NiceNIC's article on authentication errors.

";
