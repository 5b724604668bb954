//! N9xx: what the journal says of nicetap itself. No request makes them fire.
use crate::rule::{Check, Confidence, Family, Rule, Severity};

/// All of them, by code.
pub static OWN: &[&Rule] = &[&SECRET_SLIPPED, &NICETAP_STUMBLED];

/// N901: the self-check found a secret in a finished text. It is masked whole.
pub static SECRET_SLIPPED: Rule = Rule {
    code: "N901",
    name: "secret-slipped",
    family: Family::Own,
    severity: Severity::Warn,
    confidence: Confidence::Is,
    cause: None,
    summary: "the self-check found a secret in a masked text",
    fix: "search older lines with `nicetap verify-log`, and please report it with the version",
    doc: "\
 ## What it does
 Says that a finished text of this line still held a known secret. One line in 64 is searched a
 second time before it is written; this one's text is masked whole, so the log holds nothing.

 ## Why it matters
 The masking has a gap. A line that was not searched twice may hold what this one would have held:
 search the log with `nicetap verify-log`, which shares no code with the masking, before you hand
 it to anybody.
",
    since: "0.1.0",
    once: false,
    file: file!(),
    check: Check::Own,
};

/// N902: nicetap itself stumbled. The record is kept, without any wire text.
pub static NICETAP_STUMBLED: Rule = Rule {
    code: "N902",
    name: "nicetap-stumbled",
    family: Family::Own,
    severity: Severity::Warn,
    confidence: Confidence::Is,
    cause: None,
    summary: "a bug in nicetap while it looked into this exchange",
    fix: "please report it with the version and what was sent",
    doc: "\
 ## What it does
 Says that nicetap panicked while it read this call, judged it or masked it. If a rule did, its
 findings are missing. Otherwise the line keeps numbers and nicetap's own words only: no URL, no
 header, no body.

 ## Why it matters
 The call itself was not touched: it went on as it came, and what it could cost counts as unknown
 (so `--guard block` holds it). But nicetap tells you less of this call than it should.
",
    since: "0.1.0",
    once: false,
    file: file!(),
    check: Check::Own,
};
