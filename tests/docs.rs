//! What the pages say is done, to the letter: each command line and each snippet of README and docs runs, against the
//! mock. A block that cannot be run says so in the page's source, `<!-- not run: why -->`, and these are counted.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

#[path = "docs/container.rs"]
mod container;
#[path = "support/newer_node.rs"]
mod newer_node;
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

/// In a real network of its own, with a stand-in for Docker's client.
#[test]
fn the_lines_for_docker_run() {
    let mut reader = Reader::new();
    if reader.has_container() {
        reader.follow(&Page::read(DOCKER));
    } else {
        support::say("not run: this user may not make namespaces");
    }
}

const DOCKER: &str = "docs/clients/docker.md";

/// What `nicetap setup` prints for a client, in the words of a page.
fn printed(client: &str) -> Vec<String> {
    let mut nicetap = Command::new(env!("CARGO_BIN_EXE_nicetap"));
    nicetap
        .args(["setup", client])
        .env("NICETAP_HOME", "/nowhere/at/all");
    let output = nicetap
        .env("NICETAP_LISTEN", "127.0.0.1:8899")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let text = text.replace("/nowhere/at/all/public/", "/etc/nicetap/");
    let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
    lines.map(str::to_owned).collect()
}

/// Follows a page that has this file, and these commands beside a nicetap that serves.
fn follow_printed(name: &str, text: &str, commands: Vec<String>) {
    let exits = vec![0];
    let serve = vec!["nicetap serve".to_owned()];
    let steps = vec![
        Step::Type {
            commands: serve,
            exits: exits.clone(),
        },
        Step::Write {
            name: name.to_owned(),
            text: text.to_owned(),
        },
        Step::Type { commands, exits },
    ];
    let path = "docs/clients/ as printed".to_owned();
    Reader::new().follow(&Page { path, steps });
}

#[test]
fn the_lines_that_setup_prints_for_curl_run() {
    let lines = printed("curl");
    let curl = lines.iter().find(|line| line.starts_with("curl ")).unwrap();
    let (head, url) = curl.rsplit_once(' ').unwrap();
    let url = url.replace('…', QUERY);
    let fields = "-H 'Authorization: username:api_secret' -H 'Content-Type: application/json'";
    let options = lines.iter().filter(|line| line.starts_with("curl_setopt("));
    let options: Vec<&str> = options.map(String::as_str).collect();
    assert_eq!(options.len(), 2);
    let script = format!(
        "<?php\n$handle = curl_init('https://api.nicenic.net/v2/{QUERY}');\n{}\n\
         curl_setopt($handle, CURLOPT_HTTPHEADER,\n\
         ['Authorization: username:api_secret', 'Content-Type: application/json']);\n\
         exit(curl_exec($handle) ? 0 : 1);\n",
        options.join("\n")
    );
    let commands = vec![
        format!("{head} {fields} '{url}'"),
        "php printed.php".to_owned(),
    ];
    follow_printed("printed.php", &script, commands);
}

#[test]
fn the_lines_that_setup_prints_for_guzzle_run() {
    let lines = printed("guzzle");
    let from = lines
        .iter()
        .position(|line| line.starts_with("new GuzzleHttp"))
        .unwrap();
    let script = format!(
        "<?php\nrequire 'vendor/autoload.php';\n$client = {}\n\
         echo $client->get('https://api.nicenic.net/v2/{QUERY}', ['headers' =>\n\
         ['Authorization' => 'username:api_secret', 'Content-Type' => 'application/json']])->getBody();\n",
        lines[from..].join("\n")
    );
    follow_printed("printed.php", &script, vec!["php printed.php".to_owned()]);
}

#[test]
fn the_lines_that_setup_prints_for_a_shell_run() {
    let lines = printed("python").into_iter();
    let mut commands: Vec<String> = lines.filter(|line| line.starts_with("export ")).collect();
    assert_eq!(commands.len(), 3);
    commands.push("python3 program.py".to_owned());
    let page = Page::read("docs/clients/python.md").steps.into_iter();
    let mut files = page.filter_map(|step| match step {
        Step::Write { name, text } => Some((name, text)),
        _ => None,
    });
    let (name, text) = files.next().unwrap();
    follow_printed(&name, &text, commands);
}

#[test]
fn the_lines_that_setup_prints_for_docker_run() {
    let mut reader = Reader::new();
    if !reader.has_container() {
        return support::say("not run: this user may not make namespaces");
    }
    let lines = printed("docker").join("\n").replace("\\\n", "\\\u{0}");
    let lines = lines.lines().map(|line| line.replace('\u{0}', "\n"));
    let fields = "-H 'Authorization: username:api_secret' -H 'Content-Type: application/json'";
    let call = format!("{fields} 'https://api.nicenic.net/v2/{QUERY}'");
    let mut commands: Vec<String> = lines
        .take_while(|line| line != "services:")
        .map(|line| line.replace("https://api.nicenic.net/v2/…", &call))
        .collect();
    assert_eq!(commands.len(), 6, "{commands:?}");
    let mut steps = Page::read(DOCKER).steps;
    steps.retain(|step| matches!(step, Step::Write { .. }));
    for commands in [commands.drain(..2).collect(), commands] {
        let exits = vec![0];
        steps.push(Step::Type { commands, exits });
    }
    let path = "docs/clients/ as printed".to_owned();
    reader.follow(&Page { path, steps });
}

#[test]
fn no_page_with_something_to_do_is_left_out() {
    for path in page::all() {
        let is_followed = path == DOCKER || FOLLOWED.contains(&path.as_str());
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

const QUERY: &str = "?category=domain&action=check&domains=example.com";
/// A block that cannot be run costs a place here. Do not raise it without need.
const NOT_RUN_AT_MOST: usize = 12;
