//! Logs that are read back: any file is read without a panic and alike however it comes, and what is shown of it moves
//! no cursor, changes no colour and breaks no JSON.

use std::io::Read;

use nicetap::record::Record;
use nicetap::sink::block::{Look, Renderer, Verbosity};
use nicetap::sink::only::Only;
use nicetap::sink::reader::Reader;
use nicetap::sink::table::Table;
use nicetap::sink::{curl, escape, har};

/// The first byte says how the bytes are cut; the first line is an expression of `--only`, the rest a log.
pub(crate) fn check(input: &[u8]) {
    let Some((step, input)) = input.split_first() else {
        return;
    };
    let end = input.iter().position(|byte| *byte == b'\n');
    let (only, log) = input.split_at(end.map_or(0, |at| at + 1));
    let only = std::str::from_utf8(only)
        .unwrap_or_default()
        .parse::<Only>();
    let records = read(log, usize::from(*step).max(1), only.ok().as_ref());
    assert_eq!(
        records,
        read(log, usize::MAX, None),
        "slicing changes nothing"
    );
}

/// How many lines were records, and how many were none.
fn read(log: &[u8], step: usize, only: Option<&Only>) -> (usize, usize) {
    let mut reader = Reader::over(Slices {
        rest: log.to_vec(),
        step,
    });
    let (mut records, mut bad) = (Vec::new(), 0);
    while let Ok(Some(line)) = reader.next_line() {
        match line {
            Ok(entry) => records.push(entry.record),
            Err(line) => {
                is_harmless(&line.to_string());
                bad += 1;
            }
        }
    }
    bad += usize::from(matches!(reader.last_line(), Some(Err(_))));
    let mut renderer = Renderer::new(Look {
        verbosity: Verbosity::Verbose,
        zone: jiff::tz::TimeZone::UTC,
        title: |_| None,
        is_reading: true,
    });
    let mut table = Table::new(jiff::tz::TimeZone::UTC, Some(100));
    for record in &records {
        is_harmless(&renderer.render(record, Some(80), false));
        is_harmless(&table.row(record).unwrap_or_default());
        if let Some(only) = only {
            let _ = only.matches(record);
        }
        if let Record::Exchange(exchange) = record {
            let _ = curl::curl(exchange);
        }
    }
    let har = har::har(&records);
    assert!(
        serde_json::from_str::<serde::de::IgnoredAny>(&har).is_ok(),
        "{har}"
    );
    (records.len(), bad)
}

fn is_harmless(text: &str) {
    for line in text.lines() {
        assert_eq!(escape(line), line);
    }
}

/// A file of which a read brings only so many bytes.
struct Slices {
    rest: Vec<u8>,
    step: usize,
}

impl Read for Slices {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.step.min(buffer.len()).min(self.rest.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}
