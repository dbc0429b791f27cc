//! `refcount-seq64`: as `refcount`, with sequence numbers of 64 bits.
//!
//! Upstream: 64 bits were posted on 10 Oct 2024 (Message-ID `20241010205644.3831427-3-andrii@kernel.org`), so that the number of an mm
//! never comes back; the 32-bit sequence count was merged instead.
//!
//! # State, protocol, invariants, memory ordering
//! As in [the module](super), with [`Bits64`]. The VMA's half is 16 bytes instead of 12, and the mm's 8 instead of 4.
//!
//! # Progress
//! As in [the module](super). No VMA outlives 2^64 sections, so that equal numbers mean what they say (P4).

use super::{Form, Refcount, TryCount};
use crate::rcuwait::NoSpin;
use crate::refcount_t::Saturating;
use crate::sequence::Bits64;
use bench_core::lock::LockFacts;

/// What it changes of `refcount`.
#[derive(Debug)]
pub struct Seq64;

impl Form for Seq64 {
    const INFO: LockFacts = LockFacts {
        name: "refcount-seq64",
        summary: "as refcount, but with sequence numbers of 64 bits",
        source: "Message-ID 20241010205644.3831427-3-andrii@kernel.org",
        excludes: true,
    };
    type Spin = NoSpin;
    type Width = Bits64;
    type Checks = Saturating;
    type NewVma = TryCount;
}

/// The lock.
pub type RefcountSeq64<M> = Refcount<M, Seq64>;

#[cfg(test)]
mod tests {
    use super::super::tests::counts;
    use super::super::{Refcount, RefcountVma};
    use super::{RefcountSeq64, Seq64};
    use bench_core::lock::VmaLock;
    use bench_core::machine::Solo;

    type Lock = RefcountSeq64<Solo>;

    #[test]
    fn the_count_after_each_step_is_that_of_refcount() {
        assert_eq!(counts::<Lock, Seq64>(), [0, 0, 1, 3, 1, 1, 0]);
    }

    #[test]
    fn the_numbers_are_wide() {
        let vma = Lock::new_vma();
        assert_eq!(vma.sequence.number(), u64::MAX);
        assert_eq!(size_of::<RefcountVma<Solo, Seq64>>(), 16);
        assert_eq!(size_of::<RefcountVma<Solo>>(), 12);
        assert_eq!((size_of::<Lock>(), size_of::<Refcount<Solo>>()), (8, 4));
    }
}
