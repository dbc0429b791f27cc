//! Spinning in a place where the task that is waited for can be preempted.

use super::Machine;

/// After so many turns the task waited for has probably lost its CPU.
const TURNS_BEFORE_YIELD: u32 = 128;

/// A wait for what another task is about to do, within a few instructions if it has a CPU.
#[derive(Debug, Default)]
pub struct Pause {
    turns: u32,
}

impl Pause {
    /// Nothing was waited for yet.
    #[must_use]
    pub fn new() -> Self {
        Self { turns: 0 }
    }

    /// Waits a moment: spins at first, then gives up the CPU.
    pub fn wait<M: Machine>(&mut self) {
        if self.turns < TURNS_BEFORE_YIELD {
            self.turns += 1;
            M::spin_hint();
        } else {
            M::yield_now();
        }
    }
}
