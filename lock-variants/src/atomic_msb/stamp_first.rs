//! `atomic-msb`: a new VMA is stamped and counted before it is inserted; readers add without looking.

use super::{AddThenLook, AtomicMsbVma, BIAS, CountUp, has_bias};
use crate::sequence::MmSequence;
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Relaxed, Release};

/// The mail's preferred way: nobody looks for a VMA that is not inserted, so stamp it and count it instead of write-locking
/// it by the count.
///
/// R1 is one unconditional add, undone when the writer's bias was there: no loop, however many readers meet. [`CountUp`] is what
/// another design changes of that.
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
pub struct AtomicMsb<M: Machine, C = AddThenLook> {
    sequence: MmSequence<M>,
    count_up: PhantomData<fn() -> C>,
}

impl<M: Machine, C: CountUp> VmaLock for AtomicMsb<M, C> {
    type Machine = M;
    type Vma = AtomicMsbVma<M>;
    type Token<'vma> = ();

    const INFO: LockFacts = C::INFO;

    fn new() -> Self {
        Self {
            sequence: MmSequence::new(),
            count_up: PhantomData,
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
        C::count_up(vma)?;
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
