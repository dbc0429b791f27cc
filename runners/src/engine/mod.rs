//! The engine: persistent pinned workers, and one cell at a time on them.

mod cell;
mod patience;
mod play;
mod pool;
mod probe;
mod record;
mod stage;

pub(crate) use patience::MOST_LIMITS;
pub use cell::{CellFailure, CellJob, MachineRoom, run_cell, vmas_needed};
pub use pool::{Pool, WorkerContext};
pub use record::failed;
pub use stage::{Phase, Stage};
