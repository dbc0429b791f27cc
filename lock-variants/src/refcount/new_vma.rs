//! How a new VMA is write-locked: the question of the mail, for which four answers were on the table.
//!
//! A new VMA has a count of 0, from which nobody may count up; the writer's bit added to it would say that the VMA is
//! attached and being written. The answers, all on the word of [the module](super):
//!
//! | | creation (`set_range`) | `start_write` of a detached VMA | its count until `attach` | `attach` | lock |
//! |---|---|---|---|---|---|
//! | 1 | | stores OFFSET + 1, stamps | OFFSET + 1 | stores 1 | [`refcount-lock-detached`](super::lock_detached) |
//! | 2 | | nothing | 0 | stamps, stores 1 | [`refcount-prestamp`](super::prestamp) |
//! | 3 | | tries to add OFFSET, which 0 refuses, stamps | 0 | stores 1 | `refcount` ([`TryCount`]) |
//! | 4 | stamps | finds it stamped | 0 | stores 1 | [`refcount-stamp-new`](super::stamp_new) |
//!
//! They differ in nothing else, save that 2 looks at the count before the numbers, and the others at the numbers first. Equal
//! numbers on a detached VMA may be another mm's: `start_write` then does nothing, which is right, since a detached VMA has no
//! reader and gets none.
//!
//! A reader that finds the VMA by a lookup that is out of date, or between its insertion and `attach`, is declined for the
//! number in 3 and 4 (it goes to the mmap lock), for the count of 0 in 2 (it looks again), and for the number or the writer's
//! bit in 1.
//!
//! # Memory ordering
//! `attach` stores the count with Release, which pairs with R1's Acquire: who counts up sees the stamp and what the new VMA is.

use super::{Form, MmNumber, RefcountVma};
use bench_core::machine::Machine;
use std::fmt::Debug;
use std::sync::atomic::Ordering::{Relaxed, Release};

/// What is done to a VMA that is created, write-locked and attached. All of them write-lock one that is attached by draining its
/// readers and stamping it. What is not said is as merged.
pub trait NewVma: Debug + Send + Sync + 'static {
    /// What the count of a writer and one more means.
    const WRITER_AND_ONE: &str = "writer owns it, or detacher waits for 1 reader";

    /// [`bench_core::lock::VmaLock::set_range`]: an mm makes the detached VMA its own.
    #[inline(always)]
    fn create<M: Machine, F: Form>(vma: &RefcountVma<M, F>, mm: &MmNumber<M, F>) {
        let _ = (vma, mm);
    }

    /// [`bench_core::lock::VmaLock::start_write`]. As merged: try the count as of any VMA; when it refuses, the VMA is detached
    /// and the number alone will do.
    #[inline(always)]
    fn start_write<M: Machine, F: Form>(vma: &RefcountVma<M, F>, mm: &MmNumber<M, F>) {
        if !vma.sequence.is_stamped(mm) && !vma.drain_and_stamp(mm) {
            // Detached: nobody can count up.
            vma.sequence.stamp(mm);
        }
    }

    /// [`bench_core::lock::VmaLock::attach`], after `start_write`.
    #[inline(always)]
    fn attach<M: Machine, F: Form>(vma: &RefcountVma<M, F>, mm: &MmNumber<M, F>) {
        debug_assert!(vma.sequence.is_stamped(mm), "attached without write-lock");
        vma.count_in();
    }
}

/// As merged.
#[derive(Debug)]
pub struct TryCount;

impl NewVma for TryCount {}

impl<M: Machine, F: Form> RefcountVma<M, F> {
    /// The VMA's own count, from 0.
    #[inline(always)]
    pub(super) fn count_in(&self) {
        debug_assert_eq!(self.count.read(Relaxed), 0, "attached twice");
        // Release: pairs with Acquire in R1; publishes the stamp and what the new VMA is. Nobody else counts up from 0.
        self.count.set(1, Release);
    }
}
