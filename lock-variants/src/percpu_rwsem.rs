//! `percpu-rwsem`: a reader counts itself in a word of its own, with no atomic read-modify-write and no fence; the writer pays.
//!
//! Upstream: kernel/locking/percpu-rwsem.c in the form without an embedded rwsem, commit 7f26482a872c (Linux 5.7). Never the
//! lock of a VMA: it is for locks that are hardly ever written, and a VMA would need a word for each CPU.
//!
//! # State
//!
//! | word | meaning |
//! |---|---|
//! | `block` | 1: a writer owns the lock or waits for it; readers are declined |
//! | `own[task]` | reads that the task began less those that it ended, wrapping; only that task writes it |
//! | `rest` | the same for all tasks that have no word of their own |
//! | `writer` | the writer that waits for readers |
//!
//! The sum of all counts is the number of readers inside, and of some that are about to back off.
//!
//! # Protocol
//! Reader: (R1) count up; light barrier; go on when `block` is 0, else count down and wake the writer. To end, count down; light
//! barrier; wake the writer when `block` is not 0.
//!
//! Writer: (W1) set `block`; heavy barrier; wait until the sum is 0; (W2) stamp or detach; (W3) clear `block`.
//!
//! # Invariants
//! 1. A reader that found `block` at 0 after it had counted up is in every sum that the writer makes after its barrier.
//! 2. A reader that backs off counts up and down in the same word, so that a sum finds it there once or not at all. A
//!    reader that was inside may end in another task and so in another word: it was in the sum before, and is until the
//!    sum finds that it ended. So no sum is too low, and after a sum of 0 nobody is inside
//!    as long as `block` is set.
//!
//! # Memory ordering
//! - R1 with W1, light with heavy barrier: the reader's count is in the sum, or the reader sees `block`.
//! - End of read with W1, light with heavy barrier: the end is in the sum, or the reader sees `block` and wakes the writer (P19).
//! - `block` Release in W3, Acquire in R1: a reader sees the stamp.
//! - Count down Release, sum Acquire: what a reader did comes before the writer (P7). A sum of 0 has read the last count
//!   down of each word, and a task's words are in its order.
//! - The wait and the wake: [`crate::rcuwait`]. The numbers and the flag: [`crate::sequence`], [`crate::adapter`].
//!
//! # Progress
//! A reader takes the same few steps always. A writer waits for the readers that are inside, and for some that are about to
//! back off, each of which wakes it; it parks at once. A writer that meets no reader still pays for the heavy barrier, which
//! interrupts the other CPUs, and for the sum, which reads a cache line for each word.
//!
//! # What differs from the kernel
//! - The heavy barrier stands for a grace period, `rcu_sync_enter`. There, a reader knows by the state of the grace periods
//!   that no writer is about: it then looks at no `block` and wakes nobody, and while there is one it makes full fences.
//!   Here there are no two modes: a reader looks at `block` always and makes no fence ever. The writer waits
//!   microseconds, not milliseconds, and the next readers are fast at once.
//! - Where the machine has no asymmetric barrier (see `runners`), each of the reader's two steps has a full fence.
//! - The words are the tasks' and not the CPUs'. The kernel adds to a CPU's word in one instruction that is no atomic
//!   read-modify-write, which is right as the reader cannot be moved in it. A thread can be, and the word of a CPU would need an
//!   atomic addition, which is the cost that the design avoids. A word that one task alone writes needs none: load, add, store.
//! - There are [`Machine::CPUS`] words, natively 64, whatever CPUs there are, each on a pair of cache lines since the prefetcher
//!   fetches pairs. That is 8 KiB for each VMA, and 64 lines to sum. The kernel has 4 bytes for each possible CPU, among its
//!   other per-CPU data. Tasks with higher numbers share `rest`, by atomic additions next to `block`.
//! - The words are on the heap, not in the slot in which each lock is built: their addresses differ from cell to cell.
//! - One writer at a time, by the mmap lock, so that writers exclude and queue for nothing. No reader waits, so that none queues.

