//! Levels: which findings the user wants hidden, as warnings, or as errors that decide the exit code.
//!
//! It changes what is said of a finding, never whether a rule looks.
use std::collections::BTreeMap;

use crate::config::{Level, LevelSetting};
use crate::rules;

use super::Severity;

/// How each rule's findings are treated; a rule that is not in it keeps its own severity.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    by_code: BTreeMap<&'static str, Level>,
}

/// A selector that names no rule.
#[derive(Debug, thiserror::Error)]
#[error("{option} {selector}: there is no such rule, and no code begins so")]
pub struct UnknownSelector {
    /// `--deny`, `--allow` or `--warn`.
    option: &'static str,
    selector: String,
    /// The code or name that was meant.
    pub near: Option<&'static str>,
}

impl Levels {
    /// Reads the settings; of several that name a rule the last one counts.
    pub fn parse(settings: &[LevelSetting]) -> Result<Self, UnknownSelector> {
        let mut levels = Self::default();
        for LevelSetting { level, selector } in settings {
            let word = selector.0.to_ascii_uppercase();
            let codes: Vec<&'static str> = match rules::find(&selector.0) {
                Some(rule) => vec![rule.code],
                None => rules::all()
                    .map(|rule| rule.code)
                    .filter(|code| code.starts_with(&word))
                    .collect(),
            };
            if codes.is_empty() {
                return Err(UnknownSelector {
                    option: level.option(),
                    selector: selector.0.clone(),
                    near: rules::nearest(&selector.0),
                });
            }
            levels
                .by_code
                .extend(codes.into_iter().map(|code| (code, *level)));
        }
        Ok(levels)
    }

    /// The severity under which a finding of this rule is shown; `None`: it is hidden.
    pub fn severity(&self, code: &str, own: Severity) -> Option<Severity> {
        match self.by_code.get(code) {
            None => Some(own),
            Some(Level::Allow) => None,
            Some(Level::Warn) => Some(Severity::Warn),
            Some(Level::Deny) => Some(Severity::Error),
        }
    }

    /// Whether findings of this rule decide the exit code.
    pub fn denies(&self, code: &str) -> bool {
        self.by_code.get(code) == Some(&Level::Deny)
    }

    /// Whether findings of this rule are shown.
    pub fn shows(&self, code: &str) -> bool {
        self.by_code.get(code) != Some(&Level::Allow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Selector;

    fn levels(given: &[(Level, &str)]) -> Result<Levels, UnknownSelector> {
        let settings: Vec<_> = given
            .iter()
            .map(|(level, word)| LevelSetting {
                level: *level,
                selector: Selector((*word).to_owned()),
            })
            .collect();
        Levels::parse(&settings)
    }

    #[test]
    fn codes_prefixes_and_names_are_levels_and_the_last_wins() {
        let levels = levels(&[
            (Level::Deny, "n1"),
            (Level::Allow, "N101"),
            (Level::Warn, "scheme-word"),
        ])
        .unwrap();
        let of = |code| levels.severity(code, Severity::Info);
        assert_eq!(of("N103"), Some(Severity::Error));
        assert_eq!(of("N101"), None);
        assert_eq!(of("N102"), Some(Severity::Warn));
        assert_eq!(of("N302"), Some(Severity::Info));
        assert!(levels.denies("N103") && !levels.denies("N101") && !levels.denies("N302"));
        assert!(!levels.shows("N101") && levels.shows("N302"));
    }

    #[test]
    fn what_names_no_rule_is_refused_with_its_neighbour() {
        let error = levels(&[(Level::Warn, "scheme-wrod")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--warn scheme-wrod: there is no such rule, and no code begins so"
        );
        assert_eq!(error.near, Some("scheme-word"));
        assert!(levels(&[(Level::Deny, "N99")]).is_err());
        assert!(levels(&[(Level::Deny, "x")]).unwrap_err().near.is_none());
    }

    #[test]
    fn every_rule_can_be_meant_at_once() {
        let levels = levels(&[(Level::Allow, "N")]).unwrap();
        assert!(rules::all().all(|rule| !levels.shows(rule.code)));
    }
}
