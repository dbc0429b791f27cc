//! A session: one process that measures cells, and the parent that starts it, watches it and keeps what it says.
//!
//! The parent sends a [`Job`] as JSON on the child's standard input; the child answers with one [`Message`] a line on its
//! standard output, and after each cell waits for a line, so that the parent
//! never works while a window is open. A child that hangs says which cell hung and ends; one that dies or falls silent is killed. Either way
//! the parent goes on with the rest of its cells in a fresh process.

mod child;
mod parent;
mod warm_up;

pub use child::{STUCK_EXIT_CODE, run_child};
pub use parent::{Supervisor, Told};

use bench_core::plan::Plan;
use bench_core::record::Cell;
use serde::{Deserialize, Serialize};

/// The hidden command that makes this program a child.
pub const CHILD_COMMAND: &str = "measuring-process";

/// What a child is to measure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The run's plan.
    pub plan: Plan,
    /// The process of the plan that this child is, or stands in for.
    pub process: u32,
    /// The cells, by their places in the process's order.
    pub cells: Vec<usize>,
    /// How long a thread may be inside one operation before its lock counts as hung, in milliseconds.
    pub hang_limit_ms: u64,
}

/// What a child says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// It has warmed up and begins.
    Ready,
    /// A cell is done, measured or failed; the number is its place in the process's order.
    Cell(usize, Box<Cell>),
    /// A cell hung: the process ends after this.
    Hung(usize, Box<Cell>),
    /// A worker got no CPU in a cell: the process ends after this, and nothing is known of the lock.
    Starved(usize, Box<Cell>),
    /// It cannot measure at all.
    Broken(String),
}
