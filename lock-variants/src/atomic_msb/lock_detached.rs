//! `atomic-msb-lock-detached`: a new VMA is write-locked by storing 0x80000001; readers look before they count.

use super::{AtomicMsbVma, BIAS, has_bias};
use crate::sequence::MmSequence;
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Relaxed, Release};

/// The mail's other way: write-locking a VMA whose count is 0 stores BIAS + 1, the bias and the writer's own count.
///
/// | count of a detached VMA | meaning |
/// |---|---|
/// | 0 | nobody has write-locked it, or its number, another mm's, equalled the writer's already; readers decline either way |
/// | BIAS + 1 | write-locked, until it is attached |
/// | BIAS | being detached: its last readers leave |
///
/// `attach` stores 1: the bias goes, and the writer's count becomes the VMA's own. When the section ends without `attach`
/// the count stays BIAS + 1, which keeps readers out as 0 does; the next writer finds the bias and only stamps.
///
/// # Where it departs from the mail
/// R1 is a loop that counts up only from a count that is neither 0 nor biased, and not an unconditional add. VMAs are
/// recycled at once, so that readers which looked one up before may still come to it after it was detached. With an
/// unconditional add two of them would stack on 0 and the second would take the VMA for attached, and each of the mail's
/// stores, of BIAS + 1 and of 1, could wipe out the count of one that is about to undo it, whose undo would then make the
/// count one too low. With the loop no reader changes a count that a store replaces, and the stores stand as in the mail.
///
/// That makes it the plain-atomic twin of `refcount`: what they differ in is the checks of `refcount_t` and how a new VMA
/// is write-locked.
#[derive(Debug)]
pub struct AtomicMsbLockDetached<M: Machine> {
    sequence: MmSequence<M>,
}

impl<M: Machine> AtomicMsbLockDetached<M> {
    /// Why a reader does not count up from `old`.
    #[inline(always)]
    fn declines(old: u32) -> Option<Declined> {
        match old {
            0 => Some(Declined::Detached),
            BIAS.. => Some(Declined::WriterBit),
            _ => None,
        }
    }
}

impl<M: Machine> VmaLock for AtomicMsbLockDetached<M> {
    type Machine = M;
    type Vma = AtomicMsbVma<M>;
    type Token<'vma> = ();

    const INFO: LockFacts = LockFacts {
        name: "atomic-msb-lock-detached",
        summary: "an atomic count with the writer's bias 0x80000000; new VMAs are write-locked by storing 0x80000001",
        source: "Message-ID 20241213092223.GB2484@noisy.programming.kicks-ass.net",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            sequence: MmSequence::new(),
        }
    }

    fn new_vma() -> Self::Vma {
        AtomicMsbVma::new(0)
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        debug_assert!(
            vma.sequence.is_stamped(&self.sequence),
            "attached without write-lock"
        );
        // Release: pairs with Acquire in R1; publishes the stamp and what the new VMA is. No reader counts up from 0 or
        // from BIAS + 1, so that nothing is lost.
        vma.count.store(1, Release);
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        debug_assert!(
            vma.sequence.is_stamped(&self.sequence),
            "detached without write-lock"
        );
        vma.drain_for_detach();
        // Relaxed: it is BIAS, and no reader changes it; a later reader declines at 0 as at BIAS.
        vma.count.store(0, Relaxed);
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
        vma.count_up_unless(Self::declines)?;
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
        if vma.sequence.is_stamped(&self.sequence) {
            return Ok(());
        }
        // Relaxed: only writers change BIAS or change the count from 0, and the mmap lock orders them.
        let count = vma.count.load(Relaxed);
        if count != 0 && !has_bias(count) {
            vma.drain_and_stamp(&self.sequence);
            return Ok(());
        }
        // Detached. Relaxed: readers decline at 0 as at BIAS + 1, and `attach` publishes the stamp.
        vma.count.store(BIAS + 1, Relaxed);
        vma.sequence.stamp(&self.sequence);
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
