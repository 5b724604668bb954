//! `nicetap explain`: one rule's page.
use clap::Args;

use crate::config::value::{Mismatch, Word};
use crate::{rule, rules};

use super::error::Error;
use super::print;

/// What to explain.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The code of a finding, such as N102, or its name
    #[arg(value_name = "CODE", value_parser = RuleName::parse)]
    pub(super) code: RuleName,
}

/// The code or the name of a rule, as typed.
#[derive(Clone, Debug)]
pub(super) struct RuleName(String);

/// Prints the page of a rule.
pub(super) fn run(explain: &Explain) -> Result<(), Error> {
    let typed = explain.code.0.as_str();
    if let Some(rule) = rules::find(typed) {
        return print::to_stdout(&rule::page(rule, print::width()));
    }
    if let Some(reason) = rules::retired(typed) {
        return print::to_stdout(&format!("{typed} is no rule any more: {reason}\n"));
    }
    let error = Error::usage(format!("there is no rule `{typed}`"));
    Err(match rules::nearest(typed) {
        Some(nearest) => error.hint(format!(
            "did you mean `{nearest}`? `nicetap rules` lists all"
        )),
        None => error.hint("`nicetap rules` lists all"),
    })
}

impl RuleName {
    fn parse(text: &str) -> Result<Self, Mismatch> {
        Self::read(text).map_err(Mismatch)
    }
}

impl Word for RuleName {
    const EXPECTED: &'static str = "a code such as `N102`, or a rule's name";

    fn read(text: &str) -> Result<Self, &'static str> {
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if text.is_empty() || text.len() > LONGEST_NAME || !text.chars().all(sound) {
            return Err(Self::EXPECTED);
        }
        Ok(Self(text.to_owned()))
    }
}

pub(super) const HELP_END: &str = "\
Examples:
  nicetap explain N102        The page of the finding N102

Exit codes:
  0   done
  2   the command line or a setting is wrong, or there is no such rule
  70  a bug in nicetap";
const LONGEST_NAME: usize = 64;
