//! The terminal, for the few lines that a command prints itself. To be replaced by `sink::out` when that is merged.
use std::io::{self, ErrorKind, Write as _};

use anstream::ColorChoice;

use super::error::Error;
use crate::config::Color;

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

/// Prints a message. Where nobody can read it, nothing is left to tell.
pub(super) fn to_stderr(text: &str) {
    let _: io::Result<()> = anstream::stderr().write_all(text.as_bytes());
}
