//! The page of a rule, as `nicetap explain` prints it: plain text out of the rule's own Markdown.
use std::fmt::Write as _;

use super::Rule;

/// The page for so many columns: what the rule is in three lines, its sections, and the fix at the end.
pub fn page(rule: &Rule, columns: usize) -> String {
    let mut page = Page {
        text: format!("{} {}\n", rule.code, rule.name),
        columns,
        open: String::new(),
    };
    page.paragraph(rule.summary);
    let (severity, confidence) = (rule.severity.word(), rule.confidence.word());
    let cause = rule.cause.map_or_else(String::new, |cause| {
        format!("; cause {cause} in NiceNIC's article on authentication errors")
    });
    let since = rule.since;
    page.paragraph(&format!("{severity}, {confidence}{cause}; since {since}"));
    let (mut is_code, mut was_code, mut has_fix) = (false, false, false);
    for line in rule.doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if line.starts_with("```") {
            if !is_code && was_code {
                page.text.push('\n');
            }
            (is_code, was_code) = (!is_code, is_code);
        } else if is_code {
            // Writing to a string cannot fail.
            let _ = writeln!(page.text, "    {line}");
        } else if let Some(title) = line.strip_prefix("## ") {
            page.title(title);
            was_code = false;
            if title == "Fix" {
                has_fix = true;
                page.paragraph(rule.fix);
            }
        } else {
            page.line(line);
        }
    }
    if !has_fix {
        page.title("Fix");
        page.paragraph(rule.fix);
    }
    page.close();
    page.text
}

/// Text whose paragraphs are broken anew: those of the source are as wide as the source.
struct Page {
    text: String,
    columns: usize,
    /// The paragraph or item that may go on.
    open: String,
}

impl Page {
    /// A line of the source: it begins an item, ends a paragraph, or goes on with what is open.
    fn line(&mut self, line: &str) {
        if line.is_empty() || line.starts_with("- ") {
            self.close();
        }
        if !self.open.is_empty() {
            self.open.push(' ');
        }
        self.open.push_str(line.trim());
    }

    fn paragraph(&mut self, text: &str) {
        self.close();
        text.clone_into(&mut self.open);
        self.close();
    }

    fn title(&mut self, title: &str) {
        self.close();
        let _ = writeln!(self.text, "\n{}", title.to_uppercase());
    }

    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        let hang = if open.starts_with("- ") { "  " } else { "" };
        let mut width = 0;
        for word in open.split(' ').filter(|word| !word.is_empty()) {
            let more = word.chars().count() + 1;
            if width > 0 && width + more > self.columns {
                let _ = write!(self.text, "\n{hang}{word}");
                width = hang.len() + more - 1;
            } else {
                let gap = if width > 0 { " " } else { "" };
                let _ = write!(self.text, "{gap}{word}");
                width += if width > 0 { more } else { more - 1 };
            }
        }
        if width > 0 {
            self.text.push('\n');
        }
    }
}
