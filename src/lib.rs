//! nicetap: a local outbound debugging proxy for the NiceNIC Reseller API v2.
//!
//! It stands between an integrator's code and the API, looks into each request, masks every secret, says what
//! is wrong and how to mend it, and never repairs or repeats what it watches, nor holds it unless told to.
//!
//! The rooms, from the ground up; a room uses only what stands below it (`tests/house.rs` checks):
//!
//! | floor | rooms |
//! |---|---|
//! | 9 | `main`, [`cli`] |
//! | 8 | [`inspector`], [`mock`], [`doctor`], [`lint`], [`setup`], [`verify`] |
//! | 7 | [`wire`] |
//! | 6 | [`sink`] |
//! | 5 | [`journal`], [`diagnose`] |
//! | 4 | [`redact`], [`record`], [`ca`], [`capture`], [`egress`] |
//! | 3 | [`rules`], [`rule`] |
//! | 2 | [`facts`], [`client`] |
//! | 1 | [`catalogue`], [`config`], [`decode`] |
//! | 0 | [`redact::seal`], [`http1`], [`store`], [`clock`], `stumble` |
//!
//! `docs/architecture.md` tells the whole story.

pub mod ca;
pub mod capture;
pub mod catalogue;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod decode;
pub mod diagnose;
pub mod doctor;
pub mod egress;
pub mod facts;
pub mod http1;
pub mod inspector;
pub mod journal;
pub mod lint;
pub mod mock;
pub mod record;
pub mod redact;
pub mod rule;
pub mod rules;
pub mod setup;
pub mod sink;
pub mod store;
mod stumble;
pub mod verify;
pub mod wire;
