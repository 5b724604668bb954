//! `nicetap log`: what was read back, shown as the console shows it.
use std::io;

use jiff::tz::TimeZone;

use crate::record::Record;

use super::block::{Look, Renderer};
use super::only::Only;
use super::out::Printer;
use super::reader::{BadLine, Entry};
use super::table::Table;

/// How a log is shown.
#[derive(Clone)]
pub enum Form {
    /// Blocks, as on the console.
    Blocks(Look),
    /// One line a call.
    Table(TimeZone),
}

/// Shows entries of a log, one after the other.
pub struct Viewer {
    form: State,
    only: Option<Only>,
    out: Printer,
    errors: Printer,
    bad_lines: u64,
}

enum State {
    Blocks(Box<Renderer>),
    Table(Table),
}

impl Viewer {
    /// Shows what `only` chooses on `out`, and what is no record on `errors`.
    pub fn new(form: Form, only: Option<Only>, out: Printer, errors: Printer) -> Self {
        let form = match form {
            Form::Blocks(look) => State::Blocks(Box::new(Renderer::new(look))),
            Form::Table(zone) => State::Table(Table::new(zone, out.columns())),
        };
        Self {
            form,
            only,
            out,
            errors,
            bad_lines: 0,
        }
    }

    /// What stands above everything: the table's header. Blocks have none.
    pub fn begin(&mut self) -> io::Result<()> {
        match &self.form {
            State::Table(table) => self.out.print(&table.header()),
            State::Blocks(_) => Ok(()),
        }
    }

    /// Shows one line of the log.
    pub fn show(&mut self, line: &Result<Entry, BadLine>) -> io::Result<()> {
        let entry = match line {
            Ok(entry) => entry,
            Err(bad) => {
                self.bad_lines += 1;
                return match self.bad_lines {
                    ..=MOST_TOLD => self.errors.print(&format!("{bad}; skipped\n")),
                    FIRST_UNTOLD => self.errors.print("more such lines are only counted\n"),
                    _ => Ok(()),
                };
            }
        };
        let is_chosen = (self.only.as_ref()).is_none_or(|only| only.matches(&entry.record));
        let columns = self.out.columns();
        match &mut self.form {
            State::Blocks(renderer) if is_chosen => {
                let block = renderer.render(&entry.record, columns, self.out.is_colored());
                self.out.print_bytes(block.as_bytes())
            }
            State::Blocks(renderer) => {
                // Numbers begin anew with each start, also if it is not shown.
                if matches!(entry.record, Record::Start(_)) {
                    renderer.forget();
                }
                Ok(())
            }
            State::Table(table) if is_chosen => match table.row(&entry.record) {
                Some(row) => self.out.print_bytes(row.as_bytes()),
                None => Ok(()),
            },
            State::Table(_) => Ok(()),
        }
    }

    /// Lines that were no records.
    pub const fn bad_lines(&self) -> u64 {
        self.bad_lines
    }

    /// Whether somebody still reads what is shown.
    pub const fn is_open(&self) -> bool {
        self.out.is_open()
    }
}

/// Lines that are no records, and are told one by one: of a file that is no log, none of them is one.
const MOST_TOLD: u64 = 20;
const FIRST_UNTOLD: u64 = MOST_TOLD + 1;
