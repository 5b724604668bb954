//! Masks what must not be shown.
pub mod seal;
