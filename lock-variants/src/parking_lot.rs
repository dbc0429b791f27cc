//! `parking-lot`: the reader-writer lock of the crate parking_lot per VMA. A reference that Rust programmers know.
//!
//! Protocol and orderings: [`crate::adapter`]. Its words are not those of the [`bench_core::machine::Machine`], so that no
//! model can run it.

use crate::adapter::PlainLock;
use ::parking_lot::{RwLock, RwLockReadGuard};
use bench_core::lock::LockFacts;

impl PlainLock for RwLock<()> {
    type Guard<'lock> = RwLockReadGuard<'lock, ()>;

    const INFO: LockFacts = LockFacts {
        name: "parking-lot",
        summary: "parking_lot::RwLock per VMA, tried by readers, and two sequence numbers",
        source: "the crate parking_lot 0.12",
        excludes: true,
    };

    fn new() -> Self {
        Self::new(())
    }

    #[inline]
    fn try_read(&self) -> Option<Self::Guard<'_>> {
        self.try_read()
    }

    #[inline]
    fn with_write(&self, stamp: impl FnOnce()) {
        let _guard = self.write();
        stamp();
    }
}
