//! augmint: sources and a recipe become a named dataset version, bit for bit.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make files, and check draws with std's functions"))]

pub mod balance;
pub mod build;
pub mod canary;
pub mod canonical;
pub mod cli;
pub mod compare;
pub mod diff;
pub mod digest;
pub mod eda;
pub mod effect;
pub mod errors;
pub mod export;
pub mod fs;
pub mod gallery;
pub mod listing;
pub mod manifest;
pub mod metrics;
pub mod number;
pub mod opened;
pub mod ops;
pub mod pixels;
pub mod plan;
pub mod prepare;
pub mod recipe;
pub mod report;
pub mod sample_data;
pub mod seed;
pub mod set;
pub mod shard;
pub mod source;
pub mod split;
pub mod statistics;
pub mod store;
pub mod view;
