//! Which finding stands where on the page.
use crate::record::Finding;
use crate::redact::seal::Masked;

use super::super::node::Element;
use super::super::parts::{finding, section};

/// The findings of a record, to be taken out by their places.
pub(super) struct Places<'a>(Vec<&'a Finding<Masked>>);

impl<'a> Places<'a> {
    pub(super) fn of(findings: &'a [Finding<Masked>]) -> Self {
        Self(findings.iter().collect())
    }

    /// Those at this place, worst first.
    pub(super) fn all(&self, place: &str) -> Vec<&'a Finding<Masked>> {
        let is_there = |it: &&&Finding<Masked>| it.at.as_str().eq_ignore_ascii_case(place);
        self.0.iter().filter(is_there).copied().collect()
    }

    /// The first that speaks of a line and a column of the body.
    pub(super) fn in_body(&self) -> Option<(usize, usize, &'a Finding<Masked>)> {
        self.0.iter().find_map(|it| {
            let (line, column) = it
                .at
                .as_str()
                .strip_prefix("body line ")?
                .split_once(" column ")?;
            Some((line.parse().ok()?, column.parse().ok()?, *it))
        })
    }

    /// A block with those whose place is not shown: a header or a parameter that is missing, the connection.
    pub(super) fn unplaced(
        &self,
        url: &str,
        headers: &[(Masked, Masked)],
        has_body: bool,
    ) -> Option<Element> {
        let pairs = pairs(url);
        let is_shown = |at: &str| {
            let (kind, name) = at.split_once(' ').unwrap_or((at, ""));
            match kind {
                "header" => headers
                    .iter()
                    .any(|(have, _)| have.as_str().eq_ignore_ascii_case(name)),
                "param" => pairs
                    .iter()
                    .any(|(have, _)| have.eq_ignore_ascii_case(name)),
                "request" | "host" | "path" | "query" | "reply" => true,
                "body" => has_body || name.is_empty(),
                _ => false,
            }
        };
        let first_in_body = self.in_body().map(|(_, _, it)| std::ptr::from_ref(it));
        let is_second_in_body = |it: &Finding<Masked>| {
            it.at.as_str().starts_with("body line ")
                && first_in_body.is_some_and(|first| !std::ptr::eq(first, it))
        };
        let found: Vec<Element> = self
            .0
            .iter()
            .filter(|it| !is_shown(it.at.as_str()) || is_second_in_body(it))
            .map(|it| finding(it, true).set("id", anchor(it)))
            .collect();
        (!found.is_empty()).then(|| section("Findings").all(found))
    }
}

/// The parameters of a URL's query, as they were sent.
pub(super) fn pairs(url: &str) -> Vec<(&str, &str)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .take(MOST_PARAMETERS)
        .collect()
}

/// A name for the finding's place on the page. Codes are ours.
pub(super) fn anchor(finding: &Finding<Masked>) -> String {
    format!("f-{}", finding.code)
}

const MOST_PARAMETERS: usize = 200;
