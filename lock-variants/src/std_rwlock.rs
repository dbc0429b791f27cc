//! `std-rwlock`: the standard library's reader-writer lock per VMA. A reference that Rust programmers know.
//!
//! Protocol and orderings: [`crate::adapter`]. Its words are not those of the [`bench_core::machine::Machine`], so that no
//! model can run it.

use crate::adapter::PlainLock;
use bench_core::lock::LockFacts;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

impl PlainLock for RwLock<()> {
    type Guard<'lock> = RwLockReadGuard<'lock, ()>;

    const INFO: LockFacts = LockFacts {
        name: "std-rwlock",
        summary: "std::sync::RwLock per VMA, tried by readers, and two sequence numbers",
        source: "the Rust standard library",
        excludes: true,
    };

    fn new() -> Self {
        Self::new(())
    }

    #[inline]
    fn try_read(&self) -> Option<Self::Guard<'_>> {
        self.try_read().ok()
    }

    #[inline]
    fn with_write(&self, stamp: impl FnOnce()) {
        // Nothing can be poisoned: the lock guards no data of its own.
        let _guard = self.write().unwrap_or_else(PoisonError::into_inner);
        stamp();
    }
}
