//! `refcount-stamp-new`: as `refcount`, with new VMAs that are stamped when they are created.
//!
//! Upstream: Falcato's proposal of June 2026 (Message-ID `akZHWwVgJfqCwA2W@pedro-suse.lan`): stamp a VMA when it is created, so
//! that it is write-locked by default.
//!
//! # State
//! As in [the module](super).
//!
//! # Protocol
//! As in [the module](super), but a VMA is stamped when an mm makes it its own (`set_range`), and W0 then finds it stamped. The try
//! of the count is left for VMAs that were not created in this section.
//!
//! # What differs from the mail
//! There is no allocation of a VMA here: a slot is one from when an mm says which addresses it has.

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
        summary: "as refcount, but a new VMA is stamped when it is created, so that write-locking it finds it stamped",
        source: "Message-ID akZHWwVgJfqCwA2W@pedro-suse.lan",
        excludes: true,
    };
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = StampAtCreation;
}

/// Stamp it when it is created.
#[derive(Debug)]
pub struct StampAtCreation;

impl NewVma for StampAtCreation {
    #[inline(always)]
    fn create<M: Machine, F: Form>(vma: &RefcountVma<M, F>, mm: &MmNumber<M, F>) {
        vma.sequence.stamp(mm);
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
    fn it_is_stamped_when_it_is_created() {
        type Lock = RefcountStampNew<Solo>;
        assert_eq!(counts::<Lock, StampNew>(), [0, 0, 1, 3, 1, 1, 0]);
        assert_eq!(
            new_vma_steps::<Lock, _>(),
            [(0, u32::MAX), (0, 2), (0, 2), (1, 2)]
        );
    }
}
