//! Runs the rules over facts, and answers questions about the set.
//!
//! It holds no state: what a rule knows of other exchanges must come with the facts.
use std::fmt::Write as _;

use serde::Serialize;

use crate::facts::{Egress, Ending, Past, Refusal, Reply, Request, Target};
use crate::rule::{Check, Finding, Hit, Rule};

use super::{OWN, RULES};

/// What is wrong with the host of a CONNECT, worst first.
pub fn of_target(target: &Target) -> Vec<Finding> {
    collect(|check| match check {
        Check::Target(check) => check(target),
        _ => None,
    })
}

/// What is wrong with a request, its host included, worst first.
pub fn of_request(request: &Request) -> Vec<Finding> {
    collect(|check| match check {
        Check::Target(check) => check(&request.target),
        Check::Request(check) => check(request),
        _ => None,
    })
}

/// What is wrong with a reply of the API, worst first. What other hosts in scope answer is their own business.
pub fn of_reply(request: &Request, reply: &Reply) -> Vec<Finding> {
    if !request.is_for_api() {
        return Vec::new();
    }
    collect(|check| match check {
        Check::Reply(check) => check(request, reply),
        _ => None,
    })
}

/// What is remarkable about the end of an exchange, worst first.
pub fn of_ending(request: &Request, ending: &Ending) -> Vec<Finding> {
    collect(|check| match check {
        Check::Ending(check) => check(request, ending),
        _ => None,
    })
}

/// What earlier exchanges say of a request, worst first.
pub fn of_past(request: &Request, past: &Past) -> Vec<Finding> {
    collect(|check| match check {
        Check::Past(check) => check(request, past),
        _ => None,
    })
}

/// Why a head or body is not forwarded, worst first; never empty.
pub fn of_refusal(refusal: &Refusal) -> Vec<Finding> {
    collect(|check| match check {
        Check::Refusal(check) => check(refusal),
        _ => None,
    })
}

/// What is wrong with the way out of a call to the API, worst first.
pub fn of_egress(egress: &Egress) -> Vec<Finding> {
    collect(|check| match check {
        Check::Egress(check) => check(egress),
        _ => None,
    })
}

/// The rule of this code or name, whatever its case; also what nicetap says of itself.
pub fn find(code: &str) -> Option<&'static Rule> {
    let is_it = |rule: &&&Rule| {
        rule.code.eq_ignore_ascii_case(code) || rule.name.eq_ignore_ascii_case(code)
    };
    all().find(is_it).copied()
}

/// The code or name that was meant, for a "did you mean".
pub fn nearest(code: &str) -> Option<&'static str> {
    let code = code.trim();
    if code.len() > LONGEST_GUESS {
        return None;
    }
    let distance =
        |known: &str| strsim::osa_distance(&code.to_ascii_lowercase(), &known.to_ascii_lowercase());
    all()
        .flat_map(|rule| [rule.code, rule.name])
        .map(|known| (distance(known), known))
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Why there is no rule of this code any more.
pub fn retired(code: &str) -> Option<&'static str> {
    let mut found = RETIRED
        .iter()
        .filter(|(old, _)| old.eq_ignore_ascii_case(code));
    found.next().map(|(_, reason)| *reason)
}

/// All rules, one a line, at most 100 columns.
pub fn table() -> String {
    let name = all().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut table = String::new();
    for rule in all() {
        let (severity, confidence) = (rule.severity.word(), rule.confidence.word());
        let _ = writeln!(
            table,
            "{}  {severity:5}  {confidence:6}  {:name$}  {}",
            rule.code, rule.name, rule.summary
        );
    }
    table
}

/// All rules as a JSON array.
pub fn table_json() -> String {
    let rows: Vec<Row> = all().map(|rule| Row::of(rule)).collect();
    // Rows hold only words of our own: nothing in them can fail to serialise.
    serde_json::to_string_pretty(&rows).unwrap_or_default()
}

/// Codes that were rules once, each with the reason why it is none now. A code is never used again.
pub const RETIRED: &[(&str, &str)] = &[];

/// All rules, and what nicetap says of itself, by code.
pub fn all() -> impl Iterator<Item = &'static &'static Rule> {
    RULES.iter().chain(OWN)
}

fn collect(run: impl Fn(Check) -> Option<Hit>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES
        .iter()
        .filter_map(|rule| run(rule.check).map(|hit| Finding { rule, hit }))
        .collect();
    findings.sort_by_key(Finding::rank);
    findings
}

#[derive(Serialize)]
struct Row {
    code: &'static str,
    name: &'static str,
    family: &'static str,
    severity: &'static str,
    confidence: &'static str,
    cause: Option<&'static str>,
    summary: &'static str,
    fix: &'static str,
    since: &'static str,
}

impl Row {
    const fn of(rule: &'static Rule) -> Self {
        Self {
            code: rule.code,
            name: rule.name,
            family: rule.family.word(),
            severity: rule.severity.word(),
            confidence: rule.confidence.word(),
            cause: rule.cause,
            summary: rule.summary,
            fix: rule.fix,
            since: rule.since,
        }
    }
}

const LONGEST_GUESS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_code_and_by_name() {
        assert_eq!(find("n102").unwrap().name, "scheme-word");
        assert_eq!(find("scheme-word").unwrap().code, "N102");
        assert!(find("N999").is_none() && find("").is_none());
        assert_eq!(nearest("scheme-wrod"), Some("scheme-word"));
        assert_eq!(nearest("1O2"), None);
        assert_eq!(nearest("N10"), Some("N101"));
        assert_eq!(nearest("something quite different"), None);
    }

    #[test]
    fn the_table_fits_a_terminal() {
        for line in table().lines() {
            assert!(
                line.chars().count() <= 100,
                "{} columns: {line}",
                line.len()
            );
        }
        let rows: serde_json::Value = serde_json::from_str(&table_json()).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), RULES.len() + OWN.len());
    }
}
