//! The journal: exactly one record for each admitted exchange.
use std::io;
use std::sync::Arc;

use crate::redact::seal::Masked;
use record::Record;

pub mod record;

/// Where sealed records go.
pub trait Sink: Send {
    /// Takes a record, and the same as its JSON line (no line end). May keep it in memory until [`Sink::flush`].
    fn write(&mut self, record: &Arc<Record<Masked>>, line: &[u8]) -> io::Result<()>;

    /// Hands all that was taken to the kernel; called once after each batch of records.
    fn flush(&mut self) -> io::Result<()>;
}
