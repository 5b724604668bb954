//! `nicetap log`: a log as the console shows it.
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;
use std::{io, thread};

use clap::Args;
use jiff::tz::TimeZone;

use crate::config::Config;
use crate::config::value::Value;
use crate::sink::only::Only;
use crate::sink::out::Printer;
use crate::sink::reader::Reader;
use crate::sink::view::{Form, Viewer};

use super::error::Error;
use super::instance::look;

/// What to show of which log.
#[derive(Debug, Args)]
pub(super) struct Log {
    /// The log [default: that of `nicetap serve`]
    #[arg(value_name = "FILE")]
    pub(super) file: Option<Value<PathBuf>>,
    /// Go on as the log grows, also when it is rotated
    #[arg(short, long)]
    pub(super) follow: bool,
    /// Show only the calls that this describes
    #[arg(long, value_name = "EXPR")]
    pub(super) only: Option<String>,
    /// One line a call: time, action, domain, HTTP, code, message, outbound IP
    #[arg(long)]
    pub(super) table: bool,
}

/// Shows a log.
pub(super) fn run(options: &Log, config: &Config) -> Result<(), Error> {
    let Some(file) = options
        .file
        .clone()
        .map(|file| file.0)
        .or_else(|| config.log.clone())
    else {
        return Err(
            Error::usage("no log is kept (--no-log)").hint("name the file: `nicetap log FILE`")
        );
    };
    let only = match &options.only {
        Some(text) => Some(
            text.parse::<Only>()
                .map_err(|error| Error::usage(format!("--only: {error}")))?,
        ),
        None => None,
    };
    let form = if options.table {
        Form::Table(TimeZone::system())
    } else {
        let is_reading = true;
        Form::Blocks(look(config, is_reading))
    };
    let mut reader = Reader::open(&file).map_err(|error| {
        Error::cannot_start(format!("the log {} cannot be read", file.display()))
            .caused_by(error)
            .hint("`nicetap serve` writes it; another home is named with --home")
    })?;
    let mut viewer = Viewer::new(
        form,
        only,
        Printer::stdout(config.color),
        Printer::stderr(config.color),
    );
    show(&mut reader, &mut viewer, options.follow)
        .map_err(|error| Error::failed("the log cannot be shown").caused_by(error))?;
    match viewer.bad_lines() {
        0 => Ok(()),
        1 => Err(Error::failed("1 line of the log is no record")),
        lines => Err(Error::failed(format!(
            "{lines} lines of the log are no records"
        ))),
    }
}

fn show(reader: &mut Reader, viewer: &mut Viewer, follow: bool) -> io::Result<()> {
    viewer.begin()?;
    if follow {
        let mut failed = Ok(());
        let goes_on = |is_open: bool| {
            if is_open {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        reader.follow(
            |line| {
                failed = viewer.show(&line);
                goes_on(failed.is_ok() && viewer.is_open())
            },
            || {
                thread::sleep(POLL);
                ControlFlow::Continue(())
            },
        )?;
        return failed;
    }
    while let Some(line) = reader.next_line()? {
        viewer.show(&line)?;
        if !viewer.is_open() {
            return Ok(());
        }
    }
    match reader.last_line() {
        Some(line) => viewer.show(&line),
        None => Ok(()),
    }
}

const POLL: Duration = Duration::from_millis(250);
pub(super) const HELP_END: &str = "\
Examples:
  nicetap log                 All that was logged
  nicetap log --follow        Watch the calls from another terminal
  nicetap log --table         One line a call, for a support ticket

Exit codes:
  0   done
  1   the log holds something that is no record
  2   the command line or a setting is wrong
  3   the log cannot be read
  70  a bug in nicetap";
