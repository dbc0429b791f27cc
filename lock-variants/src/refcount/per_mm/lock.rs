//! The two halves as a lock, and the versions of it.

use super::{MmHalf, PerMmVma};
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::Machine;
use std::fmt::Debug;
use std::marker::PhantomData;

/// What the versions differ in.
pub trait Version: Debug + Send + Sync + 'static {
    /// What the lock is.
    const INFO: LockFacts;
    /// Whether a fatal signal ends the wait of a writer.
    const KILLABLE: bool;
}

/// Linux 6.17.
#[derive(Debug)]
pub struct Linux617;

impl Version for Linux617 {
    const INFO: LockFacts = LockFacts {
        name: "refcount-6.17",
        summary: "as refcount, but the waiting writer's slot is the mm's and a recycled VMA's other mm is pinned for the wake",
        source: "Linux 6.17, Message-ID 20250728175355.2282375-1-surenb@google.com",
        excludes: true,
    };
    const KILLABLE: bool = false;
}

/// Linux 6.19.
#[derive(Debug)]
pub struct Linux619;

impl Version for Linux619 {
    const INFO: LockFacts = LockFacts {
        name: "refcount-6.19",
        summary: "as refcount-6.17, but a fatal signal ends the writer's wait",
        source: "Linux 6.19, commits 2197bb60f890, 7370f8e1b3a8, ecf371b2cabe, faf3c923523e",
        excludes: true,
    };
    const KILLABLE: bool = true;
}

/// The merged design with one slot for a waiting writer in each mm.
#[derive(Debug)]
pub struct RefcountPerMm<M: Machine, V> {
    pub(super) mm: MmHalf<M>,
    version: PhantomData<fn() -> V>,
}

/// `refcount-6.17`.
pub type Refcount617<M> = RefcountPerMm<M, Linux617>;

/// `refcount-6.19`.
pub type Refcount619<M> = RefcountPerMm<M, Linux619>;

impl<M: Machine, V: Version> VmaLock for RefcountPerMm<M, V> {
    type Machine = M;
    type Vma = PerMmVma<M>;
    type Token<'vma> = ();

    const INFO: LockFacts = V::INFO;
    const KILLABLE: bool = V::KILLABLE;

    fn new() -> Self {
        Self {
            mm: MmHalf::new(),
            version: PhantomData,
        }
    }

    fn new_vma() -> Self::Vma {
        PerMmVma::new()
    }

    #[inline]
    fn begin_write(&self, _section: &WriteSection<'_>) {
        self.mm.sequence.begin_section();
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        debug_assert!(
            vma.sequence.is_stamped(&self.mm.sequence),
            "attached without write-lock"
        );
        vma.attach(&self.mm);
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        debug_assert!(
            vma.sequence.is_stamped(&self.mm.sequence),
            "detached without write-lock"
        );
        vma.detach(&self.mm);
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        _address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        vma.start_read(&self.mm)
    }

    #[inline]
    fn end_read<'vma>(&self, vma: &'vma Self::Vma, _token: Self::Token<'vma>) -> ReadEnd {
        vma.put(&self.mm);
        ReadEnd::Committed
    }

    #[inline]
    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        let sequence = &self.mm.sequence;
        if !vma.sequence.is_stamped(sequence) && !vma.drain_and_stamp::<V>(&self.mm)? {
            // Detached: nobody can count up, so that the number alone will do.
            vma.sequence.stamp(sequence);
        }
        Ok(())
    }

    #[inline]
    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.mm.sequence.end_section();
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        vma.describe(&self.mm)
    }
}