use crate::adapter::PlainLock;
use crate::rcuwait::Rcuwait;
use bench_core::lock::LockFacts;
use bench_core::machine::{Machine, Word};
use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A writer owns the lock or waits for it.
const BLOCKED: u32 = 1;

/// The VMA's part of the lock.
pub struct PercpuRwsem<M: Machine> {
    /// See the table of the module.
    block: M::U32,
    /// The writer that waits for readers.
    writer: Rcuwait<M>,
    rest: M::U32,
    own: Box<[Count<M>]>,
}

/// A word on a pair of cache lines of its own.
#[repr(align(128))]
struct Count<M: Machine>(M::U32);

impl<M: Machine> PercpuRwsem<M> {
    /// The word of this task, which nobody else writes; `None` when it has none. Who had the task's number before has ended,
    /// which ordered its last store.
    #[inline(always)]
    fn own(&self) -> Option<&M::U32> {
        let own = self.own.get(M::current().number() as usize);
        own.map(|Count(own)| own)
    }

    #[inline(always)]
    fn count_up(&self) {
        // Relaxed: what matters is that it comes before the look at `block`, of which the barrier in between takes care.
        match self.own() {
            Some(own) => own.store(own.load(Relaxed).wrapping_add(1), Relaxed),
            None => drop(self.rest.fetch_add(1, Relaxed)),
        }
    }

    /// A word may go below 0: what a task began another may end.
    #[inline(always)]
    fn count_down(&self) {
        // Release: pairs with Acquire in `sum`; what the reader did comes before the writer (P7).
        match self.own() {
            Some(own) => own.store(own.load(Relaxed).wrapping_sub(1), Release),
            None => drop(self.rest.fetch_sub(1, Release)),
        }
    }

    fn sum(&self) -> u32 {
        let own = self.own.iter().map(|Count(own)| own);
        // Acquire: pairs with the Release of each count down (P7).
        own.chain([&self.rest])
            .fold(0, |sum, count| sum.wrapping_add(count.load(Acquire)))
    }

    #[cold]
    fn back_off(&self) {
        self.count_down();
        self.writer.wake();
    }
}

/// A lock held by a reader.
#[derive(Debug)]
pub struct PercpuRwsemGuard<'lock, M: Machine>(&'lock PercpuRwsem<M>);

impl<M: Machine> Drop for PercpuRwsemGuard<'_, M> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.count_down();
        // Pairs with the heavy barrier in W1.
        M::light_barrier();
        // Relaxed: only asks whether somebody waits.
        if self.0.block.load(Relaxed) == BLOCKED {
            self.0.writer.wake();
        }
    }
}

impl<M: Machine> PlainLock for PercpuRwsem<M> {
    type Guard<'lock> = PercpuRwsemGuard<'lock, M>;

    const INFO: LockFacts = LockFacts {
        name: "percpu-rwsem",
        summary: "a reader counts in a word of its own without an atomic operation; the writer makes the barriers of all and sums",
        source: "kernel/locking/percpu-rwsem.c, commit 7f26482a872c (Linux 5.7)",
        excludes: true,
    };

    const HEAP_BYTES: usize = M::CPUS * size_of::<Count<M>>();

    fn new() -> Self {
        Self {
            block: M::U32::new(0),
            writer: Rcuwait::new(),
            rest: M::U32::new(0),
            own: (0..M::CPUS).map(|_| Count(M::U32::new(0))).collect(),
        }
    }

