//! What the pages say is done, to the letter: each command line and each snippet of README and docs runs, against the
//! mock. A block that cannot be run says so in the page's source, `<!-- not run: why -->`, and these are counted.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

#[path = "docs/page.rs"]
mod page;
#[path = "docs/reader.rs"]
mod reader;

use std::collections::BTreeSet;
use std::process::Command;

use page::{Page, Step};
use reader::Reader;

/// Pages with something to do, each followed in a test of its own.
macro_rules! followed {
    ($($test:ident: $path:literal,)+) => {
        $(#[test]
        fn $test() {
            Reader::new().follow(&Page::read($path));
        })+

        const FOLLOWED: &[&str] = &[$($path),+];
    };
}

followed! {
    the_readme_runs_and_what_it_prints_is_up_to_date: "README.md",
    the_guide_runs: "docs/guide.md",
    the_page_on_setup_runs: "docs/setup.md",
    the_page_on_trouble_runs: "docs/troubleshooting.md",
    the_page_on_diagnosis_runs: "docs/diagnosis.md",
    the_page_on_lint_runs_and_what_it_prints_is_up_to_date: "docs/lint.md",
    the_lines_for_curl_run: "docs/clients/curl.md",
    the_lines_for_php_run: "docs/clients/php.md",
    the_lines_for_guzzle_run: "docs/clients/guzzle.md",
    the_lines_for_python_run: "docs/clients/python.md",
    the_lines_for_node_run: "docs/clients/node.md",
    the_lines_for_go_run: "docs/clients/go.md",
    the_lines_for_java_run: "docs/clients/java.md",
    the_lines_for_whmcs_run: "docs/clients/whmcs.md",
}

#[test]
fn no_page_with_something_to_do_is_left_out() {
    for path in page::all() {
        let is_followed = FOLLOWED.contains(&path.as_str());
        assert!(is_followed || Page::read(&path).steps.is_empty(), "{path}");
    }
}

#[test]
fn what_is_not_run_does_not_grow_and_is_at_least_taken_by_nicetap() {
    let mut skipped = 0;
    for path in page::all() {
        for step in Page::read(&path).steps {
            let Step::Skip { commands, why } = step else {
                continue;
            };
            skipped += 1;
            support::say(&format!("{path}: not run, {why}: {commands:?}"));
            for command in commands {
                is_taken(&command);
            }
        }
    }
    assert!(skipped <= NOT_RUN_AT_MOST, "{skipped} blocks are not run");
}

/// nicetap knows the options of this command line, if it is one of nicetap's.
fn is_taken(command: &str) {
    let command = command.trim_start_matches("sudo ");
    let Some(line) = command.strip_prefix("nicetap ") else {
        return;
    };
    let own = line.split(" -- ").next().unwrap_or_default();
    let mut nicetap = Command::new(env!("CARGO_BIN_EXE_nicetap"));
    let output = nicetap
        .args(own.split_whitespace())
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut links = 0;
    for path in page::all() {
        let text = std::fs::read_to_string(support::project(&path)).unwrap();
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if target.starts_with("http") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let mut place = support::project(&path);
            if !file.is_empty() {
                place = place.with_file_name(file);
            }
            assert!(place.exists(), "{path}: {target}");
            if !anchor.is_empty() {
                let there = std::fs::read_to_string(&place).unwrap();
                assert!(anchors(&there).contains(anchor), "{path}: {target}");
            }
        }
    }
    assert!(links > 30, "only {links} links seen: is the test blind?");
}

/// The names that a page's headings get.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let name = |line: &str| -> String {
        let words = line
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .replace(' ', "-");
        let is_kept = |c: &char| c.is_alphanumeric() || "-_".contains(*c);
        words.chars().filter(is_kept).collect()
    };
    headings.map(name).collect()
}

#[test]
fn the_list_of_commands_has_them_all() {
    let page = std::fs::read_to_string(support::project("docs/commands.md")).unwrap();
    let help = Command::new(env!("CARGO_BIN_EXE_nicetap"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help
        .split("Commands:\n")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let names = commands
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<&str> = names
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("`nicetap {name}")), "{name}");
    }
}

/// A block that cannot be run costs a place here. Do not raise it without need.
const NOT_RUN_AT_MOST: usize = 12;
