//! The log from both ends: its schema, its file, its rotation, and how it is shown.
#![expect(
    clippy::unwrap_used,
    reason = "a failed step of a test is a failed test"
)]
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};

use jiff::tz::TimeZone;
use nicetap::journal::Sink;
use nicetap::record::{
    AddressFamily, AnswerBy, ClientKind, Confidence, ConnectionStage, Environment, Exchange,
    Logged, Record, Risk, Severity, Stage, TunnelWhy, Verdict, Via, Who,
};
use nicetap::redact::seal::Masked;
use nicetap::sink::block::{Look, Renderer, Verbosity};
use nicetap::sink::jsonl::{Jsonl, Lost, News, Options};
use nicetap::sink::only::Only;
use nicetap::sink::out::{LogFile, OpenError, Printer, Repair};
use nicetap::sink::reader::{BadLine, Entry, Reader};
use nicetap::sink::view::{Form, Viewer};
use serde_json::{Value, json};

#[path = "support/records.rs"]
mod records;

use records::{Maker, addr, time};

#[path = "log/schema.rs"]
mod schema;

#[path = "log/file.rs"]
mod file;

#[path = "log/jsonl.rs"]
mod jsonl;

#[path = "log/console.rs"]
mod console;

#[path = "log/reading.rs"]
mod reading;

#[test]
fn colours_are_taken_out_where_they_do_not_belong() {
    let shown = Shown::default();
    let mut printer = shown.printer();
    printer.print("\x1b[1mbold\x1b[0m\n").unwrap();
    assert_eq!(shown.text(), "bold\n");
    assert_eq!(printer.columns(), None);
    assert!(!printer.is_colored() && !printer.is_terminal());
}

const STAGES: [Stage; 6] = [
    Stage::Resolve,
    Stage::Connect,
    Stage::Tls,
    Stage::Send,
    Stage::Receive,
    Stage::Client,
];

const VERDICTS: [Verdict; 8] = [
    Verdict::Ok,
    Verdict::Pending,
    Verdict::Refused,
    Verdict::Rejected,
    Verdict::Failed,
    Verdict::Unreachable,
    Verdict::Held,
    Verdict::Aborted,
];

fn full() -> Maker {
    Maker::default()
}

fn bare() -> Maker {
    Maker {
        text: None,
        is_bare: true,
    }
}

/// One run: each kind of record, and a finding that comes again.
fn story() -> Vec<Record<Logged>> {
    let mut records = full().all();
    let mut bare_request = bare().notice();
    bare_request.id = 11;
    let mut bare_exchange = bare().exchange();
    bare_exchange.id = 11;
    let mut again = full().notice();
    again.id = 12;
    again.time = time(5_000);
    again.client.via = Some(Via::Gateway);
    let mut again_answered = full().exchange();
    again_answered.id = 12;
    again_answered.time = time(5_100);
    again_answered.findings.push(full().look_alike());
    again_answered.diagnosis.compared_with = Some(full().compared_with());
    let mut third = full().exchange();
    third.id = 13;
    third.time = time(6_000);
    let stop = records.pop();
    records.extend([
        Record::Request(Box::new(bare_request)),
        Record::Exchange(Box::new(bare_exchange)),
        Record::Request(Box::new(again)),
        Record::Exchange(Box::new(again_answered)),
        Record::Exchange(Box::new(third)),
    ]);
    records.extend(stop);
    records
}

/// Exchanges that end in all ways, and tunnels that do.
fn outcomes() -> Vec<Record<Logged>> {
    let mut records = Vec::new();
    let mut add = |edit: &dyn Fn(&mut Exchange<Logged>)| {
        let mut notice = full().notice();
        let mut exchange = full().exchange();
        let id = 20 + records.len() as u64;
        exchange.id = id;
        notice.id = id;
        notice.findings.clear();
        exchange.findings.clear();
        exchange.diagnosis.causes.clear();
        exchange.egress.public = None;
        edit(&mut exchange);
        records.push(Record::Request(Box::new(notice)));
        records.push(Record::Exchange(Box::new(exchange)));
    };
    for verdict in VERDICTS {
        add(&|it| it.diagnosis.verdict = verdict);
    }
    for stage in STAGES {
        add(&|it| {
            it.response = None;
            it.failure = Some(full().failure(stage));
            it.answer.by = AnswerBy::Nicetap;
            it.answer.status = Some(502);
            it.diagnosis.verdict = Verdict::Unreachable;
        });
    }
    add(&|it| {
        it.answer.by = AnswerBy::Mock;
        it.egress.local = None;
        it.egress.peer = None;
        it.diagnosis.verdict = Verdict::Refused;
    });
    add(&|it| {
        it.answer.by = AnswerBy::Nobody;
        it.answer.status = None;
        it.diagnosis.verdict = Verdict::Aborted;
    });
    add(&|it| {
        it.response = None;
        it.answer.by = AnswerBy::Nobody;
        it.answer.status = None;
        it.egress.local = None;
        it.diagnosis.verdict = Verdict::Failed;
    });
    add(&|it| {
        it.answer.by = AnswerBy::Nicetap;
        it.answer.status = Some(504);
        it.diagnosis.verdict = Verdict::Failed;
    });
    add(&|it| {
        it.call.environment = Environment::Other;
        it.diagnosis.verdict = Verdict::Refused;
        it.egress.chosen_by = "upstream-proxy".into();
    });
    add(&|it| {
        it.egress = full().egress();
        it.egress.family = Some(AddressFamily::V6);
        it.egress.whitelisted = Some(true);
        it.diagnosis.verdict = Verdict::Ok;
        if let Some(public) = &mut it.egress.public {
            public.others.push("198.51.100.7".parse().unwrap());
        }
    });
    for why in [
        TunnelWhy::Scope,
        TunnelWhy::Distrust,
        TunnelWhy::Expired,
        TunnelWhy::Sniff,
    ] {
        let mut tunnel = bare().tunnel();
        tunnel.why = why;
        records.push(Record::Tunnel(Box::new(tunnel)));
    }
    let mut tunnel = full().tunnel();
    tunnel.end = "failed".into();
    tunnel.failure = Some(full().failure(Stage::Resolve));
    records.push(Record::Tunnel(Box::new(tunnel)));
    records
}

fn look(verbosity: Verbosity) -> Look {
    Look {
        verbosity,
        zone: TimeZone::UTC,
        title: |code| (code == "N102").then_some("scheme word in front of the credential"),
        is_reading: false,
    }
}

fn shown(records: &[Record<Logged>], verbosity: Verbosity, columns: usize) -> String {
    let mut renderer = Renderer::new(look(verbosity));
    let render = |record| renderer.render(record, Some(columns), false);
    records.iter().map(render).collect()
}

/// What `nicetap log` shows of such a log, and what it says on the other stream.
fn viewed(form: Form, only: Option<Only>, records: &[Record<Logged>]) -> (String, String) {
    let text: String = records
        .iter()
        .map(|record| serde_json::to_string(record).unwrap() + "\n")
        .collect();
    let (out, errors) = (Shown::default(), Shown::default());
    let mut viewer = Viewer::new(form, only, out.printer(), errors.printer());
    let mut reader = Reader::over(io::Cursor::new(text));
    viewer.begin().unwrap();
    let mut next = || -> Option<Result<Entry, BadLine>> { reader.next_line().unwrap() };
    while let Some(line) = next() {
        viewer.show(&line).unwrap();
    }
    (out.text(), errors.text())
}

/// A terminal that remembers.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    fn printer(&self) -> Printer {
        Printer::over(self.clone(), false)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn anstream_free(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test makes the files that it needs"
)]
fn put(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
