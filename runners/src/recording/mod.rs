//! What every command that measures has in common: the file of a run with its header, the count of its cells, its progress
//! and the signals that end it.

mod file;
pub(crate) mod header;
mod progress;
mod signals;
mod tally;

pub(crate) use file::{RunFile, create, dated_directory, make_directory};
pub(crate) use progress::{Progress, note};
pub(crate) use signals::stop_flag;
pub(crate) use tally::Tally;
