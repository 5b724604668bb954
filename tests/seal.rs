//! The seal: who may look at raw bytes, and why; who may make masked text. (That `Raw` cannot be printed and `Masked`
//! cannot be made is proven by the `compile_fail` examples of `redact::seal`.)
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::fs;
use std::path::Path;

/// Files and rooms that call `.expose()`, each with its reason. A new one is to be argued for here.
const MAY_EXPOSE: [(&str, &str); 9] = [
    (
        "src/facts/",
        "derives facts from raw bytes, which is its work; what it keeps is Raw again, a kind or a place",
    ),
    (
        "src/lint/",
        "judges requests out of files; what it shows goes through its own redactor",
    ),
    (
        "src/wire/guard.rs",
        "compares actions and domains; keeps keyed hashes of them",
    ),
    (
        "src/rules/",
        "compares what was sent with what is wanted; what a finding quotes is Raw until it is masked",
    ),
    (
        "src/diagnose/",
        "compares a reply's words with known ones; answers with a verdict",
    ),
    (
        "src/journal/seal/",
        "hands raw leaves to the redactor, which is its work",
    ),
    (
        "src/journal/outbound.rs",
        "looks for the address that a refusal names",
    ),
    (
        "src/journal/view.rs",
        "derives facts anew, with the body that came after the head",
    ),
    ("src/redact/", "turns Raw into Masked, which is its work"),
];

/// Words on a line that would turn bytes into text or print them.
const PRINTS: [&str; 8] = [
    "format!",
    "print!",
    "println!",
    "write!",
    "panic!",
    "tracing::",
    "log::",
    "dbg!",
];

/// Each line of code in `src`, outside tests and comments, with its file.
fn lines() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
            let code = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let file = path.to_str().unwrap();
            found.extend(code.map(|line| (file.to_owned(), line.to_owned())));
        }
    }
    let mut found = Vec::new();
    walk(Path::new("src"), &mut found);
    found
}

#[test]
fn every_look_at_raw_bytes_is_on_the_list_and_every_entry_is_used() {
    let looks: Vec<_> = lines()
        .into_iter()
        .filter(|(_, line)| line.contains(".expose()"))
        .collect();
    assert!(looks.len() > 20, "{} seen: is the test blind?", looks.len());
    for (file, line) in &looks {
        let is_allowed = MAY_EXPOSE.iter().any(|(path, _)| file.starts_with(path));
        assert!(is_allowed, "{file} is not on the list: {line}");
        // The redactor puts together what it has masked on the same line.
        let masks = file.starts_with("src/redact/");
        let prints = PRINTS.iter().find(|word| line.contains(*word) && !masks);
        assert_eq!(prints, None, "{file} prints raw bytes: {line}");
    }
    for (path, reason) in MAY_EXPOSE {
        assert!(
            looks.iter().any(|(file, _)| file.starts_with(path)),
            "{path} looks no more"
        );
        assert!(reason.len() > 20, "{path}");
    }
}

#[test]
fn only_the_redactor_makes_masked_text() {
    for (file, line) in lines() {
        let makes = line.contains("Masked::sealed(") || line.contains("Masked(");
        let is_redactor = file.starts_with("src/redact/");
        // `record::Leaf` and others name the type in their bounds, never its constructor.
        assert!(!makes || is_redactor, "{file}: {line}");
    }
}

#[test]
fn masked_text_cannot_be_read_back_in() {
    let seal = fs::read_to_string("src/redact/seal.rs").unwrap();
    let code: Vec<_> = seal
        .lines()
        .filter(|line| !line.starts_with("//"))
        .collect();
    assert!(!code.iter().any(|line| line.contains("Deserialize")));
    assert!(
        !code
            .iter()
            .any(|line| line.contains("impl") && line.contains("Deref"))
    );
    assert!(
        !code
            .iter()
            .any(|line| line.contains("for Raw<T>") && !line.contains("Clone"))
    );
}

/// Nothing that is linked in writes logs of its own: there is no `tracing` or `log` subscriber to hear them.
#[test]
fn no_dependency_has_a_place_to_log_to() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    for sink in [
        "tracing-subscriber",
        "env_logger",
        "simplelog",
        "console-subscriber",
    ] {
        assert!(!manifest.contains(sink), "{sink}");
    }
    for (file, line) in lines() {
        assert!(
            !line.contains("set_logger") && !line.contains("set_global_default"),
            "{file}: {line}"
        );
    }
}
