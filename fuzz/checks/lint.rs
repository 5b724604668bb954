//! Files: no `.http`, HAR or curl line makes `lint` panic.

use nicetap::lint::{Format, Linter, Report, Source, render};
use nicetap::redact::{FingerprintKey, Redactor};
use nicetap::rule::levels::Levels;

pub(crate) fn check(bytes: &[u8]) {
    let redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
    let mut linter = Linter::new(redactor, Levels::default(), Vec::new(), true);
    let mut report = Report::default();
    linter.look(&Source { name: "x", bytes }, &mut report);
    for format in [Format::Text, Format::Json, Format::Sarif] {
        let _ = render(&report, format);
    }
}
