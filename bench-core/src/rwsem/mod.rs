//! The kernel's reader-writer semaphore, which is the mmap lock of every design and the VMA lock of the first ones.
//!
//! # What upstream did, and when
//! The semantics are those of `kernel/locking/rwsem.c` in 6.x kernels. It got its present count and owner words, the
//! handoff and the time-limited spinning on readers in 5.3 (commits 64489e78004c, 4f23dbc1e657, 7d43f1ce9dd0). In 5.11
//! readers stopped spinning and began to steal, except from a stream of readers (617f3ef95177, 1a728dff855a,
//! 2f06f702925b); in 5.16 the handoff was made consistent and the read trylock began to look before it tries
//! (d257cc8cb8d5, 14c240488411). The text here is this project's own.
//!
//! # State
//! `count`, as `atomic_long_t`:
//!
//! | bits | meaning |
//! |---|---|
//! | 0 | WRITER: a writer holds the lock |
//! | 1 | WAITERS: the wait list is not empty |
//! | 2 | HANDOFF: the first waiter has waited too long, nobody may steal |
//! | 3..7 | not used |
//! | 8..62 | readers, and readers that have added themselves and not yet looked |
//! | 63 | overflow guard |
//!
//! `owner`: a task (in the kernel's place of the pointer), bit 0 READER_OWNED, bit 1 NONSPINNABLE. A writer wipes it, a
//! reader does not, so that a reader-owned word may be stale. `osq`: the tail of the spin queue. `wait_lock`, `wait_list`:
//! the sleepers, in order.
//!
//! # Protocol
//! Read lock: 1. add a reader to the count; if no WRITER, WAITERS, HANDOFF: store the owner, done. 2. If the lock is
//! reader-owned and the caller is not the only reader, queue. 3. Otherwise, without WRITER and HANDOFF: steal, that is
//! keep the reader just added; the only reader wakes the queued ones. 4. Queue: take the reader back from the count (unless the
//! list was empty and no writer is in), set WAITERS if first, wake whom nobody else would, sleep until a waker clears
//! `pending`. Readers do not spin. The try form adds itself by compare-and-exchange and leaves no trace when it fails.
//!
//! Write lock: 1. exchange 0 for WRITER. 2. Unless NONSPINNABLE, get to the head of the spin queue and wait there for the
//! owner to go; steal as soon as nobody holds the lock and HANDOFF is not set. On readers spin 10 to 25 us, then set
//! NONSPINNABLE and go on. 3. Queue, set WAITERS; try under the wait lock, sleep, and try again when woken. The first waiter
//! sets HANDOFF when it fails after 4 ms, and from then on spins on a writer that owns the lock before it sleeps.
//!
//! Unlock: subtract; if there are waiters, and nobody holds the lock, wake. Wake: with a writer at the head of the list that writer
//! alone, which must still win the lock. With a reader at the head all readers of the list, at most 256, whatever stands
//! between them; they are counted before they are woken. That clears HANDOFF, and WAITERS if the list is now empty. A reader
//! at the head that a writer overtakes after 4 ms sets HANDOFF instead.
//!
//! # Invariants
//! 1. WRITER is set only by an exchange of a count without WRITER and without readers.
//! 2. A reader holds the lock when it is in the count and WRITER was not set as it was added, or was granted after that.
//! 3. The wait list and the nodes on it change only under the wait lock; a chain of granted readers belongs to its waker.
//! 4. WAITERS and HANDOFF change only under the wait lock, and WAITERS is set exactly while the list is not empty.
//! 5. HANDOFF is set only by or for the first waiter, which stays first until it has the lock, which clears HANDOFF.
//! 6. A task is on at most one wait list and in at most one spin queue.
//!
//! # Memory ordering
//! - Unlocks subtract with Release; all that take the lock add or exchange with Acquire. Every other change of the count is a
//!   read-modify-write, so that it continues the release sequence.
//! - A waker acquires through its own add to the count and hands on with `pending`: Release there, Acquire in the reader.
//! - `wait_lock`: Release on unlock, Acquire on lock; all under it is Relaxed.
//! - Spin queue: Release on `next`, `prev` and `locked`, Acquire where they are read (`osq.rs`).
//! - No lost wakeup: a sleeper queues and sets WAITERS, then looks at the count; an unlocker changes the count, then looks at
//!   WAITERS. It is one word, so that one of them sees the other. A wake between look and sleep is kept by
//!   [`Park`](crate::machine::Park).
//! - The owner word is Relaxed: a hint, and everything decided on it is checked against the count.
//!
//! # Progress
//! Readers wait for writers and for queued waiters; writers for both. Stealing can overtake the first waiter for 4 ms; then
//! HANDOFF ends it, at the first wake after that. Readers that come one after the other cannot starve a queued writer, since
//! WAITERS keeps them off the fast path and only the first of them may steal.
//!
//! # What differs from the kernel
//! - Whether the owner is on a CPU, and whether the spinner should leave its own, cannot be seen. Workers are pinned, one to
//!   a CPU, so a writer that owns the lock is taken for running, for 1 ms at most; the same limit holds for a lock that is
//!   changing hands, since a user thread can be preempted between two words. A place in the spin queue is
//!   given up after 4 ms. With fewer CPUs than threads these limits, and not the scheduler, end the spinning.
//! - Preemption cannot be disabled: a thread can lose its CPU with the wait lock held. Its waiters yield after 128 turns. The
//!   wait lock is test-and-set and not a queued spin lock.
//! - Spin nodes and wait nodes belong to the task, not to the CPU and the stack. The wait list is singly linked: a writer that wins
//!   without being first walks to its node, which is O(waiters) where the kernel has O(1).
//! - A granted reader is released after the wait lock, right before it is woken, and not already under it.
//! - No signals, so no waiter leaves the list without the lock, and HANDOFF needs no mark in the waiter (invariant 5). Only the
//!   first waiter sets it; in the kernel any queued writer that happens to be awake may set it for the first.
//! - Time is in nanoseconds, not jiffies: the timeout is 4 ms and not 4 ms rounded up. There are no real-time tasks.
//! - An overflow of readers is not reported; the guard bit only makes them fail.
//! - No lockdep, tracepoints, debug fields or PREEMPT_RT form.

