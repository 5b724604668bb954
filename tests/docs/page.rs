//! A page of the documentation, cut into what its reader does.
use std::path::Path;

use crate::support;

/// A page.
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) steps: Vec<Step>,
}

/// One fenced block.
pub(crate) enum Step {
    /// Command lines to type, and with which exit codes they may end.
    Type {
        commands: Vec<String>,
        exits: Vec<i32>,
    },
    /// A file to write.
    Write { name: String, text: String },
    /// What was printed by then.
    Printed { text: String, by: Printer },
    /// Not done, and why not.
    Skip { commands: Vec<String>, why: String },
}

/// Who has printed it.
pub(crate) enum Printer {
    /// The nicetap that serves.
    Server,
    /// The commands right above.
    Command,
}

impl Page {
    pub(crate) fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(support::project(path)).unwrap();
        let mut steps = Vec::new();
        let mut lines = text.lines();
        let mut before = "";
        while let Some(line) = lines.next() {
            if let Some(language) = line.strip_prefix("```") {
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                steps.extend(step(path, mark(before), language, &block));
            }
            before = line;
        }
        Self {
            path: path.to_owned(),
            steps,
        }
    }

    /// Puts what nicetap prints now where the page has something older.
    pub(crate) fn reprint(&self, old: &str, new: &str) {
        let file = support::project(&self.path);
        let text = std::fs::read_to_string(&file).unwrap();
        support::write(&file, text.replacen(old, new, 1));
    }
}

/// What an HTML comment right above a block says of it.
fn mark(line: &str) -> Option<(&str, &str)> {
    let inside = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    Some(inside.split_once(": ").unwrap_or((inside, "")))
}

fn step(path: &str, mark: Option<(&str, &str)>, language: &str, block: &[&str]) -> Option<Step> {
    let text = block.join("\n") + "\n";
    match (mark, language) {
        (Some(("not run", why)), _) => {
            assert!(why.len() > 5, "{path}: a block is not run without a reason");
            let commands = if language == "console" {
                commands(path, block)
            } else {
                Vec::new()
            };
            Some(Step::Skip {
                commands,
                why: why.to_owned(),
            })
        }
        (Some(("file", name)), _) => Some(Step::Write {
            name: name.to_owned(),
            text,
        }),
        (Some(("printed by nicetap", _)), _) => Some(Step::Printed {
            text,
            by: Printer::Server,
        }),
        (Some(("printed by the command above", _)), _) => Some(Step::Printed {
            text,
            by: Printer::Command,
        }),
        (mark, "console") => {
            let exits = match mark {
                Some(("exits", codes)) => {
                    codes.split(' ').map(|code| code.parse().unwrap()).collect()
                }
                _ => vec![0],
            };
            Some(Step::Type {
                commands: commands(path, block),
                exits,
            })
        }
        // A shell's lines stand behind a prompt, so that nobody takes them for a script; what has a language of its own
        // is a file. Else it could not be run.
        (_, language) => {
            let is_plain =
                ["", "text", "http", "json", "toml", "yaml", "ini", "diff"].contains(&language);
            assert!(
                is_plain,
                "{path}: a block of {language} has no mark that says how it is run"
            );
            let prompt = block.iter().find(|line| line.starts_with("$ "));
            assert_eq!(prompt, None, "{path}: typed outside of a `console` block");
            None
        }
    }
}

/// Each command with the lines that continue it.
fn commands(path: &str, block: &[&str]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in block {
        let is_continued = commands.last().is_some_and(|last| last.ends_with('\\'));
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push(command.to_owned()),
            (None, Some(last)) if is_continued => {
                last.push('\n');
                last.push_str(line);
            }
            _ => panic!("{path}: output that nobody compares: {line}"),
        }
    }
    commands
}

/// Every page that people write.
pub(crate) fn all() -> Vec<String> {
    let mut found = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/clients"] {
        for entry in std::fs::read_dir(support::project(folder))
            .unwrap()
            .flatten()
        {
            let name = entry.file_name().into_string().unwrap();
            let is_page = Path::new(&name)
                .extension()
                .is_some_and(|extension| extension == "md");
            // The rules' pages are generated, and their examples executed, by tests/rules.rs.
            if is_page && name != "rules.md" {
                found.push(format!("{folder}/{name}"));
            }
        }
    }
    found.sort();
    found
}
