//! The house's own rules: which room may use which (`docs/architecture.md`).
#![expect(clippy::unwrap_used, reason = "a test")]
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Rooms and their floors. `redact::seal` is a room below the rest of `redact`.
const FLOORS: [(&str, u8); 31] = [
    ("main", 9),
    ("cli", 9),
    ("inspector", 8),
    ("mock", 8),
    ("doctor", 8),
    ("lint", 8),
    ("verify", 8),
    ("setup", 8),
    ("wire", 7),
    ("sink", 6),
    ("journal", 5),
    ("diagnose", 5),
    ("redact", 4),
    ("record", 4),
    ("ca", 4),
    ("capture", 4),
    ("egress", 4),
    ("rules", 3),
    ("rule", 3),
    ("facts", 2),
    ("client", 2),
    ("catalogue", 1),
    ("config", 1),
    ("decode", 1),
    ("redact::seal", 0),
    ("http1", 0),
    ("store", 0),
    ("clock", 0),
    ("stumble", 0),
    ("text", 0),
    ("lib", 9),
];

/// Neighbours on one floor, of which the first may use the second.
const NEIGHBOURS: [(&str, &str); 9] = [
    ("doctor", "setup"),
    ("main", "cli"),
    ("cli", "lib"),
    ("journal", "diagnose"),
    ("rules", "rule"),
    ("rule", "rules"),
    ("redact", "capture"),
    ("lib", "cli"),
    ("catalogue", "config"),
];

#[test]
fn a_room_uses_only_what_stands_below_it() {
    let floors: BTreeMap<&str, u8> = FLOORS.into();
    let mut arrows = 0;
    let mut wrong = Vec::new();
    for (file, room) in sources(Path::new("src")) {
        let Some(floor) = floors.get(room.as_str()) else {
            wrong.push(format!(
                "{file}: the room `{room}` has no floor in tests/house.rs"
            ));
            continue;
        };
        for used in uses(&fs::read_to_string(&file).unwrap()) {
            arrows += 1;
            let allowed = used == room
                || floors.get(used.as_str()).is_some_and(|below| below < floor)
                || NEIGHBOURS.contains(&(room.as_str(), used.as_str()));
            if !allowed {
                wrong.push(format!("{file}: `{room}` uses `{used}`"));
            }
        }
    }
    assert!(arrows > 50, "only {arrows} arrows seen: is the test blind?");
    assert!(
        wrong.is_empty(),
        "arrows that run up:\n{}",
        wrong.join("\n")
    );
}

/// Every source file with its room.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
            continue;
        }
        let inside = path.strip_prefix("src").unwrap().with_extension("");
        let mut parts = inside.iter().map(|part| part.to_str().unwrap());
        let first = parts.next().unwrap().to_owned();
        let is_seal = first == "redact" && parts.next() == Some("seal");
        let room = if is_seal {
            "redact::seal".to_owned()
        } else {
            first
        };
        found.push((path.to_str().unwrap().to_owned(), room));
    }
    found
}

/// The rooms that a file names as `crate::room`, outside its comments and tests.
fn uses(source: &str) -> Vec<String> {
    let code: String = source
        .split("#[cfg(test)]")
        .next()
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    code.split("crate::")
        .skip(1)
        .map(|rest| {
            let word = |text: &str| -> String {
                text.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect()
            };
            let first = word(rest);
            let second = rest
                .strip_prefix(&first)
                .and_then(|rest| rest.strip_prefix("::"));
            match second.map(word) {
                Some(second) if first == "redact" && second == "seal" => "redact::seal".to_owned(),
                _ => first,
            }
        })
        .filter(|room| !room.is_empty())
        .collect()
}
