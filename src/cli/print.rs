//! The terminal, for the few lines that a command prints itself. To be replaced by `sink::out` when that is merged.
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anstream::ColorChoice;

use super::error::Error;
use crate::config::Color;
use crate::sink::wrapped;
use crate::store::{Access, Dir};

/// Sets when colours are kept.
pub(super) fn set_color(color: Color) {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Prints data. A reader who has gone is no failure.
pub(super) fn to_stdout(text: &str) -> Result<(), Error> {
    let mut stream = anstream::stdout();
    match stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::failed("cannot write to standard output").caused_by(error))
        }
        _ => Ok(()),
    }
}

/// Prints lines; on a terminal, long ones are broken.
pub(super) fn lines(text: &str) -> Result<(), Error> {
    match columns() {
        Some(columns) => to_stdout(&wrapped(text, columns)),
        None => to_stdout(text),
    }
}

/// How wide prose is to be: as the terminal, and at most 100 columns.
pub(super) fn width() -> usize {
    columns().map_or(WIDEST, |columns| columns.clamp(NARROWEST, WIDEST))
}

/// The columns of the terminal that standard output is.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Writes a file for its owner alone (mode 0600), in place of one that is there.
pub(super) fn to_file(file: &Path, what: &str, text: &str) -> Result<(), Error> {
    let file = std::path::absolute(file)
        .map_err(|error| Error::usage(format!("the {what} has no sound path")).caused_by(error))?;
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|it| it.to_str()))
    else {
        return Err(Error::usage(format!("the {what} must be a file")));
    };
    let fail = || Error::cannot_start(format!("the {what} {} cannot be written", file.display()));
    let folder = Dir::for_output(folder).map_err(|error| fail().caused_by(error))?;
    let folder = folder.ok_or_else(|| fail().hint("its folder does not exist"))?;
    folder
        .replace(name, text.as_bytes(), Access::Private)
        .map_err(|error| fail().caused_by(error))
}

/// Prints a message. Where nobody can read it, nothing is left to tell.
pub(super) fn to_stderr(text: &str) {
    let _: io::Result<()> = anstream::stderr().write_all(text.as_bytes());
}

const WIDEST: usize = 100;
const NARROWEST: usize = 40;
