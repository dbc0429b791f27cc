//! The optimistic spin queue: an MCS queue whose waiters can leave it.
//!
//! Upstream: `kernel/locking/osq_lock.c`, first for mutexes in 3.15 (commit fb0527bd5ea9). The tail holds the last spinner's task word. A spinner waits for `locked` in its own node, so that only the head of the
//! queue looks at the lock. One that gives up unqueues itself in three steps: A, take back the predecessor's `next`, which
//! makes the predecessor wait if it leaves now; B, take its own `next`, or give the tail back to the predecessor; C, join
//! the two neighbours.

use super::pause::SpinLimit;
use crate::machine::{Machine, Pause, SpinNode, TaskId, Word};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// How long a spinner waits to become the head: a tick of a kernel with HZ=250, in the place of `need_resched()`.
const QUEUE_SPIN_LIMIT_NS: u64 = 4_000_000;

/// The queue: `struct optimistic_spin_queue`. Part of [`RwSem`](super::RwSem); public for the models that run it alone.
#[repr(transparent)]
#[derive(Debug)]
pub struct Osq<M: Machine> {
    /// The last spinner's [`TaskId::to_word`], 0 when nobody spins.
    tail: M::U32,
}

impl<M: Machine> Osq<M> {
    /// A queue in which nobody spins.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tail: M::U32::new(0),
        }
    }

    /// The last spinner, for reports.
    pub(super) fn tail(&self) -> Option<TaskId> {
        TaskId::from_word(self.tail.load(Relaxed)) // Relaxed: a report, nothing follows from it
    }

    /// Becomes the head of the queue; returns whether it did. Gives up after a tick.
    #[must_use]
    pub fn lock(&self, me: TaskId) -> bool {
        let node = spin_node::<M>(me);
        // Relaxed twice: published by the swap below.
        node.locked.store(0, Relaxed);
        node.next.store(0, Relaxed);
        // AcqRel: Acquire pairs with the Release that emptied the queue; Release publishes the node to the next swap.
        let Some(previous) = TaskId::from_word(self.tail.swap(me.to_word(), AcqRel)) else {
            return true;
        };
        node.prev.store(previous.to_word(), Relaxed); // Relaxed: published by the store of `next` below
        // Release: whoever takes `next` (Acquire) may write our `prev` and `locked`, after our own stores to them.
        spin_node::<M>(previous).next.store(me.to_word(), Release);

        let mut limit = SpinLimit::from_first_look(QUEUE_SPIN_LIMIT_NS);
        // Acquire: pairs with the Release store in `unlock`.
        while node.locked.load(Acquire) == 0 {
            if limit.passed::<M>() {
                return !self.unqueue(me, previous);
            }
            M::wait_while_u32(&node.locked, 0);
        }
        true
    }

    /// Leaves the head of the queue to the next.
    pub fn unlock(&self, me: TaskId) {
        let node = spin_node::<M>(me);
        // Release: pairs with the swap in `lock`; Relaxed on failure: nothing is read through the tail.
        let alone = self
            .tail
            .compare_exchange(me.to_word(), 0, Release, Relaxed);
        if alone.is_ok() {
            return;
        }
        // Acquire: pairs with the successor's Release store to `next`, so that its `locked` is already 0.
        let next = TaskId::from_word(node.next.swap(0, Acquire)).or_else(|| self.take_next(me, 0));
        if let Some(next) = next {
            spin_node::<M>(next).locked.store(1, Release); // pairs with the Acquire loads of `locked`
        }
    }

    /// Gives up. Returns `false` if the queue made the caller its head after all.
    #[cold]
    fn unqueue(&self, me: TaskId, mut previous: TaskId) -> bool {
        let node = spin_node::<M>(me);
        let mut pause = Pause::new();
        // Step A. AcqRel: Acquire pairs with the `next` written in step C by a neighbour, Release hands ours back.
        while spin_node::<M>(previous)
            .next
            .compare_exchange(me.to_word(), 0, AcqRel, Relaxed) // Relaxed on failure: looked at again
            .is_err()
        {
            // Acquire: pairs with the Release store in `unlock`: the predecessor left, and we are the head.
            if node.locked.load(Acquire) != 0 {
                return false;
            }
            pause.wait::<M>();
            // Acquire: pairs with step C of the predecessor, if that is what took `next` from us.
            if let Some(now) = TaskId::from_word(node.prev.load(Acquire)) {
                previous = now;
            }
        }
        // Steps B and C.
        if let Some(next) = self.take_next(me, previous.to_word()) {
            // Release twice: pair with the Acquire loads of step A in `next`, and with whoever takes `next` of `previous`.
            spin_node::<M>(next).prev.store(previous.to_word(), Release);
            spin_node::<M>(previous).next.store(next.to_word(), Release);
        }
        true
    }

    /// The successor of `me`, or `None` after giving the tail to `heir`, when there is none.
    fn take_next(&self, me: TaskId, heir: u32) -> Option<TaskId> {
        let node = spin_node::<M>(me);
        let mut pause = Pause::new();
        loop {
            // AcqRel: as the swap in `lock`, for the one that swaps after us; Relaxed on failure: we look at `next`.
            let moved = self
                .tail
                .compare_exchange(me.to_word(), heir, AcqRel, Relaxed);
            if moved.is_ok() {
                return None;
            }
            // Acquire: pairs with the successor's Release store to `next`. A swap, because a successor that unqueues
            // itself at the same time has to see that we took it (step A).
            if let Some(next) = TaskId::from_word(node.next.swap(0, Acquire)) {
                return Some(next);
            }
            pause.wait::<M>();
        }
    }
}

impl<M: Machine> Default for Osq<M> {
    fn default() -> Self {
        Self::new()
    }
}

fn spin_node<M: Machine>(task: TaskId) -> &'static SpinNode<M> {
    &M::task(task).spin
}
