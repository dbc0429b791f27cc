//! The `rw_semaphore` alone: exclusion, the order of the queue, the wake policy, the handoff.

mod exclusion;
mod handoff;
mod order;
mod wake;

use crate::machine::{Shuttle, is_asleep, let_time_pass};
use crate::threads::spawn;
use bench_core::rwsem::RwSem;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
use shuttle::thread::{self, JoinHandle};

/// Longer than any limit in the lock: spinning ends, a waiter may ask for a handoff.
pub(super) const LONG_NS: u64 = 5_000_000;

/// Longer than a writer spins on another, shorter than it waits before it asks for a handoff.
pub(super) const SHORT_NS: u64 = 2_000_000;

/// A lock and the payload that it guards: two words, equal whenever nobody writes.
pub(super) struct Guarded {
    pub(super) lock: RwSem<Shuttle>,
    pub(super) first: AtomicU64,
    pub(super) second: AtomicU64,
}

impl Guarded {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            lock: RwSem::new(),
            first: AtomicU64::new(0),
            second: AtomicU64::new(0),
        })
    }

    /// A writer's critical section.
    pub(super) fn change(&self) {
        let number = self.first.load(SeqCst) + 1;
        self.first.store(number, SeqCst);
        assert_eq!(self.second.load(SeqCst) + 1, number, "two writers");
        self.second.store(number, SeqCst);
    }

    /// A reader's critical section.
    pub(super) fn look(&self) {
        let first = self.first.load(SeqCst);
        assert_eq!(self.second.load(SeqCst), first, "a reader and a writer");
        assert_eq!(self.first.load(SeqCst), first, "a reader and a writer");
    }

    /// The lock after all have left it: nothing is left in the count, in the list and in the spin queue.
    pub(super) fn assert_idle(&self) {
        let words = self.lock.describe();
        assert!(words.starts_with("count 0x0 "), "{words}");
        assert!(
            words.ends_with("waiting: nobody; spinning: nobody"),
            "{words}"
        );
    }

    pub(super) fn waiters(&self) -> usize {
        let words = self.lock.describe();
        words.matches(" to read").count() + words.matches(" to write").count()
    }

    /// Starts a thread and waits until it sleeps on the wait list.
    pub(super) fn spawn_sleeper(
        self: &Arc<Self>,
        body: impl FnOnce(&Self) + Send + 'static,
    ) -> JoinHandle<()> {
        let handle = self.spawn(body);
        while !is_asleep(handle.thread()) {
            // Now and then, so that a writer stops spinning, and mostly not so often that it asks for a handoff.
            if thread_rng().gen_ratio(1, 16) {
                let_time_pass(SHORT_NS);
            }
            thread::yield_now();
        }
        handle
    }

    pub(super) fn spawn(
        self: &Arc<Self>,
        body: impl FnOnce(&Self) + Send + 'static,
    ) -> JoinHandle<()> {
        let guarded = Arc::clone(self);
        spawn(move || body(&guarded))
    }
}

/// Lets others run, for up to so many turns.
pub(super) fn dawdle(turns: u32) {
    for _ in 0..thread_rng().gen_range(0..turns) {
        thread::yield_now();
    }
}
