//! `speculative`: readers that only look. One sequence count for the whole mm, and nothing that a reader writes.
//!
//! Upstream: Michel Lespinasse's speculative page faults, v2 of 28 Jan 2022, Message-ID
//! `20220128131006.67712-1-michel@lespinasse.org`. Never merged: locks per VMA came instead.
//!
//! # State
//!
//! | word | value | meaning |
//! |---|---|---|
//! | `mmap_seq`, of the mm | even | nobody write-holds the mmap lock |
//! | | odd | a write section: every VMA of the mm is write-locked |
//! | `detached`, of the VMA | 1 | detached |
//! | | 0 | attached to some mm |
//!
//! # Protocol
//! Reader: (R0) read the mm's number, decline when it is odd; (R1) decline when the VMA is detached; look at whatever there is;
//! (R2) read the number again: when it is another, nothing that was seen counts.
//!
//! Writer: (W0) the number turns odd when the section begins; (W1) even when it ends. `start_write` has nothing to do.
//!
//! Any writer of the mm makes every fault in flight in that mm retry, whatever VMA it writes.
//!
//! # Invariants
//! 1. The number is odd exactly while the mmap lock is held for writing and not yet about to be released or downgraded.
//! 2. A VMA of this mm, what belongs to it and whether it is detached change only while this mm's number is odd. So a read
//!    that finds an attached VMA of its own mm and the same even number twice saw it as it was at one moment.
//! 3. R1 is needed beside R2: between two sections a VMA that this mm has unmapped is still there to be found, and until
//!    another mm has set it up it says that it is this mm's.
//!
//! # Memory ordering
//! - R0 Acquire with W1 Release: the reader sees all that was written before the number turned even.
//! - W0's fence (Release) with R2's fence (Acquire): a reader that saw anything of what was written in a section sees
//!   that section's odd number, or a later one, in R2. The fence before R2 also keeps the looks above R2.
//! - R1 Acquire with `attach` Release: who finds a VMA that another mm has attached sees that it is another mm's. No number of
//!   the reader's own mm tells of it.
//!
//! # Progress
//! A reader never waits and writes nothing, so that readers do not disturb each other at all. A writer waits for no reader. A
//! fault that meets any writer of its mm is done again under the mmap lock. The number has 64 bits and does not wrap.
//!
//! # What differs from the kernel
//! - Upstream a fault copies the VMA, checks the number, walks the page tables on the copy, and checks the number last when
//!   it holds the lock of the page table and is about to set the entry. Here the end of the read stands for that last
//!   check; there is no copy, and no check before it.
//! - Upstream the VMA came from a lookup in the mm and was freed after a grace period, so that there was nothing to be found
//!   detached or recycled. Here VMAs are recycled at once: hence R1, and the identity that the address space checks.
//! - Upstream some kinds of faults never speculate.

use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The mm's half.
#[derive(Debug)]
pub struct Speculative<M: Machine> {
    mmap_seq: M::U64,
}

/// The VMA's half.
#[derive(Debug)]
pub struct SpeculativeVma<M: Machine> {
    detached: M::U32,
}

impl<M: Machine> VmaLock for Speculative<M> {
    type Machine = M;
    type Vma = SpeculativeVma<M>;
    /// The mm's number when the read began.
    type Token<'vma> = u64;

    const INFO: LockFacts = LockFacts {
        name: "speculative",
        summary: "readers only look, and retry when any writer of the mm came meanwhile",
        source: "Michel Lespinasse's v2, Message-ID 20220128131006.67712-1-michel@lespinasse.org, never merged",
        excludes: true,
    };

    const SPECULATIVE: bool = true;

    fn new() -> Self {
        Self {
            mmap_seq: M::U64::new(0),
        }
    }

    fn new_vma() -> Self::Vma {
        SpeculativeVma {
            detached: M::U32::new(1),
        }
    }

