//! Statistics, tables and the HTML report of vmalock, from records alone: this crate never runs a lock and never names
//! one.
//!
//! [`load`] reads a run file, [`summary`] is the table at the end of a run, [`html`] the report, [`compare`] sets two locks
//! or two runs against each other, [`builds`] the same locks
//! in several builds, [`trend`] looks for changes over many runs.

#![forbid(unsafe_code)]

mod ahead;
pub mod baseline;
mod builds;
pub mod check;
pub mod compare;
mod digest;
mod emulated;
pub mod exact;
mod hosts;
mod html;
mod plain;
pub mod precision;
pub mod read;
pub mod selftest;
pub mod stats;
mod table;
pub mod trend;
mod verdict;
mod words;

pub use ahead::{Ahead, ahead};
pub use builds::builds;
pub use emulated::{Emulated, refuse_emulated};
pub use html::{html, trend_html};
pub use read::{Problem, ReadError, Run, load};
pub use table::summary;
