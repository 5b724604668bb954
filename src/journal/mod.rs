//! The journal: exactly one record for each admitted exchange.
pub mod record;
