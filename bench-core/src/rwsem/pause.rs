//! A limit on spinning in a place where a spinner can be preempted.

use crate::machine::Machine;

/// A limit is looked at once in so many turns, since reading the clock delays the moment at which a free lock is seen.
const TURNS_PER_LOOK: u32 = 16;

/// A limit on the time that a loop spins.
#[derive(Debug)]
pub(super) struct SpinLimit {
    limit_ns: u64,
    deadline_ns: Option<u64>,
    turns: u32,
}

impl SpinLimit {
    /// The time counts from now.
    pub(super) fn from_now<M: Machine>(limit_ns: u64) -> Self {
        Self {
            limit_ns,
            deadline_ns: Some(M::now_ns() + limit_ns),
            turns: 0,
        }
    }

    /// The time counts from the first look at the clock, so that a short wait costs no look at all.
    pub(super) fn from_first_look(limit_ns: u64) -> Self {
        Self {
            limit_ns,
            deadline_ns: None,
            turns: 0,
        }
    }

    /// Counts a turn of the loop; returns whether the time is over, which it notices once in [`TURNS_PER_LOOK`] turns.
    pub(super) fn passed<M: Machine>(&mut self) -> bool {
        self.turns += 1;
        if !self.turns.is_multiple_of(TURNS_PER_LOOK) {
            return false;
        }
        let now_ns = M::now_ns();
        now_ns > *self.deadline_ns.get_or_insert(now_ns + self.limit_ns)
    }
}
