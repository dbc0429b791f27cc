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
//! - [`Spin`] is a choice of the design: a writer may look at its condition for a while before it publishes itself.
//! - A reader makes the condition true with a read-modify-write, makes a full barrier, reads the slot, and wakes the task
//!   in it.
//!
//! # Memory ordering
//! Each side writes one word and then reads the other's. The two full barriers make it impossible that both read the old
//! value, which would be a lost wake. Everything else about the condition is its own business.
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

use bench_core::machine::{Machine, Park, TaskId, Word};
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

    /// Sleeps until the condition holds. The caller excludes other waiters.
    pub fn wait_until(&self, mut condition: impl FnMut() -> bool) {
        if S::until::<M>(&mut condition) {
            return;
        }
        let me = M::current();
        let parker = &M::task(me).parker;
        // Relaxed: the barrier in `prepare` orders it before the condition; nothing else is published by it.
        self.task.store(me.to_word(), Relaxed);
        loop {
            // A full barrier, which pairs with the fence in `wake`: either the condition is seen here or the slot there.
            parker.prepare();
            if condition() {
                break;
            }
            parker.park(None);
        }
        parker.finish();
        // Relaxed: a late `wake` that still sees the task wakes it in vain.
        self.task.store(0, Relaxed);
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