mod osq;
mod pause;
mod queue;
mod slow;
mod spin;
#[cfg(test)]
mod tests;
mod word;

use crate::machine::{Machine, TaskId, Word};
pub use osq::Osq;
use queue::{Cause, Queue, WAITS_TO_READ, WaitList, waiter};
use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use word::{Count, FLAG_WAITERS, LOCK_MASK, Owner, READ_FAILED_MASK, READER_BIAS, WRITER_LOCKED};

/// At most so many waiters are listed in a report.
const WAITERS_SHOWN: usize = 64;

/// A reader-writer semaphore, in the layout of the kernel's: 40 bytes on a machine whose words are bare atomics.
///
/// ```
/// use bench_core::{machine::Solo, rwsem::RwSem};
///
/// let lock = RwSem::<Solo>::new();
/// lock.write_lock();
/// assert!(!lock.try_read_lock());
/// lock.downgrade();
/// assert!(lock.try_read_lock());
/// lock.read_unlock();
/// lock.read_unlock();
/// ```
#[repr(C)]
pub struct RwSem<M: Machine> {
    count: M::U64,
    owner: M::U64,
    osq: Osq<M>,
    wait_lock: M::U32,
    wait_list: WaitList<M>,
}

impl<M: Machine> RwSem<M> {
    /// A lock that nobody holds (`init_rwsem`).
    #[must_use]
    pub fn new() -> Self {
        Self {
            count: M::U64::new(0),
            owner: M::U64::new(Owner::NOBODY.to_word()),
            osq: Osq::new(),
            wait_lock: M::U32::new(0),
            wait_list: WaitList::new(),
        }
    }

    /// Locks for reading; waits while a writer holds the lock or waits for it (`down_read`).
    #[inline]
    pub fn read_lock(&self) {
        // Acquire: pairs with the Release of `write_unlock` and `downgrade`.
        let count = self
            .count
            .fetch_add(READER_BIAS, Acquire)
            .wrapping_add(READER_BIAS);
        if count & READ_FAILED_MASK == 0 {
            self.set_reader_owned(M::current());
        } else {
            self.read_lock_slow(count);
        }
    }

