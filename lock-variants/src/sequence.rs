//! The two sequence numbers that say which VMAs are write-locked, shared by all designs since Linux 6.4.
//!
//! A VMA is write-locked while its number equals the mm's and the mmap lock is held for writing. A writer stamps the VMA
//! with the mm's number; the end of the write section adds one to the mm's number, which unlocks every VMA stamped in the
//! section at once. Both are 32 bits wide and wrap.
//!
//! # Memory ordering
//! - [`MmSequence::end_section`] stores with Release and [`VmaSequence::is_locked`] loads with Acquire: a reader that sees
//!   the section over sees everything that was written in it. Both were missing in Linux 6.4.0 (fixed by b1f02b95758d).
//! - The VMA's number is Relaxed everywhere. A reader trusts it only while it holds the lock word, whose Acquire pairs
//!   with the Release of the writer that stamped.
//!
//! # Progress
//! A number that was last stamped exactly 2^32 sections ago looks stamped now, to a reader, which then needlessly falls
//! back, and to a writer, which then does not wait for readers (P4 in `kernel-locks.md`, a hypothesis about the kernel too).

use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The mm's number (`mm_lock_seq`).
#[derive(Debug)]
pub struct MmSequence<M: Machine>(M::U32);

/// A VMA's number (`vm_lock_seq`).
#[derive(Debug)]
pub struct VmaSequence<M: Machine>(M::U32);

impl<M: Machine> MmSequence<M> {
    /// The number of a new mm: 0.
    #[must_use]
    pub fn new() -> Self {
        Self(M::U32::new(0))
    }

    /// The number of the section that the caller is in, or, outside of one, some recent number.
    #[inline(always)]
    #[must_use]
    pub fn number(&self) -> u32 {
        // Relaxed: only writers change it, and the caller excludes other writers by the mmap lock.
        self.0.load(Relaxed)
    }

    /// Ends the write section: unlocks every VMA that was stamped in it.
    #[inline(always)]
    pub fn end_section(&self) {
        // Release: pairs with Acquire in `VmaSequence::is_locked`; publishes what was written in the section. A plain
        // store is enough since the mmap lock excludes other writers.
        self.0.store(self.number().wrapping_add(1), Release);
    }
}

impl<M: Machine> VmaSequence<M> {
    /// The number of a slot that never held a VMA: the one farthest from a new mm's.
    #[must_use]
    pub fn new() -> Self {
        Self(M::U32::new(u32::MAX))
    }

    /// The number as it is now.
    #[must_use]
    pub fn number(&self) -> u32 {
        // Relaxed: for descriptions only.
        self.0.load(Relaxed)
    }

    /// For the reader that does not hold the VMA yet: whether it seems to be write-locked. A cheap filter.
    #[inline(always)]
    #[must_use]
    pub fn seems_locked(&self, mm: &MmSequence<M>) -> bool {
        // Relaxed twice: both wrong answers are harmless, `is_locked` comes after.
        self.0.load(Relaxed) == mm.0.load(Relaxed)
    }

    /// For the reader that holds the VMA: whether it is write-locked. The answer that counts.
    #[inline(always)]
    #[must_use]
    pub fn is_locked(&self, mm: &MmSequence<M>) -> bool {
        // Acquire: pairs with Release in `MmSequence::end_section`; what the reader reads of the VMA is not older than the
        // unlock that it relies on. The VMA's number is read after it, so that it is not older either.
        let section = mm.0.load(Acquire);
        // Relaxed: the lock word that the reader holds orders it after the stamp.
        self.0.load(Relaxed) == section
    }

    /// For the writer: whether it stamped the VMA in this section already. The number of a detached VMA may be another mm's.
    #[inline(always)]
    #[must_use]
    pub fn is_stamped(&self, mm: &MmSequence<M>) -> bool {
        // Relaxed: only writers stamp, and the mmap lock orders them.
        self.0.load(Relaxed) == mm.number()
    }

    /// Write-locks the VMA for the rest of the section. The caller has kept its readers out.
    #[inline(always)]
    pub fn stamp(&self, mm: &MmSequence<M>) {
        // Relaxed: `seems_locked` may see it at any time; `is_locked` sees it by the lock word's Release and Acquire.
        self.0.store(mm.number(), Relaxed);
    }
}

impl<M: Machine> Default for MmSequence<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Machine> Default for VmaSequence<M> {
    fn default() -> Self {
        Self::new()
    }
}

/// Both numbers in words, for [`bench_core::lock::VmaLock::describe`].
pub fn describe<M: Machine>(vma: &VmaSequence<M>, mm: &MmSequence<M>) -> String {
    format!("vm_lock_seq={} mm_lock_seq={}", vma.number(), mm.number())
}
