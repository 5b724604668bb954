//! The page of a rule, as `nicetap explain` prints it: plain text out of the rule's own Markdown.
use std::fmt::Write as _;

use super::Rule;

/// The page: what the rule is in three lines, its sections, and the fix at the end. At most 100 columns.
pub fn page(rule: &Rule) -> String {
    let mut page = format!("{} {}\n{}\n", rule.code, rule.name, rule.summary);
    let (severity, confidence) = (rule.severity.word(), rule.confidence.word());
    let _ = write!(page, "{severity}, {confidence}");
    if let Some(cause) = rule.cause {
        let _ = write!(
            page,
            "; cause {cause} in NiceNIC's article on authentication errors"
        );
    }
    let _ = writeln!(page, "; since {}", rule.since);
    let (mut is_code, mut has_fix) = (false, false);
    for line in rule.doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if line.starts_with("```") {
            is_code = !is_code;
        } else if is_code {
            let _ = writeln!(page, "    {line}");
        } else if let Some(title) = line.strip_prefix("## ") {
            let _ = writeln!(page, "\n{}", title.to_uppercase());
            if title == "Fix" {
                has_fix = true;
                let _ = writeln!(page, "{}", rule.fix);
            }
        } else if !line.is_empty() {
            let _ = writeln!(page, "{line}");
        }
    }
    if !has_fix {
        let _ = writeln!(page, "\nFIX\n{}", rule.fix);
    }
    page
}
