//! Small forms of `percpu-rwsem` and `bravo` with one step left out or in the wrong place. They exist to be broken by the
//! models; with nothing left out they hold.

use crate::machine::Loom;
use bench_core::lock::LockFacts;
use bench_core::machine::{Machine, Word};
use bench_core::rwsem::RwSem;
use lock_variants::adapter::PlainLock;
use lock_variants::rcuwait::Rcuwait;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

type U32 = <Loom as Machine>::U32;

const INFO: LockFacts = LockFacts {
    name: "reader-slots-form",
    summary: "to be broken",
    source: "these tests",
    excludes: true,
};

/// `percpu-rwsem` for tasks 0 to 3. With `SUMS_FIRST` the writer waits for the sum and blocks readers then.
#[derive(Debug)]
pub(crate) struct PercpuForm<const SUMS_FIRST: bool> {
    block: U32,
    counts: [U32; 4],
    writer: Rcuwait<Loom>,
}

/// A count of a task.
pub(crate) struct Counted<'lock, const SUMS_FIRST: bool>(&'lock PercpuForm<SUMS_FIRST>);

impl<const SUMS_FIRST: bool> Drop for Counted<'_, SUMS_FIRST> {
    fn drop(&mut self) {
        let own = self.0.own();
        own.store(own.load(Relaxed) - 1, Release);
        Loom::light_barrier();
        if self.0.block.load(Relaxed) == 1 {
            self.0.writer.wake();
        }
    }
}

impl<const SUMS_FIRST: bool> PercpuForm<SUMS_FIRST> {
    fn own(&self) -> &U32 {
        &self.counts[Loom::current().number() as usize]
    }

    fn wait_for_readers(&self) {
        self.writer
            .wait_until(|| self.counts.iter().all(|count| count.load(Acquire) == 0));
    }

    fn block_readers(&self) {
        self.block.store(1, Relaxed);
        Loom::heavy_barrier();
    }
}

impl<const SUMS_FIRST: bool> PlainLock for PercpuForm<SUMS_FIRST> {
    type Guard<'lock> = Counted<'lock, SUMS_FIRST>;

    const INFO: LockFacts = INFO;

    fn new() -> Self {
        Self {
            block: U32::new(0),
            counts: std::array::from_fn(|_| U32::new(0)),
            writer: Rcuwait::new(),
        }
    }

    fn try_read(&self) -> Option<Self::Guard<'_>> {
        let own = self.own();
        own.store(own.load(Relaxed) + 1, Relaxed);
        Loom::light_barrier();
        let guard = Counted(self);
        (self.block.load(Acquire) == 0).then_some(guard)
    }

    fn with_write(&self, stamp: impl FnOnce()) {
        if SUMS_FIRST {
            self.wait_for_readers();
            self.block_readers();
        } else {
            self.block_readers();
            self.wait_for_readers();
        }
        stamp();
        self.block.store(0, Release);
    }
}

/// `bravo` with a slot of its own, which is all of its table. With `LOOKS_AGAIN` a reader looks at the bias after it took the
/// slot; with `SEARCHES` a writer waits for the slot.
#[derive(Debug)]
pub(crate) struct BravoForm<const LOOKS_AGAIN: bool, const SEARCHES: bool> {
    underlying: RwSem<Loom>,
    bias: U32,
    slot: U32,
}

/// A lock held for reading, by the slot or not.
pub(crate) struct Held<'lock, const LOOKS_AGAIN: bool, const SEARCHES: bool> {
    lock: &'lock BravoForm<LOOKS_AGAIN, SEARCHES>,
    by_slot: bool,
}

impl<const LOOKS_AGAIN: bool, const SEARCHES: bool> Drop for Held<'_, LOOKS_AGAIN, SEARCHES> {
    fn drop(&mut self) {
        if self.by_slot {
            self.lock.slot.store(0, Release);
        } else {
            self.lock.underlying.read_unlock();
        }
    }
}

impl<const LOOKS_AGAIN: bool, const SEARCHES: bool> BravoForm<LOOKS_AGAIN, SEARCHES> {
    fn try_by_slot(&self) -> bool {
        if self.bias.load(Acquire) == 0
            || self.slot.compare_exchange(0, 1, Acquire, Relaxed).is_err()
        {
            return false;
        }
        Loom::light_barrier();
        let goes_on = !LOOKS_AGAIN || self.bias.load(Acquire) == 1;
        if !goes_on {
            self.slot.store(0, Release);
        }
        goes_on
    }
}

impl<const LOOKS_AGAIN: bool, const SEARCHES: bool> PlainLock for BravoForm<LOOKS_AGAIN, SEARCHES> {
    type Guard<'lock> = Held<'lock, LOOKS_AGAIN, SEARCHES>;

    const INFO: LockFacts = INFO;

    fn new() -> Self {
        Self {
            underlying: RwSem::new(),
            bias: U32::new(0),
            slot: U32::new(0),
        }
    }

    fn try_read(&self) -> Option<Self::Guard<'_>> {
        let by_slot = self.try_by_slot();
        if !by_slot {
            if !self.underlying.try_read_lock() {
                return None;
            }
            self.bias.store(1, Release);
        }
        Some(Held {
            lock: self,
            by_slot,
        })
    }

    fn with_write(&self, stamp: impl FnOnce()) {
        self.underlying.write_lock();
        self.bias.store(0, Relaxed);
        Loom::heavy_barrier();
        while SEARCHES && self.slot.load(Acquire) == 1 {
            Loom::yield_now();
        }
        stamp();
        self.underlying.write_unlock();
    }
}