    /// Locks for reading if no writer holds the lock and nobody waits for it; returns whether it did. Leaves no trace if not
    /// (`down_read_trylock`).
    #[inline]
    #[must_use]
    pub fn try_read_lock(&self) -> bool {
        let mut count = self.count.load(Relaxed); // Relaxed: only a guess for the exchange
        while count & READ_FAILED_MASK == 0 {
            let new = count.wrapping_add(READER_BIAS);
            // Acquire: pairs with the Release of `write_unlock` and `downgrade`. Relaxed on failure: looked at again.
            match self
                .count
                .compare_exchange_weak(count, new, Acquire, Relaxed)
            {
                Ok(_) => {
                    self.set_reader_owned(M::current());
                    return true;
                }
                Err(seen) => count = seen,
            }
        }
        false
    }

    /// Ends a read lock of the caller (`up_read`).
    #[inline]
    pub fn read_unlock(&self) {
        // Release: pairs with the Acquire of the writer that comes next.
        let old = self.count.fetch_sub(READER_BIAS, Release);
        debug_assert!(
            old & LOCK_MASK >= READER_BIAS,
            "{self:?} is not read-locked"
        );
        let count = old.wrapping_sub(READER_BIAS);
        if count & (LOCK_MASK | FLAG_WAITERS) == FLAG_WAITERS {
            self.wake_after_last_reader();
        }
    }

    /// Locks for writing; waits while anybody holds the lock (`down_write`).
    #[inline]
    pub fn write_lock(&self) {
        if !self.try_write_lock() {
            self.write_lock_slow();
        }
    }

    /// Locks for writing if nobody holds the lock or waits for it; returns whether it did (`down_write_trylock`).
    #[inline]
    #[must_use]
    pub fn try_write_lock(&self) -> bool {
        // Acquire: pairs with the Release of the unlocks. Relaxed on failure: nothing is read through the lock.
        let taken = self
            .count
            .compare_exchange(0, WRITER_LOCKED, Acquire, Relaxed)
            .is_ok();
        if taken {
            self.set_owner(Owner::writer(M::current()));
        }
        taken
    }

    /// Ends the write lock of the caller (`up_write`).
    #[inline]
    pub fn write_unlock(&self) {
        self.set_owner(Owner::NOBODY);
        // Release: pairs with the Acquire of whoever takes the lock next.
        let old = self.count.fetch_sub(WRITER_LOCKED, Release);
        debug_assert!(old & WRITER_LOCKED != 0, "{self:?} is not write-locked");
        if old & FLAG_WAITERS != 0 {
            self.wake(Cause::Any);
        }
    }

    /// Turns the caller's write lock into a read lock without letting a writer in between (`downgrade_write`).
    #[inline]
    pub fn downgrade(&self) {
        // Release: pairs with the Acquire of the readers that come now.
        let old = self
            .count
            .fetch_add(READER_BIAS.wrapping_sub(WRITER_LOCKED), Release);
        debug_assert!(old & WRITER_LOCKED != 0, "{self:?} is not write-locked");
        self.set_reader_owned(M::current());
        if old & FLAG_WAITERS != 0 {
            self.wake(Cause::ReadOwned);
        }
    }

    #[cold]
    fn wake_after_last_reader(&self) {
        self.clear_nonspinnable();
        self.wake(Cause::Any);
    }

    #[cold]
    fn wake(&self, cause: Cause) {
        let wake = Queue::lock(self).mark_wake(cause);
        wake.send::<M>();
    }

    /// The lock's words as they are now, decoded, for the report of a lock that hangs. It takes no lock, so that a report of
    /// a lock in motion may not fit together.
    ///
    /// `count 0x3 (writer, waiters, 0 readers), owner writer task 2, waiting: task 1 to read; spinning: nobody`
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{self:?}")
    }
}

impl<M: Machine> Default for RwSem<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Machine> fmt::Debug for RwSem<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a report.
        let count = Count(self.count.load(Relaxed));
        write!(f, "count {count}, owner {}, waiting: ", self.owner())?;
        let mut waiting: Option<TaskId> = self.wait_list.first();
        if waiting.is_none() {
            f.write_str("nobody")?;
        }
        for position in 0..WAITERS_SHOWN {
            let Some(task) = waiting else { break };
            let node = waiter::<M>(task);
            let separator = if position == 0 { "" } else { ", " };
            let reads = node.kind.load(Relaxed) == WAITS_TO_READ;
            let wish = if reads { "to read" } else { "to write" };
            write!(f, "{separator}task {} {wish}", task.number())?;
            waiting = TaskId::from_word(node.next.load(Relaxed));
        }
        match self.osq.tail() {
            None => f.write_str("; spinning: nobody"),
            Some(task) => write!(f, "; spinning: up to task {}", task.number()),
        }
    }
}
