//! The program end to end: the real binary, in a folder of its own, on small images made by a formula.
//!
//! One binary, so that it links once. What a stage does is tested beside its code; here are the promises that only the
//! whole can keep: the same digest whatever happens, nothing half-done that looks done, every bad input named.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests make and break files, and end at the first thing that goes wrong"
)]

#[cfg(feature = "torch")]
#[path = "integration/asked.rs"]
mod asked;
#[path = "integration/bad_input.rs"]
mod bad_input;
#[path = "integration/bad_request.rs"]
mod bad_request;
#[path = "integration/bad_table.rs"]
mod bad_table;
#[path = "integration/compare.rs"]
mod compare;
#[path = "integration/diff.rs"]
mod diff;
#[path = "integration/digest.rs"]
mod digest;
#[path = "integration/eda.rs"]
mod eda;
#[path = "integration/errors.rs"]
mod errors;
#[path = "integration/export.rs"]
mod export;
#[path = "integration/house.rs"]
mod house;
#[path = "integration/interrupt.rs"]
mod interrupt;
#[path = "integration/listing.rs"]
mod listing;
#[path = "integration/look.rs"]
mod look;
#[path = "integration/mend.rs"]
mod mend;
#[path = "integration/partner.rs"]
mod partner;
#[path = "integration/removal.rs"]
mod removal;
#[path = "integration/split.rs"]
mod split;
#[path = "integration/train.rs"]
mod train;
#[path = "integration/views.rs"]
mod views;
