//! The signals that matter.
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::error::Error;

/// Listens for them.
pub(in crate::cli) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
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
        })
    }

    /// Ctrl-C or SIGTERM.
    pub(in crate::cli) async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// The next signal. SIGHUP counts as Ctrl-C while there is a terminal: it is gone.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::End,
            _ = self.terminate.recv() => Asked::End,
            _ = self.hangup.recv() => {
                if rustix::termios::isatty(rustix::stdio::stdout()) { Asked::End } else { Asked::Reopen }
            }
        }
    }
}

/// What a signal asks for.
pub(super) enum Asked {
    End,
    Reopen,
}
