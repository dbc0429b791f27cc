//! The stage: the phase word that the coordinator writes, and a seat for each worker to say which phase it has seen.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::Duration;

/// What the workers do. The coordinator goes through them in this order; a worker that is busy may miss `Open`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Phase {
    /// Get on stage.
    Gather = 0,
    /// Run, unmeasured, so that all threads are running before the window opens.
    Settle = 1,
    /// Run, measured.
    Open = 2,
    /// Run on, unmeasured, so that all threads are still running when the last one's window closes.
    Closed = 3,
    /// Stop between two operations.
    Stop = 4,
}

impl Phase {
    fn from_word(word: u32) -> Self {
        match word {
            0 => Self::Gather,
            1 => Self::Settle,
            2 => Self::Open,
            3 => Self::Closed,
            _ => Self::Stop,
        }
    }
}

/// A word on a pair of cache lines of its own.
#[derive(Debug, Default)]
#[repr(C, align(128))]
struct OwnLine(AtomicU32);

/// The phase and the workers' seats.
#[derive(Debug)]
pub struct Stage {
    /// [`Phase`] as a number; written by the coordinator a few times per cell, read by every worker between operations.
    phase: OwnLine,
    /// The last phase that each worker has seen.
    seats: Box<[OwnLine]>,
    /// Set when a worker could not take part; the cell is then an error.
    failed: AtomicBool,
}

impl Stage {
    /// A stage for so many workers, in [`Phase::Gather`].
    #[must_use]
    pub fn new(workers: u32) -> Self {
        Self {
            phase: OwnLine::default(),
            seats: (0..workers).map(|_| OwnLine::default()).collect(),
            failed: AtomicBool::new(false),
        }
    }

    /// The phase now. One load of a line that all workers share and nobody writes while the window is open.
    #[inline(always)]
    #[must_use]
    pub fn phase(&self) -> Phase {
        // Acquire: pairs with the Release in `announce`, so that a worker that sees a phase sees what was prepared for it.
        Phase::from_word(self.phase.0.load(Acquire))
    }

    /// Whether the phase is still this one. One load and a compare: what every operation of a window begins with.
    #[inline(always)]
    #[must_use]
    pub fn is(&self, phase: Phase) -> bool {
        // Acquire: as in `phase`.
        self.phase.0.load(Acquire) == phase as u32
    }

    /// Announces the next phase.
    pub fn announce(&self, phase: Phase) {
        self.phase.0.store(phase as u32, Release);
    }

    /// A worker says that it has seen a phase.
    pub fn seen(&self, worker: u32, phase: Phase) {
        // Release: pairs with the Acquire in `all_seen`.
        self.seats[worker as usize].0.store(phase as u32, Release);
    }

    /// A worker says that it cannot take part.
    pub fn fail(&self) {
        // Release: pairs with the Acquire in `has_failed`.
        self.failed.store(true, Release);
    }

    /// Whether a worker could not take part.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        // Acquire: pairs with the Release in `fail`.
        self.failed.load(Acquire)
    }

    /// Whether every worker has seen `phase`.
    #[must_use]
    pub fn all_seen(&self, phase: Phase) -> bool {
        // Acquire: pairs with the Release in `seen`.
        self.seats
            .iter()
            .all(|seat| seat.0.load(Acquire) >= phase as u32)
    }

    /// The workers that have not seen `phase`.
    #[must_use]
    pub fn missing(&self, phase: Phase) -> Vec<u32> {
        // Relaxed: for a report.
        let late = |worker: &u32| self.seats[*worker as usize].0.load(Relaxed) < phase as u32;
        (0..self.seats.len() as u32).filter(late).collect()
    }

    /// Looks once whether every worker has seen `phase` (`Some(true)`) or one has failed (`Some(false)`); if neither, sleeps a
    /// moment, so that it takes no CPU from a worker.
    #[must_use]
    pub fn look(&self, phase: Phase) -> Option<bool> {
        if self.all_seen(phase) {
            return Some(true);
        }
        if self.has_failed() {
            return Some(false);
        }
        std::thread::sleep(Duration::from_micros(100));
        None
    }
}
