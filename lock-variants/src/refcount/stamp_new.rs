//! `refcount-stamp-new`: as `refcount`, with new VMAs that are stamped without a try of their count.
//!
//! Upstream: Falcato's proposal of June 2026 (Message-ID `akZHWwVgJfqCwA2W@pedro-suse.lan`): stamp a VMA when it is created, so
//! that it is write-locked by default.
//!
//! # State
//! As in [the module](super).
//!
//! # Protocol
//! As in [the module](super), but `start_write` looks at the count before the numbers, and only stamps when it is 0. A VMA is
//! created by the first `start_write` of it, since that is when its mm first has it.
//!
//! # What differs from the mail
//! Who creates a VMA knows that it is new. Here `start_write` has to look, so that what is saved is the comparison of the
//! numbers; the try that is left out would have ended at the same look.

use super::new_vma::NewVma;
use super::{Form, MmNumber, Refcount, RefcountVma};
use crate::rcuwait::NoSpin;
use crate::refcount_t::Saturating;
use crate::sequence::Bits;
use bench_core::lock::LockFacts;
use bench_core::machine::Machine;

/// What it changes of `refcount`.
#[derive(Debug)]
pub struct StampNew;

impl Form for StampNew {
    const INFO: LockFacts = LockFacts {
        name: "refcount-stamp-new",
        summary: "as refcount, but a new VMA is stamped at once, without a look at its number or a try of its count",
        source: "Message-ID akZHWwVgJfqCwA2W@pedro-suse.lan",
        excludes: true,
    };
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = StampAtOnce;
}

/// Stamp it.
#[derive(Debug)]
pub struct StampAtOnce;

impl NewVma for StampAtOnce {
    #[inline(always)]
    fn start_write<M: Machine, F: Form>(vma: &RefcountVma<M, F>, mm: &MmNumber<M, F>) {
        if vma.is_uncounted() {
            vma.sequence.stamp(mm);
        } else if !vma.sequence.is_stamped(mm) {
            let attached = vma.drain_and_stamp(mm);
            debug_assert!(attached, "detached without the mmap lock");
        }
    }
}

/// The lock.
pub type RefcountStampNew<M> = Refcount<M, StampNew>;

#[cfg(test)]
mod tests {
    use super::super::tests::{counts, new_vma_steps};
    use super::{RefcountStampNew, StampNew};
    use bench_core::machine::Solo;

    #[test]
    fn the_words_after_each_step() {
        type Lock = RefcountStampNew<Solo>;
        assert_eq!(counts::<Lock, StampNew>(), [0, 0, 1, 3, 1, 1, 0]);
        assert_eq!(new_vma_steps::<Lock, _>(), [(0, u32::MAX), (0, 2), (1, 2)]);
    }
}
