//! A lock with one step of it changed: a planted fault, or an adversary beside the reader.

use crate::machine::Shuttle;
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use std::fmt::Debug;
use std::ops::Range;

/// What is changed. Each step is the lock's own unless it is said otherwise.
pub(crate) trait Twist<L: VmaLock>: Debug + Default + Send + Sync + 'static {
    /// [`VmaLock::start_read`].
    fn start_read<'vma>(
        &self,
        lock: &L,
        vma: &'vma L::Vma,
        address: u64,
    ) -> Result<L::Token<'vma>, Declined> {
        lock.start_read(vma, address)
    }

    /// [`VmaLock::end_read`].
    fn end_read<'vma>(&self, lock: &L, vma: &'vma L::Vma, token: L::Token<'vma>) -> ReadEnd {
        lock.end_read(vma, token)
    }

    /// [`VmaLock::start_write`].
    fn start_write(
        &self,
        lock: &L,
        vma: &L::Vma,
        section: &WriteSection<'_>,
    ) -> Result<(), Interrupted> {
        lock.start_write(vma, section)
    }

    /// [`VmaLock::end_write_all`].
    fn end_write_all(&self, lock: &L, section: &WriteSection<'_>) {
        lock.end_write_all(section);
    }
}

/// The lock.
#[derive(Debug)]
pub(crate) struct Twisted<L, T> {
    lock: L,
    pub(crate) twist: T,
}

impl<L: VmaLock<Machine = Shuttle>, T: Twist<L>> VmaLock for Twisted<L, T> {
    type Machine = Shuttle;
    type Vma = L::Vma;
    type Token<'vma> = L::Token<'vma>;

    const INFO: LockFacts = L::INFO;
    const PER_VMA: bool = L::PER_VMA;
    const SPECULATIVE: bool = L::SPECULATIVE;
    const KILLABLE: bool = L::KILLABLE;

    fn new() -> Self {
        Self {
            lock: L::new(),
            twist: T::default(),
        }
    }

    fn new_vma() -> L::Vma {
        L::new_vma()
    }

    fn begin_write(&self, section: &WriteSection<'_>) {
        self.lock.begin_write(section);
    }

    fn set_range(&self, vma: &L::Vma, range: Range<u64>, section: &WriteSection<'_>) {
        self.lock.set_range(vma, range, section);
    }

    fn attach(&self, vma: &L::Vma, section: &WriteSection<'_>) {
        self.lock.attach(vma, section);
    }

    fn detach(&self, vma: &L::Vma, section: &WriteSection<'_>) {
        self.lock.detach(vma, section);
    }

    fn start_read<'vma>(
        &self,
        vma: &'vma L::Vma,
        address: u64,
    ) -> Result<L::Token<'vma>, Declined> {
        self.twist.start_read(&self.lock, vma, address)
    }

    fn end_read<'vma>(&self, vma: &'vma L::Vma, token: L::Token<'vma>) -> ReadEnd {
        self.twist.end_read(&self.lock, vma, token)
    }

    fn start_write(&self, vma: &L::Vma, section: &WriteSection<'_>) -> Result<(), Interrupted> {
        self.twist.start_write(&self.lock, vma, section)
    }

    fn end_write_all(&self, section: &WriteSection<'_>) {
        self.twist.end_write_all(&self.lock, section);
    }

    fn describe(&self, vma: &L::Vma) -> String {
        self.lock.describe(vma)
    }
}
