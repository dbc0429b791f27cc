//! `null`: excludes nobody. What is left is the cost of the harness, and the proof that its checks fire.
//!
//! # State
//! None. A VMA is never detached and never write-locked.
//!
//! # Protocol
//! Every operation does nothing and succeeds.
//!
//! # What differs from the kernel
//! The kernel has nothing of the kind; lock benchmarks such as lockhammer do.

use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::Machine;
use std::marker::PhantomData;

/// The lock that excludes nobody.
#[derive(Debug)]
pub struct Null<M: Machine> {
    machine: PhantomData<M>,
}

impl<M: Machine> VmaLock for Null<M> {
    type Machine = M;
    type Vma = ();
    type Token<'vma> = ();

    const INFO: LockFacts = LockFacts {
        name: "null",
        summary: "excludes nobody: the cost of the harness, and the check that its checks fire",
        source: "negative control",
        excludes: false,
    };

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
        Ok(())
    }

    #[inline]
    fn end_read<'vma>(&self, _vma: &'vma Self::Vma, _token: Self::Token<'vma>) -> ReadEnd {
        ReadEnd::Committed
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
