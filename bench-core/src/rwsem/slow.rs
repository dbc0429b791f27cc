//! The slow paths: stealing, queueing and sleeping.

use super::RwSem;
use super::queue::{Cause, Queue, Try, WAITS_TO_READ, WAITS_TO_WRITE};
use super::word::{FLAG_HANDOFF, FLAG_WAITERS, OwnerState, READER_BIAS, WRITER_LOCKED, readers};
use crate::machine::{Machine, Park, Pause, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// How long a waiter lets others steal the lock (`RWSEM_WAIT_TIMEOUT`: a 250th of a second).
const HANDOFF_TIMEOUT_NS: u64 = 4_000_000;

impl<M: Machine> RwSem<M> {
    /// A reader that has added itself, and found in `count` that it may not simply go on.
    #[cold]
    pub(super) fn read_lock_slow(&self, count: u64) {
        let write_locked = count & WRITER_LOCKED != 0;
        // Readers that come one after the other would starve a sleeping writer: only the first of them may steal.
        let joins_readers = self.owner().is_reader() && readers(count) > 1 && !write_locked;
        if joins_readers || write_locked || count & FLAG_HANDOFF != 0 {
            self.wait_to_read();
            return;
        }
        self.set_reader_owned(M::current());
        if readers(count) == 1 && count & FLAG_WAITERS != 0 {
            let wake = Queue::lock(self).mark_wake(Cause::ReadOwned);
            wake.send::<M>();
        }
    }

    fn wait_to_read(&self) {
        let me = M::current();
        let task = M::task(me);
        let deadline_ns = M::now_ns() + HANDOFF_TIMEOUT_NS;
        let queue = Queue::lock(self);
        let mut adjustment = READER_BIAS.wrapping_neg();
        if queue.first().is_none() {
            // Acquire: pairs with the unlocks' Release; we are in the count already, and no writer is.
            if self.count.load(Acquire) & WRITER_LOCKED == 0 {
                drop(queue);
                self.set_reader_owned(me);
                return;
            }
            adjustment = adjustment.wrapping_add(FLAG_WAITERS);
        }
        queue.push(me, WAITS_TO_READ, deadline_ns);
        // Relaxed: no data was touched; who unlocks later sees WAITERS by the order of this one word and takes the wait lock.
        let count = self.count.fetch_add(adjustment, Relaxed);
        let wake = queue.wake_unless_write_locked(count.wrapping_add(adjustment));
        drop(queue);
        wake.send::<M>();

        loop {
            task.parker.prepare();
            // Acquire: pairs with the Release store in `Wake::send`.
            if task.waiter.pending.load(Acquire) == 0 {
                break;
            }
            task.parker.park(None);
        }
        task.parker.finish();
    }

    /// A writer that did not find the lock free.
    #[cold]
    pub(super) fn write_lock_slow(&self) {
        if !self.spin_to_write() {
            self.wait_to_write();
        }
    }

    fn wait_to_write(&self) {
        let me = M::current();
        let task = M::task(me);
        let deadline_ns = M::now_ns() + HANDOFF_TIMEOUT_NS;
        let mut queue = Queue::lock(self);
        queue.push(me, WAITS_TO_WRITE, deadline_ns);
        if queue.first() == Some(me) {
            // Relaxed: who unlocks later sees it by the order of this one word; who unlocked before, we see below.
            self.count.fetch_or(FLAG_WAITERS, Relaxed);
        } else {
            // Relaxed: a hint of whom to wake; whoever changes the count after this looks at WAITERS itself.
            let wake = queue.wake_unless_write_locked(self.count.load(Relaxed));
            drop(queue);
            wake.send::<M>();
            queue = Queue::lock(self);
        }

        let mut handoff_requested = false;
        let mut pause = Pause::new();
        task.parker.prepare();
        loop {
            match queue.try_write_lock(me) {
                Try::Acquired => break,
                Try::HandoffRequested => handoff_requested = true,
                Try::Failed => {}
            }
            drop(queue);
            // The lock is ours next: a writer that is about to let go is worth waiting for.
            if handoff_requested && self.spin_on_owner() == OwnerState::Null {
                pause.wait::<M>();
            } else {
                task.parker.park(None);
                task.parker.prepare();
            }
            queue = Queue::lock(self);
        }
        task.parker.finish();
    }
}
