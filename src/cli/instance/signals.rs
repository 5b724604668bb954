//! The signals that matter.
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::error::Error;

/// Listens for them.
pub(in crate::cli) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Asked at the start: when it is lost, it is no terminal any more.
    has_terminal: bool,
}

impl Signals {
    pub(in crate::cli) fn new() -> Result<Self, Error> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Error::cannot_start("cannot listen for signals").caused_by(error))
        };
        // Listening is enough: a file at its size limit (RLIMIT_FSIZE) is then an error, and no end of the process.
        let _ = listen(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
            has_terminal: has_terminal(),
        })
    }

    /// Ctrl-C, SIGTERM, or a lost terminal.
    pub(in crate::cli) async fn end(&mut self) {
        while !matches!(self.next().await, Asked::End) {}
    }

    /// The next signal. SIGHUP counts as Ctrl-C where there was a terminal: it is gone.
    pub(in crate::cli) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::End,
            _ = self.terminate.recv() => Asked::End,
            _ = self.hangup.recv() => {
                if self.has_terminal { Asked::End } else { Asked::Reopen }
            }
        }
    }
}

fn has_terminal() -> bool {
    use rustix::stdio::{stderr, stdin, stdout};

    [stdin(), stdout(), stderr()]
        .into_iter()
        .any(rustix::termios::isatty)
}

/// What a signal asks for.
pub(in crate::cli) enum Asked {
    End,
    Reopen,
}
