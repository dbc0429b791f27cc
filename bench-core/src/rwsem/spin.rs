//! Optimistic spinning: a writer waits awake for an owner that will soon be gone.

use super::RwSem;
use super::pause::SpinLimit;
use super::word::{FLAG_HANDOFF, LOCK_MASK, Owner, OwnerState, WRITER_LOCKED, readers};
use crate::machine::{Machine, TaskId, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// How long one writer that owns the lock is taken for running, and a lock without an owner for changing hands. The
/// kernel looks at the owner's `on_cpu` and at `need_resched()` instead, and has no such limit.
const OWNER_SPIN_LIMIT_NS: u64 = 1_000_000;

/// How long a writer spins on `readers` readers: 10 us and half a microsecond for each, at most 25 us.
fn reader_spin_limit_ns(readers: u64) -> u64 {
    (20 + readers.min(30)) * 500
}

impl<M: Machine> RwSem<M> {
    /// Spins for the lock, ahead of the wait list; returns whether the caller has it.
    pub(super) fn spin_to_write(&self) -> bool {
        if self.owner().is_nonspinnable() {
            return false;
        }
        let me = M::current();
        if !self.osq.lock(me) {
            return false;
        }
        let taken = self.spin_as_head();
        self.osq.unlock(me);
        taken
    }

    /// The head of the spin queue tries for the lock each time that the owner changes, and as long as it is worth it.
    fn spin_as_head(&self) -> bool {
        let mut previous = OwnerState::Writer;
        let mut limit = SpinLimit::from_first_look(OWNER_SPIN_LIMIT_NS);
        loop {
            let state = self.spin_on_owner();
            if state == OwnerState::Nonspinnable {
                return false;
            }
            if self.try_steal_to_write() {
                return true;
            }
            match state {
                OwnerState::Writer | OwnerState::Nonspinnable => {}
                // A new reader phase has a new limit, so that a writer can steal in between two of them.
                OwnerState::Reader if previous != OwnerState::Reader => {
                    // Relaxed: how many there are is an estimate.
                    let readers = readers(self.count.load(Relaxed));
                    limit = SpinLimit::from_now::<M>(reader_spin_limit_ns(readers));
                }
                OwnerState::Reader => {
                    if limit.passed::<M>() {
                        self.set_nonspinnable();
                        return false;
                    }
                }
                OwnerState::Null if previous != OwnerState::Null => {
                    limit = SpinLimit::from_first_look(OWNER_SPIN_LIMIT_NS);
                }
                OwnerState::Null => {
                    if limit.passed::<M>() {
                        return false;
                    }
                }
            }
            previous = state;
            M::spin_hint();
        }
    }

    /// Waits until the writer that owns the lock is another or none; returns who owns it then, and at once if it is no
    /// writer. [`OwnerState::Nonspinnable`] if the writer has owned it for too long.
    pub(super) fn spin_on_owner(&self) -> OwnerState {
        let owner = self.owner();
        if owner.state() != OwnerState::Writer {
            return owner.state();
        }
        let mut limit = SpinLimit::from_first_look(OWNER_SPIN_LIMIT_NS);
        loop {
            let now = self.owner();
            if now != owner {
                return now.state();
            }
            if limit.passed::<M>() {
                return OwnerState::Nonspinnable;
            }
            M::wait_while_u64(&self.owner, owner.to_word());
        }
    }

    /// Takes the lock if it is free and nobody asked for a handoff, whoever waits.
    fn try_steal_to_write(&self) -> bool {
        let mut count = self.count.load(Relaxed); // Relaxed: only a guess for the exchange
        while count & (LOCK_MASK | FLAG_HANDOFF) == 0 {
            // Acquire: pairs with the unlocks' Release. Relaxed on failure: looked at again.
            match self
                .count
                .compare_exchange_weak(count, count | WRITER_LOCKED, Acquire, Relaxed)
            {
                Ok(_) => {
                    self.set_owner(Owner::writer(M::current()));
                    return true;
                }
                Err(seen) => count = seen,
            }
        }
        false
    }

    // The owner word is a hint: it guards no data, and every decision on it is checked against the count. Hence Relaxed.

    pub(super) fn owner(&self) -> Owner {
        Owner::from_word(self.owner.load(Relaxed))
    }

    #[inline]
    pub(super) fn set_owner(&self, owner: Owner) {
        self.owner.store(owner.to_word(), Relaxed);
    }

    /// A read lock's second store to the shared line.
    #[inline]
    pub(super) fn set_reader_owned(&self, task: TaskId) {
        self.set_owner(Owner::reader(task, self.owner()));
    }

    /// Tells other writers not to spin on the readers that hold the lock now.
    fn set_nonspinnable(&self) {
        let mut owner = self.owner();
        while owner.is_reader() && !owner.is_nonspinnable() {
            let new = owner.to_word() | Owner::NONSPINNABLE;
            match self
                .owner
                .compare_exchange_weak(owner.to_word(), new, Relaxed, Relaxed)
            {
                Ok(_) => return,
                Err(seen) => owner = Owner::from_word(seen),
            }
        }
    }

    /// The readers are gone.
    pub(super) fn clear_nonspinnable(&self) {
        if self.owner().is_nonspinnable() {
            self.owner.fetch_and(!Owner::NONSPINNABLE, Relaxed);
        }
    }
}
