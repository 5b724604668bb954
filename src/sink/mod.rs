//! Sinks: where sealed records go, and how they are read back.
//!
//! The room sees records and bytes to write. It sees no facts and nothing raw, and it never waits for a reader:
//! what cannot be written or shown is counted, and said once it can be.

pub mod block;
pub mod console;
pub mod curl;
pub mod har;
pub mod history;
pub mod jsonl;
pub mod only;
pub mod out;
pub mod reader;
pub mod report;
pub mod table;
pub mod tally;
mod text;
pub mod view;

pub use text::{escape, wrapped};
