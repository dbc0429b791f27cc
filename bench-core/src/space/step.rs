//! Where a thread is, for the report of a lock that hangs.

use crate::machine::{Machine, Word};
use std::sync::atomic::Ordering::Relaxed;

/// Where a thread is. A fault that holds or tries a VMA is one step: its lock never waits there, and a store for each part
/// would be a tenth of what the harness costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Not started, or done.
    Idle,
    /// In a fault by the VMA's own lock: looking it up, holding it, letting go of it; or after it.
    Fault,
    /// Waiting for the mmap lock for reading.
    MmapRead,
    /// In the fault's work, holding the mmap lock for reading.
    HoldMmap,
    /// Waiting for the mmap lock for writing.
    MmapWrite,
    /// Write-locking a VMA: waiting for its readers to drain.
    StartWrite,
    /// In the writer's work.
    Write,
    /// Detaching a VMA: waiting for transient readers.
    Detach,
    /// Ending the write section and releasing the mmap lock; or after it.
    EndWrite,
}

impl Step {
    const ALL: [Self; 9] = [
        Self::Idle,
        Self::Fault,
        Self::MmapRead,
        Self::HoldMmap,
        Self::MmapWrite,
        Self::StartWrite,
        Self::Write,
        Self::Detach,
        Self::EndWrite,
    ];

    /// In words, with the contract's names.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Idle => "not running",
            Self::Fault => "in start_read, in end_read or between them",
            Self::MmapRead => "waiting for the mmap lock (read)",
            Self::HoldMmap => "holding the mmap lock for a fault",
            Self::MmapWrite => "waiting for the mmap lock (write)",
            Self::StartWrite => "in start_write",
            Self::Write => "writing a VMA",
            Self::Detach => "in detach",
            Self::EndWrite => "in end_write_all",
        }
    }
}

/// The step that a thread is at, on a pair of cache lines that only it writes.
#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct Steps<M: Machine> {
    /// [`Step`] as a number. Relaxed, as `slot`: read only to tell where a thread hangs.
    at: M::U32,
    /// The slot of the VMA that it last waited for, plus one; 0 for none.
    slot: M::U32,
}

impl<M: Machine> Steps<M> {
    pub(super) fn new() -> Self {
        Self {
            at: M::U32::new(Step::Idle as u32),
            slot: M::U32::new(0),
        }
    }

    #[inline(always)]
    pub(super) fn set(&self, step: Step) {
        self.at.store(step as u32, Relaxed);
    }

    /// A step in which it may wait for the VMA in `slot`.
    #[inline(always)]
    pub(super) fn set_at(&self, step: Step, slot: u32) {
        self.slot.store(slot + 1, Relaxed);
        self.set(step);
    }

    /// The slot of the VMA that it waits for.
    pub(super) fn slot(&self) -> Option<u32> {
        let waits = matches!(self.get(), Step::StartWrite | Step::Detach);
        self.slot.load(Relaxed).checked_sub(1).filter(|_| waits)
    }

    pub(super) fn get(&self) -> Step {
        let number = self.at.load(Relaxed) as usize;
        Step::ALL.get(number).copied().unwrap_or(Step::Idle)
    }
}
