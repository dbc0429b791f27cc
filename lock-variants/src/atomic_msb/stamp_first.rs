//! `atomic-msb`: a new VMA is stamped and counted before it is inserted; readers add without looking.

use super::{AtomicMsbVma, BIAS, has_bias};
use crate::sequence::MmSequence;
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The mail's preferred way: nobody looks for a VMA that is not inserted, so stamp it and count it instead of write-locking
/// it by the count.
///
/// R1 is one unconditional add, undone when the writer's bias was there: no loop, however many readers meet.
///
/// # Where it departs from the mail
/// A detached VMA holds BIAS and not 0, and `attach` adds BIAS + 1 (which wraps to 1) and does not store 1. VMAs are
/// recycled at once, so that readers that looked one up before may still add to it after it was detached. With 0:
/// - two such readers would stack: the second finds the 1 of the first and takes the VMA for attached;
/// - a store of 1 would wipe out the count of one that is about to undo it, whose undo would then detach the VMA.
///
/// With BIAS every such reader finds it and backs off, and an add preserves their counts.
///
/// Counting happens in `attach`, so that a VMA which was write-locked and then given up stays detached. A reader that meets
/// several others on a detached VMA cannot tell it from a write-locked one, and falls back to the mmap lock.
///
/// # Progress
/// The writer waits for an exact value, and readers that back off change it for a moment each. Every one that restores the
/// value wakes the writer, so that no wake is lost, but there is no bound on how often it looks in vain.
#[derive(Debug)]
pub struct AtomicMsb<M: Machine> {
    sequence: MmSequence<M>,
}

impl<M: Machine> AtomicMsb<M> {
    /// The count `old` had the writer's bias: undoes the add.
    #[cold]
    pub(super) fn back_off(vma: &AtomicMsbVma<M>, old: u32) -> Declined {
        vma.put();
        // A writer's count is at least BIAS + 2.
        if old < BIAS + 2 {
            Declined::Detached
        } else {
            Declined::WriterBit
        }
    }
}

impl<M: Machine> VmaLock for AtomicMsb<M> {
    type Machine = M;
    type Vma = AtomicMsbVma<M>;
    type Token<'vma> = ();

    const INFO: LockFacts = LockFacts {
        name: "atomic-msb",
        summary: "an atomic count with the writer's bias 0x80000000; new VMAs are stamped and counted, not write-locked",
        source: "Message-ID 20241213092223.GB2484@noisy.programming.kicks-ass.net",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            sequence: MmSequence::new(),
        }
    }

    fn new_vma() -> Self::Vma {
        AtomicMsbVma::new(BIAS)
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        vma.sequence.stamp(&self.sequence);
        // Release: pairs with Acquire in R1; publishes the stamp and what the new VMA is.
        let old = vma.count.fetch_add(BIAS + 1, Release);
        debug_assert!(has_bias(old), "attached twice");
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        debug_assert!(
            vma.sequence.is_stamped(&self.sequence),
            "detached without write-lock"
        );
        vma.drain_for_detach();
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        _address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        if vma.sequence.seems_locked(&self.sequence) {
            return Err(Declined::EarlySeq);
        }
        // Acquire: pairs with Release in `attach` and in W4.
        let old = vma.count.fetch_add(1, Acquire);
        if has_bias(old) {
            return Err(Self::back_off(vma, old));
        }
        if vma.sequence.is_locked(&self.sequence) {
            vma.put();
            return Err(Declined::LateSeq);
        }
        Ok(())
    }

    #[inline]
    fn end_read<'vma>(&self, vma: &'vma Self::Vma, _token: Self::Token<'vma>) -> ReadEnd {
        vma.put();
        ReadEnd::Committed
    }

    #[inline]
    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        // Relaxed: only writers change BIAS, and the mmap lock orders them.
        let detached = has_bias(vma.count.load(Relaxed));
        if !detached && !vma.sequence.is_stamped(&self.sequence) {
            vma.drain_and_stamp(&self.sequence);
        }
        Ok(())
    }

    #[inline]
    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.sequence.end_section();
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        vma.describe(&self.sequence)
    }
}
