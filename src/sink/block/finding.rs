//! Findings, under the line that they belong to.
use crate::record::{Confidence, Finding, Leaf};

use super::memory::key;
use super::rows::field;
use super::style::{BOLD, DIM, severity_style};
use super::units::ordinal;
use super::{Renderer, VALUE, Verbosity, word};
use crate::sink::text::{Page, Rich};

impl Renderer {
    pub(super) fn findings<'a, T: Leaf + 'a>(
        &mut self,
        page: &mut Page,
        id: u64,
        findings: impl Iterator<Item = &'a Finding<T>>,
    ) {
        for finding in findings {
            let sighting = self.memory.sight(key(finding), id);
            if sighting.first == id {
                self.finding(page, finding);
            } else {
                let times = ordinal(sighting.times);
                let again = format!(" (again, {times} time; first in #{})", sighting.first);
                let row = self.finding_title(finding).styled(DIM, again);
                page.row(CODE, VALUE, &row);
            }
        }
    }

    fn finding<T: Leaf>(&self, page: &mut Page, finding: &Finding<T>) {
        let title = self.finding_title(finding);
        let at = self.leaf(&finding.at);
        let place = Rich::styled_as(DIM, "at ").then(at.clone());
        let used = CODE + title.width();
        let column = page.columns() - PLACE_FROM_RIGHT;
        let fits_column = used + 2 <= column && column + place.width() <= page.columns();
        let gap = if fits_column { column - used } else { 2 };
        if used + gap + place.width() <= page.columns() {
            page.row(CODE, VALUE, &title.text(" ".repeat(gap)).then(place));
        } else {
            page.row(CODE, VALUE, &title);
            field(page, "at", &at);
        }
        field(page, "saw", &self.leaf(&finding.seen));
        field(page, "want", &self.leaf(&finding.want));
        field(page, "fix", &self.leaf(&finding.fix));
        if self.look.verbosity == Verbosity::Verbose
            && let Some(cause) = &finding.cause
        {
            let is_number = cause.bytes().all(|byte| byte.is_ascii_digit());
            let whose = if is_number { " in NiceNIC's list" } else { "" };
            field(page, "cause", &Rich::new(cause).text(whose));
        }
    }

    fn finding_title<T: Leaf>(&self, finding: &Finding<T>) -> Rich {
        let sure = match finding.confidence {
            Confidence::Is => "",
            Confidence::Likely => "likely: ",
            Confidence::May => "may be: ",
        };
        let title = (self.look.title)(&finding.code)
            .map_or_else(|| finding.name.replace('-', " "), str::to_owned);
        let severity = format!("{:5}", word(finding.severity));
        Rich::styled_as(BOLD, &finding.code)
            .text(" ")
            .styled(severity_style(finding.severity), severity)
            .text("  ")
            .text(sure)
            .text(title)
    }
}

/// Where a finding's code stands.
const CODE: usize = 4;
/// How far from the right edge a finding's place stands.
const PLACE_FROM_RIGHT: usize = 32;
