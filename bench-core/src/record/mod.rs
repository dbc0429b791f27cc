//! What a run writes: JSON Lines, schema 1.
//!
//! A file is one [`Header`], any number of [`Cell`]s, one [`Footer`], one JSON object a line, each written once and
//! flushed. Every number is an integer with its unit in the name; nothing derived is stored, so that a better way to
//! judge old data needs no new data. A field that could not be read is `null` (or `{"unavailable": reason}` for a
//! counter) and the header's warnings say why; it is never 0.
//!
//! A field may be added within schema 1 if a reader that lacks it loads old files; a field that changes its meaning
//! gets a new name and a new schema.

mod cell;
mod header;
mod host;

pub use cell::{
    Cell, CounterValue, Delay, Latency, Noise, Outcome, Role, RoleName, Status, Violations,
};
pub use header::{ClockInfo, Header, LockInfo, PrecisionGoal, ToolInfo};
pub use host::{Cpu, Host, Measured, PairSlowdown, PairTransfer, Quota};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The schema that this build writes.
pub const SCHEMA: u32 = 1;

/// One line of a run file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum Record {
    /// The first line.
    Header(Box<Header>),
    /// One measured window of one lock.
    Cell(Box<Cell>),
    /// The last line.
    Footer(Footer),
}

/// The last line of a run file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Footer {
    /// Whether every planned cell has its record. `false` after Ctrl-C, SIGTERM or a failure of the runner itself.
    pub complete: bool,
    /// Cells that the plan holds; of a run that adds processes, those of all that it came to.
    pub cells_planned: u64,
    /// Cells that were written with `status: "ok"`.
    pub cells_ok: u64,
    /// Cells that were written with `status: "error"`.
    pub cells_error: u64,
    /// Wall-clock time of the whole run in seconds.
    pub elapsed_s: u64,
    /// Why the run is not complete, in words; `null` when it is.
    pub reason: Option<String>,
}

/// The JSON Schema of one line, generated from the types. The committed copy is `bench-core/schema/record-1.json`.
#[must_use]
pub fn json_schema() -> schemars::Schema {
    schemars::schema_for!(Record)
}
