//! `atomic-inverted` with a writer that leaves by a store, and not by an addition.
//!
//! It exists to be broken by the models: the store loses the count of a reader that is about to back off, whose undo then
//! makes the count one too high for ever.

use bench_core::lock::LockFacts;
use bench_core::machine::{Machine, Word};
use lock_variants::adapter::PlainLock;
use lock_variants::rcuwait::Rcuwait;
use std::sync::atomic::Ordering::{Acquire, Release};

const FREE: u32 = 0x8000_0000;

#[derive(Debug)]
pub(crate) struct InvertedByStore<M: Machine> {
    count: M::U32,
    writer: Rcuwait<M>,
}

/// A count held by a reader.
pub(crate) struct Guard<'lock, M: Machine>(&'lock InvertedByStore<M>);

impl<M: Machine> Drop for Guard<'_, M> {
    fn drop(&mut self) {
        if self.0.count.fetch_add(1, Release).wrapping_add(1) == 0 {
            self.0.writer.wake();
        }
    }
}

impl<M: Machine> PlainLock for InvertedByStore<M> {
    type Guard<'lock> = Guard<'lock, M>;

    const INFO: LockFacts = LockFacts {
        name: "inverted-by-store",
        summary: "to be broken",
        source: "Message-ID ZzLgZTH9v5io1Elx@casper.infradead.org",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            count: M::U32::new(FREE),
            writer: Rcuwait::new(),
        }
    }

    fn try_read(&self) -> Option<Guard<'_, M>> {
        let left = self.count.fetch_sub(1, Acquire).wrapping_sub(1);
        // Its drop is the undo.
        let guard = Guard(self);
        (left.cast_signed() > 0).then_some(guard)
    }

    fn with_write(&self, stamp: impl FnOnce()) {
        self.count.fetch_sub(FREE, Acquire);
        self.writer.wait_until(|| self.count.load(Acquire) == 0);
        stamp();
        self.count.store(FREE, Release);
    }
}
