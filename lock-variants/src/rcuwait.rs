//! The one-slot wait of a writer for its readers, as the kernel's `rcuwait`.
//!
//! At most one task of an mm waits, since writers hold the mmap lock, so that a slot for one task is enough and nobody queues,
//! be it a slot of each VMA or of each mm.
//!
//! # State
//! One word: 0, or the number of the task that waits, plus one.
//!
//! # Protocol
//! - The writer publishes itself in the slot, makes a full barrier, looks at its condition, and parks while it does not
//!   hold. It publishes first even when there is no reader, as the kernel does.
//! - A writer whose wait is killable looks for a fatal signal too, after its condition, so that a signal does not turn away one that
//!   may go on. The killer stores the signal and wakes the task itself, not the slot.
//! - [`Spin`] is a choice of the design: a writer may look at its condition for a while before it publishes itself.
//! - A reader makes the condition true with a read-modify-write, makes a full barrier, reads the slot, and wakes the task
//!   in it.
//!
//! # Memory ordering
//! Each side writes one word and then reads the other's. The two full barriers make it impossible that both read the old
//! value, which would be a lost wake. Everything else about the condition is its own business. A signal is a condition like the other:
//! its killer makes the same barrier ([`Task::kill`]).
//!
//! # Progress
//! With [`NoSpin`], as in the kernel, a writer that finds readers parks at once. A wake is never lost; one may be spurious, as when the slot has
//! been recycled since, and the writer then looks again.
//!
//! # What differs from the kernel
//! The kernel has one slot per mm and finds it from the VMA (`vm_mm`), because a reader that backs off from a VMA that was
//! recycled into another mm has to wake that other mm's writer. [`crate::refcount::per_mm`] does the same, and has to keep that mm
//! alive for the wake (P10 in `kernel-locks.md`, repaired in Linux 6.17).
//!
//! All other designs have a slot in each VMA: 4 bytes instead of the 8 of `vm_mm`. A reader may look at it after it let go of the
//! VMA, since VMAs and tasks are type-stable, so that a wake to a freed mm cannot occur.

use bench_core::lock::Interrupted;
use bench_core::machine::{Machine, Park, Task, TaskId, Word};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// What a waiter does before it publishes itself.
pub trait Spin: Debug + Send + Sync + 'static {
    /// Returns whether the condition holds, and `false` when it did not come to hold in time or was not looked at.
    fn until<M: Machine>(condition: &mut impl FnMut() -> bool) -> bool;
}

/// Nothing.
#[derive(Debug)]
pub struct NoSpin;

impl Spin for NoSpin {
    #[inline(always)]
    fn until<M: Machine>(_condition: &mut impl FnMut() -> bool) -> bool {
        false
    }
}

/// The slot.
#[derive(Debug)]
pub struct Rcuwait<M: Machine, S = NoSpin> {
    task: M::U32,
    spin: PhantomData<fn() -> S>,
}

impl<M: Machine, S: Spin> Rcuwait<M, S> {
    /// A slot in which nobody waits.
    #[must_use]
    pub fn new() -> Self {
        Self {
            task: M::U32::new(0),
            spin: PhantomData,
        }
    }

    /// Sleeps until the condition holds (`TASK_UNINTERRUPTIBLE`). The caller excludes other waiters.
    pub fn wait_until(&self, condition: impl FnMut() -> bool) {
        let holds = self.wait(condition, |_me| false);
        debug_assert!(holds, "nobody gave up");
    }

    /// Sleeps until the condition holds or the caller is killed (`TASK_KILLABLE`). The caller excludes other waiters.
    ///
    /// # Errors
    /// [`Interrupted`] when a fatal signal is pending and the condition did not hold. It may hold by now.
    pub fn wait_until_or_killed(&self, condition: impl FnMut() -> bool) -> Result<(), Interrupted> {
        if self.wait(condition, Task::is_killed) {
            Ok(())
        } else {
            Err(Interrupted)
        }
    }

    /// Sleeps until the condition holds, or until the caller's task gives up; says which.
    #[inline(always)]
    fn wait(
        &self,
        mut condition: impl FnMut() -> bool,
        gives_up: impl Fn(&Task<M>) -> bool,
    ) -> bool {
        if S::until::<M>(&mut condition) {
            return true;
        }
        let me = M::current();
        let task = M::task(me);
        // Relaxed: the barrier in `prepare` orders it before the condition; nothing else is published by it.
        self.task.store(me.to_word(), Relaxed);
        let holds = loop {
            // A full barrier, which pairs with the fence in `wake` and with that in `Task::kill`: either the condition is seen here or
            // the slot there; either the signal is seen here or the sleeper there.
            task.parker.prepare();
            if condition() {
                break true;
            }
            if gives_up(task) {
                break false;
            }
            task.parker.park(None);
        };
        task.parker.finish();
        // Relaxed: a late `wake` that still sees the task wakes it in vain.
        self.task.store(0, Relaxed);
        holds
    }

    /// Wakes the task that waits, if any. The caller has just made the condition true by a read-modify-write.
    #[cold]
    pub fn wake(&self) {
        // SeqCst: pairs with the barrier of `prepare` in `wait_until`.
        M::fence(SeqCst);
        // Relaxed: a task's number is valid for ever and nothing else is read through it.
        if let Some(waiter) = TaskId::from_word(self.task.load(Relaxed)) {
            M::task(waiter).parker.unpark();
        }
    }
}

impl<M: Machine, S: Spin> Default for Rcuwait<M, S> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{NoSpin, Rcuwait};
    use bench_core::lock::Interrupted;
    use bench_core::machine::{Machine, Solo};

    /// All tests of this machine share its only task, so that this is one test.
    #[test]
    fn a_signal_ends_a_wait_that_would_sleep_and_no_other() {
        let slot = Rcuwait::<Solo, NoSpin>::new();
        let me = Solo::task(Solo::current());
        assert_eq!(slot.wait_until_or_killed(|| true), Ok(()));
        me.kill();
        assert_eq!(slot.wait_until_or_killed(|| false), Err(Interrupted));
        assert_eq!(
            slot.wait_until_or_killed(|| false),
            Err(Interrupted),
            "still pending"
        );
        assert_eq!(
            slot.wait_until_or_killed(|| true),
            Ok(()),
            "no need to wait"
        );
        slot.wait_until(|| true);
        assert_eq!(slot.task.load(super::Relaxed), 0);
        me.clear_killed();
        assert_eq!(slot.wait_until_or_killed(|| true), Ok(()));
    }
}
