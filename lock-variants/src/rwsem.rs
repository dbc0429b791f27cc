//! `rwsem`: an rw_semaphore per VMA, as in Linux 6.4.
//!
//! Upstream: 5e31275cc997 put it into the VMA; c7f8f31c00d1 of the same release moved it to a slab object of its own,
//! which this does not. Protocol, orderings and differences: [`crate::adapter`]; the semaphore: [`bench_core::rwsem`].
//!
//! # Progress
//! A writer spins optimistically, then queues and sleeps. While it waits, every reader of the VMA is declined and queues
//! behind it at the mmap lock.

use crate::adapter::PlainLock;
use bench_core::lock::LockFacts;
use bench_core::machine::Machine;
use bench_core::rwsem::RwSem;

/// A semaphore held for reading.
#[derive(Debug)]
pub struct RwSemReadGuard<'lock, M: Machine>(&'lock RwSem<M>);

impl<M: Machine> Drop for RwSemReadGuard<'_, M> {
    #[inline]
    fn drop(&mut self) {
        self.0.read_unlock();
    }
}

impl<M: Machine> PlainLock for RwSem<M> {
    type Guard<'lock> = RwSemReadGuard<'lock, M>;

    const INFO: LockFacts = LockFacts {
        name: "rwsem",
        summary: "an rw_semaphore per VMA, tried by readers, and two sequence numbers",
        source: "Linux 6.4, commit 5e31275cc997",
        excludes: true,
    };

    fn new() -> Self {
        Self::new()
    }

    #[inline]
    fn try_read(&self) -> Option<Self::Guard<'_>> {
        self.try_read_lock().then(|| RwSemReadGuard(self))
    }

    #[inline]
    fn with_write(&self, stamp: impl FnOnce()) {
        self.write_lock();
        stamp();
        self.write_unlock();
    }

    fn describe(&self) -> String {
        self.describe()
    }
}
