//! `nicetap export`: calls of a log for other tools, as HAR or as lines for curl.
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::config::Config;
use crate::config::value::Value;
use crate::record::{Exchange, Logged, Record};
use crate::sink::curl::curl;
use crate::sink::har::har;
use crate::sink::only::Only;
use crate::sink::reader::Reader;

use super::error::Error;
use super::{history, print};

/// What to export, and as what.
#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(subcommand)]
    form: Form,
}

#[derive(Debug, Subcommand)]
enum Form {
    /// HAR 1.2, for browsers' and other tools' viewers
    Har(Choice),
    /// A line for curl each, with placeholders where secrets were
    Curl(Choice),
}

/// Which calls.
#[derive(Debug, Args)]
struct Choice {
    /// The numbers of the calls, as the console shows them [default: all of the last run]
    #[arg(value_name = "ID")]
    ids: Vec<Value<u32>>,
    /// Only the calls that this describes, as for `nicetap log`
    #[arg(long, value_name = "EXPR")]
    only: Option<String>,
    /// Read this log [default: that of `nicetap serve`]
    #[arg(long, value_name = "FILE")]
    log: Option<Value<PathBuf>>,
}

/// Exports calls of the last run in a log to standard output.
pub(super) fn run(export: &Export, config: &Config) -> Result<(), Error> {
    let (Form::Har(choice) | Form::Curl(choice)) = &export.form;
    let named = choice.log.clone().map(|log| log.0);
    let Some(file) = named.or_else(|| config.log.clone()) else {
        return Err(Error::usage("no log is kept (--no-log)").hint("name one with --log FILE"));
    };
    let only = match &choice.only {
        Some(text) => Some(
            text.parse::<Only>()
                .map_err(|error| Error::usage(format!("--only: {error}")))?,
        ),
        None => None,
    };
    let (calls, bad_lines) = last_run(&file).map_err(|error| {
        Error::cannot_start(format!("the log {} cannot be read", file.display()))
            .caused_by(error)
            .hint("`nicetap serve` writes it; another one is named with --log")
    })?;
    let chosen = choose(calls, &choice.ids, only.as_ref())
        .map_err(|error| history::explained(error, bad_lines, LIST))?;
    match &export.form {
        Form::Har(_) => print::to_stdout(&format!("{}\n", har(&chosen))),
        Form::Curl(_) => {
            let lines: Vec<String> = exchanges(&chosen).map(curl).collect();
            print::to_stdout(&lines.join("\n"))
        }
    }
}

/// The calls since nicetap last began, and how many lines are no record.
fn last_run(file: &Path) -> io::Result<(Vec<Record<Logged>>, u64)> {
    let mut reader = Reader::open(file)?;
    let (mut calls, mut bad_lines) = (Vec::new(), 0);
    loop {
        let line = match reader.next_line()? {
            Some(line) => line,
            None => match reader.last_line() {
                Some(line) => line,
                None => return Ok((calls, bad_lines)),
            },
        };
        match line.map(|entry| entry.record) {
            // Numbers begin anew.
            Ok(Record::Start(_)) => calls.clear(),
            Ok(record @ Record::Exchange(_)) => calls.push(record),
            Ok(_) => {}
            Err(_) => bad_lines += 1,
        }
    }
}

fn choose(
    mut calls: Vec<Record<Logged>>,
    ids: &[Value<u32>],
    only: Option<&Only>,
) -> Result<Vec<Record<Logged>>, Error> {
    for Value(id) in ids {
        if !exchanges(&calls).any(|call| call.id == u64::from(*id)) {
            return Err(Error::failed(format!(
                "the last run has no finished call #{id}"
            )));
        }
    }
    calls.retain(|call| {
        let is_named = ids.is_empty()
            || exchanges([call]).any(|it| ids.iter().any(|id| u64::from(id.0) == it.id));
        is_named && only.is_none_or(|only| only.matches(call))
    });
    if calls.is_empty() {
        return Err(Error::failed("no call was chosen"));
    }
    Ok(calls)
}

fn exchanges<'a>(
    records: impl IntoIterator<Item = &'a Record<Logged>>,
) -> impl Iterator<Item = &'a Exchange<Logged>> {
    records.into_iter().filter_map(|record| match record {
        Record::Exchange(exchange) => Some(&**exchange),
        _ => None,
    })
}

pub(super) const HELP_END: &str = "\
What is exported holds what the log holds: every secret is masked.

Examples:
  nicetap export har > calls.har        All calls of the last run
  nicetap export curl 7                 Call #7 as a line for curl
  nicetap export har --only 'verdict!=ok' > failed.har

Exit codes:
  0   done
  1   there is no such call
  2   the command line or a setting is wrong
  3   the log cannot be read
  70  a bug in nicetap";
const LIST: &str = "`nicetap log --table` lists the calls";