    #[inline]
    fn begin_write(&self, _section: &WriteSection<'_>) {
        // Relaxed twice: only writers change it, and the mmap lock orders them; the fence publishes the store.
        self.mmap_seq
            .store(self.mmap_seq.load(Relaxed) + 1, Relaxed);
        // Release: pairs with the fence of `end_read`. Nothing that the section writes is seen without the odd number.
        M::fence(Release);
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        // Release: pairs with Acquire in `start_read`; publishes what the new VMA is to readers of other mms.
        vma.detached.store(0, Release);
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        // Relaxed: the end of the section publishes it, and a reader that began before meets the odd number.
        vma.detached.store(1, Relaxed);
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        _address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        // Acquire: pairs with Release in `end_write_all`; what is read of the VMA is not older than that section's end.
        let seen = self.mmap_seq.load(Acquire);
        if seen % 2 == 1 {
            return Err(Declined::WriterBit);
        }
        // Acquire: pairs with Release in `attach`.
        if vma.detached.load(Acquire) == 1 {
            return Err(Declined::Detached);
        }
        Ok(seen)
    }

    #[inline]
    fn end_read<'vma>(&self, _vma: &'vma Self::Vma, seen: Self::Token<'vma>) -> ReadEnd {
        // Acquire: pairs with the fence of `begin_write`; keeps what was read of the VMA before the second look.
        M::fence(Acquire);
        // Relaxed: the fence above is what orders it.
        if self.mmap_seq.load(Relaxed) == seen {
            ReadEnd::Committed
        } else {
            ReadEnd::Retry
        }
    }

    #[inline]
    fn start_write(
        &self,
        _vma: &Self::Vma,
        _section: &WriteSection<'_>,
    ) -> Result<(), Interrupted> {
        Ok(())
    }

    #[inline]
    fn end_write_all(&self, _section: &WriteSection<'_>) {
        // Relaxed: only writers change it, and the mmap lock orders them.
        let next = self.mmap_seq.load(Relaxed) + 1;
        // Release: pairs with Acquire in `start_read`; publishes what was written in the section.
        self.mmap_seq.store(next, Release);
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        // Relaxed twice: for descriptions only.
        let (number, detached) = (self.mmap_seq.load(Relaxed), vma.detached.load(Relaxed));
        format!("mmap_seq={number} detached={detached}")
    }
}

#[cfg(test)]
mod tests {
    use super::Speculative;
    use bench_core::lock::{Declined, ReadEnd, VmaLock};
    use bench_core::machine::Solo;
    use bench_core::space::Mm;

    type Lock = Speculative<Solo>;

    fn words(mm: &Mm<Lock>, vma: &<Lock as VmaLock>::Vma) -> String {
        mm.lock().describe(vma)
    }

    #[test]
    fn the_words_after_each_step() {
        let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
        assert_eq!(words(&mm, &vma), "mmap_seq=0 detached=1");
        let guard = mm.write_lock();
        assert_eq!(words(&mm, &vma), "mmap_seq=1 detached=1");
        mm.lock().start_write(&vma, guard.section()).unwrap();
        mm.lock().attach(&vma, guard.section());
        assert_eq!(words(&mm, &vma), "mmap_seq=1 detached=0");
        assert_eq!(mm.lock().start_read(&vma, 0), Err(Declined::WriterBit));
        let guard = guard.downgrade();
        assert_eq!(words(&mm, &vma), "mmap_seq=2 detached=0");
        assert_eq!(mm.lock().start_read(&vma, 0), Ok(2));
        drop(guard);
        assert_eq!(words(&mm, &vma), "mmap_seq=2 detached=0", "no trace");
        let guard = mm.write_lock();
        mm.lock().detach(&vma, guard.section());
        drop(guard);
        assert_eq!(words(&mm, &vma), "mmap_seq=4 detached=1");
        assert_eq!(mm.lock().start_read(&vma, 0), Err(Declined::Detached));
    }

    #[test]
    fn any_section_of_the_mm_makes_a_read_retry_and_none_of_another() {
        let (mm, other, vma) = (Mm::<Lock>::new(), Mm::<Lock>::new(), Lock::new_vma());
        let guard = mm.write_lock();
        mm.lock().attach(&vma, guard.section());
        drop(guard);
        let seen = mm.lock().start_read(&vma, 0).unwrap();
        drop(other.write_lock());
        assert_eq!(mm.lock().end_read(&vma, seen), ReadEnd::Committed);
        let guard = mm.write_lock();
        assert_eq!(mm.lock().end_read(&vma, seen), ReadEnd::Retry, "in it");
        drop(guard);
        assert_eq!(mm.lock().end_read(&vma, seen), ReadEnd::Retry, "after it");
    }
}
