//! `range-lock`: a lock of addresses, one for the whole mm. A fault holds its page, a writer the range of the VMA.
//!
//! Upstream: Davidlohr Bueso's range locks for `mmap_sem`, 5 Feb 2018, Message-ID
//! `20180205012754.23615-1-dbueso@wotan.suse.de`, never merged: an interval tree of the ranges that are held or waited for,
//! and a spinlock around it.
//!
//! # State
//!
//! | word | of | meaning |
//! |---|---|---|
//! | `number` | mm | which mm it is; never changes |
//! | `ranges`: `busy` | mm | 1: somebody looks at the ranges or changes them (the spinlock) |
//! | `ranges`: `reading`, `pages` | mm | the pages that are held for reading, at most [`READERS`] |
//! | `ranges`: `writing`, `written` | mm | the ranges that are held for writing, at most [`WRITER_RANGES`] |
//! | `writer` | mm | the task that waits for readers |
//! | `owner` | VMA | the number of its mm; 0: detached |
//! | `start`, `end` | VMA | the addresses that it covers |
//!
//! # Protocol
//! All of it with the spinlock of one's own mm held, save the waits and the wakes.
//!
//! Reader: (R0) decline when the VMA is not this mm's, or does not cover the address; (R1) decline when the page is in a
//! range that is held for writing, or when the table is full; (R2) hold the page. To end: (R3) let go of the page; who finds
//! it in a range that is held for writing wakes the writer.
//!
//! Writer: (W0) done when the range is held already; (W1) hold it; (W2) wait until no page of it is held. The end of the
//! section lets go of all ranges. Who write-locks a fifth range in one section holds every address from then on.
//!
//! Attach: set the owner. Detach: set it to 0.
//!
//! # Invariants
//! 1. The owner changes to an mm's number, and back to 0, only with that mm's spinlock held. So whoever finds the VMA to be its
//!    own mm's, with that spinlock held, knows it for as long as it holds the spinlock.
//! 2. A page is held only in the mm whose VMA it is. A reader of another mm, that found the VMA before it was recycled, never
//!    holds anything, and `detach` has nobody to wait for: its own mm's readers were waited for by the write lock.
//! 3. No page that is held overlaps a range that is held for writing, except between W1 and the end of W2.
//! 4. `start` and `end` change only while the VMA is detached. A page that is held is one of its VMA's.
//!
//! # Memory ordering
//! - The spinlock: Release on unlock, Acquire on lock. All words under it are Relaxed, and a reader's and a writer's turns at
//!   the table order what they do to the VMA: R3 before the last look of W2, the end of a section before R1.
//! - The wait and the wake: [`crate::rcuwait`]. The writer is in the slot before it looks at the table, so that a reader which
//!   comes to the table later sees it there; one that came earlier is seen to be gone.
//!
//! # Progress
//! A reader waits for the spinlock only, which is held for a few dozen instructions, longer if its holder loses the CPU. Every
//! fault of the mm takes it twice, whatever the address: that is what this design costs. A writer keeps new readers out before
//! it waits. It parks.
//!
//! # What differs from the kernel
//! - An array under the spinlock instead of an interval tree: a reader looks at the few ranges of the one writer that there
//!   can be, and takes the first free place, so that a tree would find nothing faster. It keeps no order, since nobody but that
//!   writer waits. The lock-free list of Kogan, Dice and Issa (EuroSys 2020, arXiv 2006.12144) has no spinlock at all; it
//!   is another design, whose nodes need reclamation.
//! - Upstream the range lock takes the place of `mmap_sem`, faults sleep in it, and in the series every user takes the full
//!   range. Here it is a lock of VMAs beside the mmap lock: a fault that meets a writer falls back, and writers take turns.
//! - Upstream the nodes are on the stacks of the tasks, as many as there are; here there are places for 64 readers.
//! - The kernel's spinlock queues; this one does not.

mod table;
#[cfg(test)]
mod tests;

pub use table::{EVERYTHING, READERS, Ranges, Table, WRITER_RANGES};

use crate::mms;
use crate::rcuwait::Rcuwait;
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use bench_core::space::PAGE_BYTES;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// The owner of a detached VMA.
const NOBODY: u64 = 0;

/// The mm's half.
#[derive(Debug)]
pub struct RangeLock<M: Machine> {
    number: u64,
    writer: Rcuwait<M>,
    ranges: Ranges<M>,
}

/// The VMA's half. Relaxed throughout: the spinlock of the VMA's mm orders what is written to it.
#[derive(Debug)]
pub struct RangeLockVma<M: Machine> {
    owner: M::U64,
    start: M::U64,
    end: M::U64,
}

impl<M: Machine> RangeLockVma<M> {
    fn range(&self) -> Range<u64> {
        self.start.load(Relaxed)..self.end.load(Relaxed)
    }

    /// Whether the VMA is this mm's and covers the address. The caller has the mm's spinlock.
    #[inline]
    fn check(&self, mm: u64, address: u64) -> Result<(), Declined> {
        match self.owner.load(Relaxed) {
            NOBODY => Err(Declined::Detached),
            owner if owner != mm => Err(Declined::WrongMm),
            _ if !self.range().contains(&address) => Err(Declined::OutOfRange),
            _ => Ok(()),
        }
    }
}

impl<M: Machine> VmaLock for RangeLock<M> {
    type Machine = M;
    type Vma = RangeLockVma<M>;
    /// The place of its page in the table.
    type Token<'vma> = u32;

    const INFO: LockFacts = LockFacts {
        name: "range-lock",
        summary: "a lock of addresses for the whole mm: a fault holds its page, a writer the VMA's range",
        source: "Davidlohr Bueso's range locks, Message-ID 20180205012754.23615-1-dbueso@wotan.suse.de, never merged",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            number: mms::new_number(),
            writer: Rcuwait::new(),
            ranges: Ranges::new(),
        }
    }

    fn new_vma() -> Self::Vma {
        RangeLockVma {
            owner: M::U64::new(NOBODY),
            start: M::U64::new(0),
            end: M::U64::new(0),
        }
    }

    #[inline]
    fn set_range(&self, vma: &Self::Vma, range: Range<u64>, _section: &WriteSection<'_>) {
        vma.start.store(range.start, Relaxed);
        vma.end.store(range.end, Relaxed);
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        let _table = self.ranges.lock();
        vma.owner.store(self.number, Relaxed);
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        let _table = self.ranges.lock();
        vma.owner.store(NOBODY, Relaxed);
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        let table = self.ranges.lock();
        vma.check(self.number, address)?;
        table.read(address & !(PAGE_BYTES - 1))
    }

    #[inline]
    fn end_read<'vma>(&self, _vma: &'vma Self::Vma, place: Self::Token<'vma>) -> ReadEnd {
        let writer_may_wait = self.ranges.lock().end_read(place);
        if writer_may_wait {
            self.writer.wake();
        }
        ReadEnd::Committed
    }

    #[inline]
    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        let in_the_way = self.ranges.lock().write(vma.range());
        if let Some(range) = in_the_way {
            self.writer
                .wait_until(|| !self.ranges.lock().is_read(&range));
        }
        Ok(())
    }

    #[inline]
    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.ranges.lock().end_write();
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        let (owner, range) = (vma.owner.load(Relaxed), vma.range());
        format!(
            "VMA {:#x}..{:#x} of mm {owner}, mm {}: {}",
            range.start, range.end, self.number, self.ranges
        )
    }
}
