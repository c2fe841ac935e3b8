//! The commands, one file each.
pub mod sample_data;
