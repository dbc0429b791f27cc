//! A session: processes that measure cells, and the parent that starts them, watches them and keeps what they say.
//!
//! The parent sends a [`Job`] as JSON on a child's standard input. The child warms up and answers with one [`Message`] a
//! line on its standard output. Then each line on its input is the number of a cell, which it measures and tells; it sleeps
//! while it waits, so that the parent works in no window and several children can take turns ([`Lockstep`]). A child that
//! hangs says which cell hung and ends; one that dies or falls silent is killed. Either way the parent goes on with the
//! next cell in a fresh process.

mod child;
mod lockstep;
mod running;
mod side;
mod warm_up;

pub use child::{STUCK_EXIT_CODE, run_child};
pub use lockstep::{Arm, Lockstep};

use crate::delay::Calibration;
use crate::injected::Injected;
use bench_core::plan::Plan;
use bench_core::record::Cell;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The hidden command that makes this program a child.
pub const CHILD_COMMAND: &str = "measuring-process";

/// The number of the protocol between parent and child, which `measuring-process --protocol` prints: a program of another
/// build can be measured beside this one if it has the same. It goes up with every change of [`Job`], [`Message`] or their
/// order that the other side would not understand.
pub const PROTOCOL: u32 = 2;

/// What a child is to measure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The run's plan.
    pub plan: Plan,
    /// The process of the plan that this child is, or stands in for.
    pub process: u32,
    /// The cell whose lock and workload the child warms up with, by its place in the process's order.
    pub first: usize,
    /// How long a thread may be inside one operation before its lock counts as hung, in milliseconds.
    pub hang_limit_ms: u64,
    /// The delay's calibration by CPU, so that programs that are compared work the same turns. A CPU that is not in it is
    /// calibrated by the worker that goes there.
    pub calibrations: BTreeMap<u32, Calibration>,
    /// Harm that is done on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injected: Option<Injected>,
}

/// What a child says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// It has warmed up and waits for the number of a cell.
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
