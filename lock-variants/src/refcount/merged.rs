//! `refcount`: as merged.

use super::{Form, MmNumber, NewVma, RefcountVma, TryCount};
use crate::rcuwait::NoSpin;
use crate::refcount_t::Saturating;
use crate::sequence::{Bits, MmSequence};
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::Machine;
use std::ops::Range;

/// As merged.
#[derive(Debug)]
pub struct Merged;

impl Form for Merged {
    const INFO: LockFacts = LockFacts {
        name: "refcount",
        summary: "a refcount_t with the writer's bit 0x40000000, as merged",
        source: "Linux 6.15, commit f35ab95ca0af",
        excludes: true,
    };
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = TryCount;
}

/// The merged design, and with another [`Form`] what other designs change of it.
#[derive(Debug)]
pub struct Refcount<M: Machine, F: Form = Merged> {
    sequence: MmNumber<M, F>,
}

impl<M: Machine, F: Form> VmaLock for Refcount<M, F> {
    type Machine = M;
    type Vma = RefcountVma<M, F>;
    type Token<'vma> = ();

    const INFO: LockFacts = F::INFO;

    fn new() -> Self {
        Self {
            sequence: MmSequence::new(),
        }
    }

    fn new_vma() -> Self::Vma {
        RefcountVma::new()
    }

    #[inline]
    fn set_range(&self, vma: &Self::Vma, _range: Range<u64>, _section: &WriteSection<'_>) {
        F::NewVma::create(vma, &self.sequence);
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        F::NewVma::attach(vma, &self.sequence);
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        debug_assert!(
            vma.sequence.is_stamped(&self.sequence),
            "detached without write-lock"
        );
        vma.detach();
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        _address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        vma.start_read(&self.sequence)
    }

    #[inline]
    fn end_read<'vma>(&self, vma: &'vma Self::Vma, _token: Self::Token<'vma>) -> ReadEnd {
        vma.put();
        ReadEnd::Committed
    }

    #[inline]
    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        F::NewVma::start_write(vma, &self.sequence);
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