    /// R1.
    #[inline(always)]
    fn try_read(&self) -> Option<Self::Guard<'_>> {
        self.count_up();
        // Pairs with the heavy barrier in W1.
        M::light_barrier();
        // Acquire: pairs with Release in W3.
        if self.block.load(Acquire) != BLOCKED {
            return Some(PercpuRwsemGuard(self));
        }
        self.back_off();
        None
    }

    /// W1 to W3.
    #[inline]
    fn with_write(&self, stamp: impl FnOnce()) {
        // Relaxed: the barrier orders it before the sum.
        self.block.store(BLOCKED, Relaxed);
        // Pairs with the light barrier in R1, and with the one at the end of a read.
        M::heavy_barrier();
        self.writer.wait_until(|| self.sum() == 0);
        stamp();
        // Release: pairs with Acquire in R1; publishes what `stamp` did.
        self.block.store(0, Release);
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

impl<M: Machine> fmt::Debug for PercpuRwsem<M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: for descriptions only.
        let block = self.block.load(Relaxed);
        write!(out, "block={block} counts:")?;
        for (task, Count(count)) in self.own.iter().enumerate() {
            let count = count.load(Relaxed).cast_signed();
            if count != 0 {
                write!(out, " task {task}={count}")?;
            }
        }
        let rest = self.rest.load(Relaxed).cast_signed();
        write!(out, " rest={rest} ({:?})", self.writer)
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCKED, Count, PercpuRwsem};
    use crate::adapter::PlainLock;
    use bench_core::lock::Declined;
    use bench_core::machine::Solo;
    use std::sync::atomic::Ordering::Relaxed;

    type Lock = PercpuRwsem<Solo>;

    /// `block`, the word of the only task, the word of the rest; those of the other tasks are 0.
    fn words(lock: &Lock) -> (u32, u32, u32) {
        let own: Vec<_> = lock
            .own
            .iter()
            .map(|Count(own)| own.load(Relaxed))
            .collect();
        assert!(own[1..].iter().all(|count| *count == 0));
        (lock.block.load(Relaxed), own[0], lock.rest.load(Relaxed))
    }

    #[test]
    fn the_words_after_each_step() {
        let lock = Lock::new();
        assert_eq!(words(&lock), (0, 0, 0));
        let (first, second) = (lock.try_read(), lock.try_read());
        assert_eq!(words(&lock), (0, 2, 0));
        drop(first);
        assert_eq!(words(&lock), (0, 1, 0));
        drop(second);
        assert_eq!(words(&lock), (0, 0, 0));
        lock.with_write(|| {
            assert_eq!(words(&lock), (BLOCKED, 0, 0));
            assert!(lock.try_read().is_none());
            assert_eq!(lock.why_declined(), Declined::WriterBit);
            assert_eq!(words(&lock), (BLOCKED, 0, 0));
        });
        assert_eq!(words(&lock), (0, 0, 0));
    }

    #[test]
    fn a_task_without_a_word_of_its_own_counts_with_the_rest() {
        let mut lock = Lock::new();
        lock.own = Box::default();
        let inside = lock.try_read();
        assert_eq!((lock.rest.load(Relaxed), lock.sum()), (1, 1));
        drop(inside);
        assert_eq!((lock.rest.load(Relaxed), lock.sum()), (0, 0));
    }

    /// A read that began in task 0 and ended in task 1.
    #[test]
    fn the_sum_counts_and_no_single_word() {
        let lock = Lock::new();
        lock.own[0].0.store(1, Relaxed);
        assert_eq!(lock.sum(), 1);
        lock.own[1].0.store(u32::MAX, Relaxed);
        assert_eq!(lock.sum(), 0);
        lock.with_write(|| ());
    }

    #[test]
    fn all_bytes_are_counted() {
        assert_eq!((size_of::<Lock>(), Lock::HEAP_BYTES), (32, 8192));
        assert_eq!(size_of_val(&*Lock::new().own), Lock::HEAP_BYTES);
    }

    #[test]
    fn words_in_words() {
        let lock = Lock::new();
        let _one = lock.try_read();
        let words = lock.describe();
        assert!(
            words.starts_with("block=0 counts: task 0=1 rest=0"),
            "{words}"
        );
    }
}
