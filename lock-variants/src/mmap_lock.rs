//! `mmap-lock`: no lock per VMA. Every fault takes the mmap lock for reading, as up to Linux 6.3.
//!
//! # State
//! None. All exclusion is that of the mmap lock, which belongs to the address space.
//!
//! # Protocol
//! A reader is always declined, with [`Declined::NoVmaLock`]; a writer has nothing to do.
//!
//! # Progress
//! That of the rwsem: every fault of the mm writes the same cache line twice, and every writer of the mm excludes all of
//! its faults.
//!
//! # What differs from the kernel
//! Nothing.

use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::Machine;
use std::convert::Infallible;
use std::marker::PhantomData;

/// The design without a lock per VMA.
#[derive(Debug)]
pub struct MmapLock<M: Machine> {
    machine: PhantomData<M>,
}

impl<M: Machine> VmaLock for MmapLock<M> {
    type Machine = M;
    type Vma = ();
    /// No reader ever holds a VMA.
    type Token<'vma> = Infallible;

    const INFO: LockFacts = LockFacts {
        name: "mmap-lock",
        summary: "no lock per VMA: every fault takes the mmap lock for reading",
        source: "Linux up to 6.3",
        excludes: true,
    };

    const PER_VMA: bool = false;

    fn new() -> Self {
        Self {
            machine: PhantomData,
        }
    }

    fn new_vma() -> Self::Vma {}

    #[inline]
    fn attach(&self, _vma: &Self::Vma, _section: &WriteSection<'_>) {}

    #[inline]
    fn detach(&self, _vma: &Self::Vma, _section: &WriteSection<'_>) {}

    #[inline]
    fn start_read<'vma>(
        &self,
        _vma: &'vma Self::Vma,
        _address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        Err(Declined::NoVmaLock)
    }

    #[inline]
    fn end_read<'vma>(&self, _vma: &'vma Self::Vma, token: Self::Token<'vma>) -> ReadEnd {
        match token {}
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
    fn end_write_all(&self, _section: &WriteSection<'_>) {}

    fn describe(&self, _vma: &Self::Vma) -> String {
        "no state".to_owned()
    }
}
