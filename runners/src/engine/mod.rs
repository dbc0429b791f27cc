//! The engine: persistent pinned workers, and one cell at a time on them.

mod cell;
mod conduct;
mod patience;
mod play;
mod pool;
mod probe;
mod record;
mod stage;
mod worker;

pub use cell::{CellFailure, CellJob, MachineRoom, run_cell, vmas_needed};
pub(crate) use patience::MOST_LIMITS;
pub use pool::{Pool, WorkerContext};
pub use record::failed;
pub use stage::{Phase, Stage};
