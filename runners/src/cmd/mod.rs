//! The commands, one file each.

pub mod baseline;
mod beside;
pub mod check;
pub mod compare;
pub mod emulated;
pub mod host;
pub mod list;
pub mod report;
pub mod run;
pub mod selftest;
pub mod trend;
pub mod verify;
