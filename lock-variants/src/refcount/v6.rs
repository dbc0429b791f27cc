//! `refcount-v6`: the first form of the reference count that was posted.
//!
//! Upstream: v6 of the series, 16 Dec 2024 (Message-ID `20241216192419.2970941-11-surenb@google.com`), three days after the
//! mail that had asked for an `atomic_t`. It took the count from there: a writer counts itself beside its bit, and a
//! reader looks for the bit in what it counted up from. Both were gone when it was merged from v10.
//!
//! # State
//! `vm_refcnt`, a [`RefcountT`](crate::refcount_t::RefcountT). OFFSET is `VMA_STATE_LOCKED`, 0x40000000:
//!
//! | value | meaning |
//! |---|---|
//! | 0 | detached; only `attach` counts up from it |
//! | 1 | attached; write-locked or not, as the sequence numbers say |
//! | 2 ..= OFFSET - 2 | that many readers, less one; some may be about to back off |
//! | OFFSET + 1 | detaching: the last reader is gone |
//! | OFFSET + 2 | a writer waits no more, or a detacher waits for one reader |
//! | above | a writer or a detacher waits for readers |
//!
//! The limit of OFFSET - 2 leaves room: with the OFFSET + 1 of a writer the count is at most 0x7fffffff, the highest that is
//! not bad.
//!
//! # Protocol
//! As in [the module](super), with OFFSET + 1 where that has OFFSET: W1 adds it, W2 waits for OFFSET + 2, W4 subtracts it. R1
//! counts up, unless the count is 0 or at or above OFFSET - 2, and then declines when OFFSET was in the count before.
//!
//! # Invariants
//! Those of [the module](super). The second half of R1 never declines as long as the count is not bad: what it looks for is above
//! the limit. It turns readers of a saturated count away, which `refcount` lets in.
//!
//! # Memory ordering
//! As in [the module](super).
//!
//! # Progress
//! As in [the module](super).
//!
//! # What differs from the kernel
//! - That the writer adds its bit plus one is inferred from the limit, and the two values whose leaver wakes it from that.
//! - R1 is Acquire. In v6 it was Relaxed, which lets R2 be answered too early (P8, found in the review of v9).
//! - Detach waits for readers that are about to back off. That it has to was found in the review of v6 (P12).
//! - The rest as in [the module](super).

use super::{Form, OFFSET, Refcount, TryCount};
use crate::rcuwait::NoSpin;
use crate::refcount_t::Saturating;
use crate::sequence::Bits;
use bench_core::lock::LockFacts;

/// What it changes of `refcount`.
#[derive(Debug)]
pub struct Version6;

impl Form for Version6 {
    const INFO: LockFacts = LockFacts {
        name: "refcount-v6",
        summary: "as refcount, but a writer counts itself beside its bit and a reader looks for the bit again",
        source: "Message-ID 20241216192419.2970941-11-surenb@google.com",
        excludes: true,
    };
    const WRITER: u32 = OFFSET + 1;
    const LIMIT: u32 = OFFSET - 2;
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = TryCount;

    #[inline(always)]
    fn backs_off(old: u32) -> bool {
        old & OFFSET != 0
    }
}

/// The lock.
pub type RefcountV6<M> = Refcount<M, Version6>;

#[cfg(test)]
mod tests {
    use super::super::tests::{count, counts};
    use super::super::{Form, Refcount, decode};
    use super::{OFFSET, RefcountV6, Version6};
    use crate::contract::mapped;
    use bench_core::lock::{Declined, VmaLock};
    use bench_core::machine::Solo;
    use std::sync::atomic::Ordering::Relaxed;

    type Lock = RefcountV6<Solo>;

    #[test]
    fn the_count_after_each_step() {
        assert_eq!(counts::<Lock, Version6>(), [0, 0, 1, 3, 1, 1, 0]);
    }

    #[test]
    fn each_reason_to_decline() {
        let (mm, vma) = mapped::<Lock>().unwrap();
        for (at, declined) in [
            (0, Declined::Detached),
            (0x3fff_fffe, Declined::Limit),
            (0x4000_0001, Declined::WriterBit),
            (0x4000_0002, Declined::WriterBit),
            (0x7fff_ffff, Declined::WriterBit),
        ] {
            vma.count.set(at, Relaxed);
            assert_eq!(mm.lock().start_read(&vma, 0), Err(declined), "{at:#x}");
            assert_eq!(count(&vma), at, "who is declined leaves no trace");
        }
    }

    #[test]
    fn a_writer_fits_above_the_last_reader() {
        let (mm, vma) = mapped::<Lock>().unwrap();
        vma.count.set(Version6::LIMIT - 1, Relaxed);
        assert_eq!(mm.lock().start_read(&vma, 0), Ok(()));
        assert!(vma.count.add_not_zero(Version6::WRITER));
        assert_eq!(count(&vma), 0x7fff_ffff);
        assert!(!vma.count.is_saturated());
    }

    #[test]
    fn a_saturated_count_turns_readers_away() {
        let saturated = 0xc000_0000;
        let (mm, vma) = mapped::<Lock>().unwrap();
        vma.count.set(saturated, Relaxed);
        assert_eq!(mm.lock().start_read(&vma, 0), Err(Declined::WriterBit));
        let (mm, vma) = mapped::<Refcount<Solo>>().unwrap();
        vma.count.set(saturated, Relaxed);
        assert_eq!(
            mm.lock().start_read(&vma, 0),
            Ok(()),
            "and those of refcount are let in"
        );
        assert!(vma.count.is_saturated());
    }

    #[test]
    fn a_word_in_words() {
        assert_eq!(decode::<Version6>(OFFSET + 1), "detaching, no reader left");
        assert_eq!(
            decode::<Version6>(OFFSET + 2),
            "writer owns it, or detacher waits for 1 reader"
        );
        assert_eq!(decode::<Version6>(OFFSET + 4), "writer waits for 2 readers");
        assert_eq!(decode::<Version6>(3), "2 readers");
    }
}
