//! The calls of the last run, out of the log.
use std::path::Path;

use crate::config::Config;
use crate::diagnose::{self, Memory};
use crate::record::{AnswerBy, Exchange, Logged, Record};
use crate::sink::reader::Reader;

use super::error::Error;

/// What the end of the log tells of earlier runs. Nothing depends on it: what cannot be read is not remembered.
pub(super) fn earlier_runs(log: Option<&Path>) -> Memory {
    let mut memory = Memory::default();
    // Opening a named pipe would wait for somebody to write into it.
    let log = log.filter(|log| log.is_file());
    let Some(Ok(mut reader)) = log.map(|log| Reader::open_near_end(log, REMEMBERED)) else {
        return memory;
    };
    while let Ok(Some(line)) = reader.next_line() {
        // That the mock took a credential is no evidence for what the API does with it.
        if let Ok(Record::Exchange(exchange)) = line.map(|entry| entry.record)
            && exchange.answer.by != AnswerBy::Mock
        {
            memory.remember(&exchange);
        }
    }
    memory.close_run();
    memory
}

/// The exchanges of the last run that has any, in their order.
pub(super) struct History {
    exchanges: Vec<Exchange<Logged>>,
    /// Lines of the log that are no records.
    bad_lines: u64,
}

impl History {
    /// Reads the log of these settings.
    pub(super) fn read(config: &Config) -> Result<Self, Error> {
        let Some(log) = &config.log else {
            return Err(Error::usage("no log is kept (--no-log)"));
        };
        Self::of(log)
    }

    fn of(log: &Path) -> Result<Self, Error> {
        let fail = |error| {
            Error::cannot_start(format!("the log {} cannot be read", log.display()))
                .caused_by(error)
                .hint("`nicetap serve` writes it; another home is named with --home")
        };
        let mut reader = Reader::open(log).map_err(fail)?;
        let (mut run, mut last, mut bad_lines) = (Vec::new(), Vec::new(), 0);
        while let Some(line) = reader.next_line().map_err(fail)? {
            match line.map(|entry| entry.record) {
                Ok(Record::Start(_)) if !run.is_empty() => last = std::mem::take(&mut run),
                Ok(Record::Exchange(exchange)) => run.push(*exchange),
                Ok(_) => {}
                Err(_) => bad_lines += 1,
            }
        }
        Ok(Self {
            exchanges: if run.is_empty() { last } else { run },
            bad_lines,
        })
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<&Exchange<Logged>> {
        self.exchanges.iter().collect()
    }

    /// The call of this number; without one, the last that failed, else the last.
    pub(super) fn call(&self, id: Option<u64>) -> Result<&Exchange<Logged>, Error> {
        let Some(id) = id else {
            return diagnose::subject(&self.all()).ok_or_else(|| {
                let error = Error::failed("the log holds no call to the API yet");
                explained(
                    error,
                    self.bad_lines,
                    "make one through nicetap; `nicetap serve` shows how",
                )
            });
        };
        let mut found = self.exchanges.iter();
        found.find(|exchange| exchange.id == id).ok_or_else(|| {
            let error = Error::usage(format!("the last run has no exchange #{id}"));
            explained(error, self.bad_lines, "`nicetap log --table` lists them")
        })
    }

    /// What is remembered of the calls before this one.
    pub(super) fn memory_before(&self, id: u64) -> Memory {
        let mut memory = Memory::default();
        for exchange in self.exchanges.iter().filter(|exchange| exchange.id < id) {
            memory.remember(exchange);
        }
        memory
    }
}

/// An error with its hint; where it may lie at the log itself, that is said instead.
pub(super) fn explained(error: Error, bad_lines: u64, hint: &'static str) -> Error {
    match bad_lines {
        0 => error.hint(hint),
        1 => error.hint("1 line of the log is no record: `nicetap log` says why"),
        lines => error.hint(format!(
            "{lines} lines of the log are no records: `nicetap log` says why"
        )),
    }
}

/// Bytes of the log that are read at start: some two hundred calls, and few milliseconds.
const REMEMBERED: u64 = 1 << 20;
