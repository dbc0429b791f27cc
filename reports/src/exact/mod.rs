//! What can be counted of a lock without a clock: the instructions and the atomic operations of its paths that nobody is in the way
//! of, and its size. The same program has the same counts on any machine of its architecture, so that they are compared exactly,
//! with a file that lies in git beside the text of the locks.

mod difference;
mod file;

pub use difference::{Difference, differences};
pub use file::{Build, ExactFile, ExactFileError, SCHEMA};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is done to a lock while nobody else is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockPath {
    /// A read of an attached VMA: it begins and ends. Of the mmap lock, where there is no lock per VMA.
    Read,
    /// A read of a VMA that is write-locked: it is declined.
    DeclinedRead,
    /// A write section: the mmap lock, one VMA write-locked, all unlocked.
    Write,
    /// A detached VMA is write-locked and attached; in a second section it is write-locked and detached.
    MapAndUnmap,
}

impl LockPath {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Read,
        Self::DeclinedRead,
        Self::Write,
        Self::MapAndUnmap,
    ];

    /// The word in files and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::DeclinedRead => "declined-read",
            Self::Write => "write",
            Self::MapAndUnmap => "map-and-unmap",
        }
    }
}

/// What is known of a lock without running it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Bytes of the half that each VMA has, with what it owns on the heap.
    pub vma_bytes: u64,
    /// Bytes of the half that each mm has.
    pub mm_bytes: u64,
    /// Atomic read-modify-writes of a read, as the lock's notes have them; `null` for a lock without notes.
    pub read_rmws: Option<u64>,
    /// Fences of a read that stand alone, likewise.
    pub read_fences: Option<u64>,
}

/// What a processor executes for one turn of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathCounts {
    /// Instructions, beyond those of a call that does nothing.
    pub instructions: u64,
    /// Atomic read-modify-writes among them, and fences where the compiler writes one as such an operation.
    pub rmws: u64,
}

/// The counts of paths, by the lock and the path.
pub type Paths = BTreeMap<(String, LockPath), PathCounts>;

/// The counts of a program's locks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of each lock, by its name.
    pub locks: BTreeMap<String, Facts>,
    /// Of each path that a lock has; empty when nothing could be counted.
    pub paths: Paths,
}

impl Counts {
    /// Leaves these locks only.
    pub fn keep(&mut self, names: &[String]) {
        self.locks.retain(|lock, _| names.contains(lock));
        self.paths.retain(|(lock, _), _| names.contains(lock));
    }
}

#[cfg(test)]
mod tests;
