//! `nicetap verify-log`: looks for known secrets in files, without the redactor's code.
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::value::{Value, VariableName};
use crate::config::{Config, Layer};
use crate::verify::{Known, Report, Search};

use super::error::{Error, Exit};
use super::{print, secrets};

/// Which secrets to look for, and where.
#[derive(Clone, Debug, Args)]
pub(super) struct VerifyLog {
    /// Files to search, packed with gzip or not [default: the log of `nicetap serve`, and its rotated files]
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<Value<PathBuf>>,
    /// Look for what this environment variable holds; repeatable
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) secret_env: Option<Vec<Value<VariableName>>>,
    /// Look for each line of this file, `-` for standard input; repeatable
    ///
    /// Of `username:api_secret` the half after the colon counts too.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    pub(super) secret_file: Option<Vec<Value<PathBuf>>>,
}

impl VerifyLog {
    pub(super) fn settings(&self) -> Layer {
        Layer {
            secret_env: self.secret_env.clone(),
            secret_file: self.secret_file.clone(),
            ..Layer::default()
        }
    }
}

/// Searches the files. A hit is an error with an exit code of its own.
pub(super) fn run(options: &VerifyLog, config: &Config) -> Result<(), Error> {
    let known: Vec<Known> = secrets::given(config)?
        .into_iter()
        .map(|secrets::Given { label, value }| Known { label, value })
        .collect();
    if known.is_empty() {
        return Err(Error::usage("no secret is given to look for").hint(
            "name a variable with --secret-env NAME, or a file with --secret-file FILE (`-`: standard input)",
        ));
    }
    let search = Search::new(&known).map_err(|error| Error::usage(error.to_string()))?;
    let files = files(options, config)?;
    let (mut hits, mut lines) = (0, 0);
    for file in &files {
        let report = search_file(&search, file)?;
        hits += report.sightings.len();
        lines += report.lines;
        print::to_stdout(&told(file, &report, &known))?;
    }
    let searched = format!(
        "{} in {}",
        counted(lines, "line"),
        counted(files.len() as u64, "file")
    );
    if hits > 0 {
        let what = format!(
            "a secret stands in {} ({searched})",
            counted(hits as u64, "place")
        );
        return Err(Error::expected(Exit::SecretFound, what).hint(
            "change that secret where it is used, then remove the file; if nicetap wrote it, please report it",
        ));
    }
    print::to_stdout(&format!("no secret found: {searched}\n"))
}

fn search_file(search: &Search, file: &Path) -> Result<Report, Error> {
    let opened = File::open(file).and_then(|opened| search.file(opened));
    opened.map_err(|error| {
        Error::cannot_start(format!("{} cannot be read", file.display())).caused_by(error)
    })
}

/// The named files, or the log with its rotated ones.
fn files(options: &VerifyLog, config: &Config) -> Result<Vec<PathBuf>, Error> {
    if !options.files.is_empty() {
        return Ok(options.files.iter().map(|file| file.0.clone()).collect());
    }
    let Some(log) = &config.log else {
        return Err(Error::usage("no log is kept (--no-log)")
            .hint("name the files: `nicetap verify-log FILE…`"));
    };
    let rotated = (1..=config.log_keep).flat_map(|number| {
        let name = |end: &str| {
            let mut name = log.clone().into_os_string();
            name.push(format!(".{number}{end}"));
            PathBuf::from(name)
        };
        [name(""), name(".gz")]
    });
    let there = rotated.filter(|file| file.exists());
    Ok(std::iter::once(log.clone()).chain(there).collect())
}

fn told(file: &Path, report: &Report, known: &[Known]) -> String {
    let mut text = String::new();
    for sighting in &report.sightings {
        let label = known.get(sighting.secret).map_or("", |known| &known.label);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}:{}: {label}, {}",
            file.display(),
            sighting.line,
            sighting.encoding
        );
    }
    text
}

fn counted(number: u64, noun: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{end}")
}

pub(super) const HELP_END: &str = "\
It undoes the encodings of each line (percent, JSON, HTML, base64, hex and others, also of each other) and looks for
the secret itself. It shares no code with the masking. A report names file, line and encoding, never the secret.

Examples:
  nicetap verify-log --secret-env NICENIC_API_SECRET
                                              Search the log of `nicetap serve`
  nicetap verify-log --secret-file ~/.nicenic support-ticket.txt old.jsonl.gz
  pass nicenic | nicetap verify-log --secret-file - /var/log/whmcs.log

Exit codes:
  0   no secret was found
  1   failure
  2   the command line or a setting is wrong
  3   a file cannot be read
  6   a secret was found
  70  a bug in nicetap";
