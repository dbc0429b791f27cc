//! Programs that are measured beside each other: what each says of itself, and the runs of all.

mod measure;
mod program;

pub(super) use measure::{Machine, Measuring, Party, Sides};
pub(super) use program::Program;
