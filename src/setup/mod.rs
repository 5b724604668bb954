//! How clients are pointed at nicetap: their settings, written and taken back, and the files that these name.
//!
//! It touches only what it was told to, keeps what was there before, and never writes a setting that a client cannot
//! live with once nicetap has gone, unless that is said.
pub mod environment;
pub mod files;
mod java;
