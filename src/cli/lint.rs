//! `nicetap lint`: the request rules over requests in files.
use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;

use crate::config::value::{Mismatch, OrNone, Value, Word};
use crate::config::{Config, Layer, Selector};
use crate::lint::{Format, Linter, Report, Source, Unread, render};
use crate::redact::{FingerprintKey, Redactor};
use crate::rule::levels::Levels;

use super::error::Error;
use super::print;

/// What to look at, and how to say what was found.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Files with requests: `.http`, HAR, or curl command lines; `-` is standard input
    #[arg(value_name = "FILE", required = true, value_parser = FileName::parse)]
    pub(super) files: Vec<FileName>,
    /// How to write it: text, json or sarif [default: text]
    #[arg(long, value_name = "HOW", value_parser = parse_format)]
    pub(super) format: Option<Format>,
    /// Treat these findings as errors, and exit with 5 if there are any
    ///
    /// Codes (N102), prefixes (N1) or names, with commas between them. Of several options that name a finding the
    /// last one counts.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    pub(super) deny: Vec<Value<Selector>>,
    /// Hide these findings; the last line says how many
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    pub(super) allow: Vec<Value<Selector>>,
    /// Treat these findings as warnings
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    pub(super) warn: Vec<Value<Selector>>,
    /// Know the actions and codes in this file too
    ///
    /// The same as for `serve`: TOML with `[[action]]` and `[[code]]`.
    #[arg(long, value_name = "TOML")]
    pub(super) catalogue: Option<Value<OrNone<PathBuf>>>,
}

impl Lint {
    /// What is a setting of every command.
    pub(super) fn settings(&self) -> Layer {
        Layer {
            catalogue: self.catalogue.clone(),
            ..Layer::default()
        }
    }
}

/// Looks at the files, prints what was found, and fails if a file could not be read or a finding is denied.
pub(super) fn run(options: &Lint, config: &Config) -> Result<(), Error> {
    let levels = Levels::parse(&config.levels)?;
    let key = FingerprintKey::random()
        .map_err(|_| Error::failed("the system has no random numbers for fingerprints"))?;
    let intercept = config.intercept.clone();
    let mut linter = Linter::new(Redactor::new(&key), levels, intercept, config.verbose);
    let mut report = Report::default();
    let mut failed = 0;
    for FileName(name) in &options.files {
        match read(name) {
            Ok(bytes) => {
                let source = Source {
                    name: shown(name),
                    bytes: &bytes,
                };
                linter.look(&source, &mut report);
            }
            Err(error) => {
                failed += 1;
                let error = Error::failed(format!("cannot read {name}")).caused_by(error);
                print::to_stderr(&error.report());
            }
        }
    }
    for Unread { file, spot, why } in &report.unread {
        let error = Error::failed(format!("{file}:{}:{}: {why}", spot.line, spot.column));
        print::to_stderr(&error.report());
    }
    print::to_stdout(&render(&report, options.format.unwrap_or(Format::Text)))?;
    match (report.unread.len() + failed, report.denied) {
        (0, 0) => Ok(()),
        (0, denied) => Err(Error::denied(denied)),
        (1, _) => Err(Error::failed("1 file was not looked at")),
        (count, _) => Err(Error::failed(format!("{count} files were not looked at"))),
    }
}

fn read(name: &str) -> std::io::Result<Vec<u8>> {
    if name != STDIN {
        return std::fs::read(name);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn shown(name: &str) -> &str {
    if name == STDIN { "stdin" } else { name }
}

/// The path of a file, or `-`.
#[derive(Clone, Debug)]
pub(super) struct FileName(String);

impl FileName {
    fn parse(text: &str) -> Result<Self, Mismatch> {
        std::path::PathBuf::read(text).map_err(Mismatch)?;
        Ok(Self(text.to_owned()))
    }
}

fn parse_format(text: &str) -> Result<Format, Mismatch> {
    match text {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        "sarif" => Ok(Format::Sarif),
        _ => Err(Mismatch("`text`, `json` or `sarif`")),
    }
}

const STDIN: &str = "-";
pub(super) const HELP_END: &str = "\
Nothing is sent. In an archive, only requests to the intercepted hosts are looked at.

Examples:
  nicetap lint calls.http             Look at the requests of an .http file
  nicetap lint --deny N1 *.http       Exit with 5 if a credential is wrong
  nicetap lint --format sarif a.har   For a code host or an editor
  nicetap lint - < command.txt        A curl command line, as you would type it
  nicetap lint --catalogue my.toml calls.http
                                      Actions that the documentation does not list

Exit codes:
  0   all files were looked at, and nothing is denied
  1   a file cannot be read, or holds no request
  2   the command line or a setting is wrong
  5   something was found that --deny names
  70  a bug in nicetap";
