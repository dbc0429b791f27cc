//! The wait list with its lock, and the wake policy.

use super::RwSem;
use super::word::{
    FLAG_HANDOFF, FLAG_WAITERS, LOCK_MASK, Owner, READ_FAIL_GUARD, READER_BIAS, WRITER_LOCKED,
};
use crate::machine::{Machine, Park, Pause, TaskId, WaiterNode, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A waiter's `kind`.
pub(super) const WAITS_TO_READ: u32 = 1;
pub(super) const WAITS_TO_WRITE: u32 = 2;

/// At most so many readers are granted the lock by one wake (`MAX_READERS_WAKEUP`).
const READERS_PER_WAKE: u64 = 0x100;

/// The wait list: first and last waiter, as [`TaskId::to_word`]s, 0 for none. Guarded by the wait lock.
#[repr(C)]
#[derive(Debug)]
pub(super) struct WaitList<M: Machine> {
    head: M::U64,
    tail: M::U64,
}

impl<M: Machine> WaitList<M> {
    pub(super) fn new() -> Self {
        Self {
            head: M::U64::new(0),
            tail: M::U64::new(0),
        }
    }

    /// The first waiter. Relaxed: the wait lock orders it; a report that does not hold it takes what it gets.
    pub(super) fn first(&self) -> Option<TaskId> {
        task_of(self.head.load(Relaxed))
    }
}

/// What a waker knows of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It looks free: whoever is first.
    Any,
    /// Readers seem to hold it: only readers, and a writer may still have come in between.
    Readers,
    /// The waker holds it for reading: only readers.
    ReadOwned,
}

/// Who is to be woken once the wait lock is released.
#[derive(Debug)]
#[must_use]
pub(super) enum Wake {
    Nobody,
    /// A writer that may try to take the lock.
    Writer(TaskId),
    /// The first of a chain of readers that were granted the lock and taken off the list.
    Readers(TaskId),
}

impl Wake {
    /// Wakes them.
    pub(super) fn send<M: Machine>(self) {
        match self {
            Self::Nobody => {}
            Self::Writer(writer) => M::task(writer).parker.unpark(),
            Self::Readers(first) => {
                let mut reader = Some(first);
                while let Some(task) = reader {
                    let node = waiter::<M>(task);
                    // Relaxed: the chain is ours since the wait lock. Read before the next store: after it the reader
                    // may be gone and wait for something else.
                    reader = TaskId::from_word(node.next.load(Relaxed));
                    // Release: pairs with the Acquire load in `wait_to_read`; publishes what the writer before it did.
                    node.pending.store(0, Release);
                    M::task(task).parker.unpark();
                }
            }
        }
    }
}

/// How a queued writer's try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// It has the lock and is off the list.
    Acquired,
    /// It has waited too long and set HANDOFF.
    HandoffRequested,
    /// Neither.
    Failed,
}

/// The wait list, with the wait lock held until this is dropped.
#[derive(Debug)]
pub(super) struct Queue<'sem, M: Machine> {
    sem: &'sem RwSem<M>,
}

impl<M: Machine> Drop for Queue<'_, M> {
    fn drop(&mut self) {
        self.sem.wait_lock.store(0, Release); // pairs with the Acquire in `Queue::lock`
    }
}

impl<'sem, M: Machine> Queue<'sem, M> {
    pub(super) fn lock(sem: &'sem RwSem<M>) -> Self {
        let mut pause = Pause::new();
        // Acquire: pairs with the Release in `drop`. Relaxed on failure: tried again.
        while sem
            .wait_lock
            .compare_exchange_weak(0, 1, Acquire, Relaxed)
            .is_err()
        {
            pause.wait::<M>();
        }
        Self { sem }
    }

    pub(super) fn first(&self) -> Option<TaskId> {
        self.sem.wait_list.first()
    }

    // Everything of the list and of the nodes on it is Relaxed: the wait lock orders it.

    /// Puts the caller at the end of the list.
    pub(super) fn push(&self, me: TaskId, kind: u32, deadline_ns: u64) {
        let node = waiter::<M>(me);
        node.next.store(0, Relaxed);
        node.kind.store(kind, Relaxed);
        node.pending.store(1, Relaxed);
        node.deadline_ns.store(deadline_ns, Relaxed);
        let list = &self.sem.wait_list;
        match task_of(list.tail.load(Relaxed)) {
            None => list.head.store(me.to_word().into(), Relaxed),
            Some(last) => waiter::<M>(last).next.store(me.to_word(), Relaxed),
        }
        list.tail.store(me.to_word().into(), Relaxed);
    }

    /// Wakes whom a waiter that has just queued has to wake, given the count: it may be that the lock is free and that
    /// nobody else will look again.
    pub(super) fn wake_unless_write_locked(&self, count: u64) -> Wake {
        if count & WRITER_LOCKED != 0 {
            return Wake::Nobody;
        }
        if count & LOCK_MASK != 0 {
            return self.mark_wake(Cause::Readers);
        }
        self.sem.clear_nonspinnable();
        self.mark_wake(Cause::Any)
    }

    /// Decides who is woken: a writer at the head alone; with a reader at the head all readers, wherever they stand, which
    /// are granted the lock here.
    pub(super) fn mark_wake(&self, cause: Cause) -> Wake {
        let Some(first) = self.first() else {
            return Wake::Nobody;
        };
        if waiter::<M>(first).kind.load(Relaxed) == WAITS_TO_WRITE {
            return match cause {
                Cause::Any => Wake::Writer(first),
                Cause::Readers | Cause::ReadOwned => Wake::Nobody,
            };
        }
        // Relaxed: a safety valve against overflow, nothing follows from it.
        if self.sem.count.load(Relaxed) & READ_FAIL_GUARD != 0 {
            return Wake::Nobody;
        }
        let granted_first = cause != Cause::ReadOwned;
        if granted_first && !self.grant_first_reader(first) {
            return Wake::Nobody;
        }
        let (head, number) = self.take_readers();
        let mut adjustment = (number - u64::from(granted_first)) * READER_BIAS;
        // Relaxed: the flags change only under the wait lock (invariant 4).
        if self.sem.count.load(Relaxed) & FLAG_HANDOFF != 0 {
            adjustment = adjustment.wrapping_sub(FLAG_HANDOFF); // a reader got in: nobody has to be forced any more
        }
        if self.first().is_none() {
            adjustment = adjustment.wrapping_sub(FLAG_WAITERS);
        }
        if adjustment != 0 {
            // Relaxed: ordered before the readers' unlocks by `pending`; the data was acquired by the first grant.
            self.sem.count.fetch_add(adjustment, Relaxed);
        }
        head.map_or(Wake::Nobody, Wake::Readers)
    }

    /// Adds the first reader to the count; takes it back, and asks for a handoff if it is time, when a writer was faster.
    fn grant_first_reader(&self, first: TaskId) -> bool {
        // Acquire: pairs with the unlocks' Release; handed on to the readers through `pending`.
        let old = self.sem.count.fetch_add(READER_BIAS, Acquire);
        if old & WRITER_LOCKED == 0 {
            self.sem.set_reader_owned(first); // an early hint to spinners
            return true;
        }
        let waited_too_long = M::now_ns() > waiter::<M>(first).deadline_ns.load(Relaxed);
        let handoff = if waited_too_long && old & FLAG_HANDOFF == 0 {
            FLAG_HANDOFF
        } else {
            0
        };
        // Relaxed: no data was touched. A writer that unlocked meanwhile saw WAITERS and wakes once it has the wait lock.
        self.sem
            .count
            .fetch_add(handoff.wrapping_sub(READER_BIAS), Relaxed);
        false
    }

    /// Takes readers off the list, in order and at most [`READERS_PER_WAKE`]; returns the first, and their number. They stay
    /// chained by `next`.
    fn take_readers(&self) -> (Option<TaskId>, u64) {
        let (mut taken_first, mut taken_last, mut number) = (None, None, 0);
        let (mut previous, mut cursor) = (None, self.first());
        while let Some(task) = cursor
            && number < READERS_PER_WAKE
        {
            let node = waiter::<M>(task);
            cursor = TaskId::from_word(node.next.load(Relaxed));
            if node.kind.load(Relaxed) == WAITS_TO_WRITE {
                previous = Some(task);
                continue;
            }
            self.unlink(previous, task);
            node.next.store(0, Relaxed);
            match taken_last {
                None => taken_first = Some(task),
                Some(last) => waiter::<M>(last).next.store(task.to_word(), Relaxed),
            }
            taken_last = Some(task);
            number += 1;
        }
        (taken_first, number)
    }

    /// A queued writer tries to take the lock, ahead of others if nobody asked for a handoff.
    pub(super) fn try_write_lock(&self, me: TaskId) -> Try {
        let is_first = self.first() == Some(me);
        let mut count = self.sem.count.load(Relaxed); // Relaxed: only a guess for the exchange
        loop {
            let handoff = count & FLAG_HANDOFF != 0;
            if handoff && !is_first {
                return Try::Failed; // the first waiter asked for it (invariant 5)
            }
            let (new, outcome) = if count & LOCK_MASK != 0 {
                let may_ask =
                    is_first && !handoff && M::now_ns() > waiter::<M>(me).deadline_ns.load(Relaxed);
                if !may_ask {
                    return Try::Failed;
                }
                (count | FLAG_HANDOFF, Try::HandoffRequested)
            } else {
                let waiters_left = if self.is_alone(me) { FLAG_WAITERS } else { 0 };
                let new = (count | WRITER_LOCKED) & !(FLAG_HANDOFF | waiters_left);
                (new, Try::Acquired)
            };
            // Acquire: pairs with the unlocks' Release. Relaxed on failure: looked at again.
            match self
                .sem
                .count
                .compare_exchange_weak(count, new, Acquire, Relaxed)
            {
                Ok(_) if outcome == Try::Acquired => {
                    self.remove(me);
                    self.sem.set_owner(Owner::writer(me));
                    return outcome;
                }
                Ok(_) => return outcome,
                Err(seen) => count = seen,
            }
        }
    }

    fn is_alone(&self, me: TaskId) -> bool {
        self.first() == Some(me) && waiter::<M>(me).next.load(Relaxed) == 0
    }

    /// Takes a waiter off the list, wherever it stands.
    fn remove(&self, me: TaskId) {
        let (mut previous, mut cursor) = (None, self.first());
        while let Some(task) = cursor
            && task != me
        {
            previous = cursor;
            cursor = TaskId::from_word(waiter::<M>(task).next.load(Relaxed));
        }
        debug_assert_eq!(cursor, Some(me), "a waiter is on the list until it leaves");
        self.unlink(previous, me);
    }

    /// Takes `task`, which follows `previous`, off the list.
    fn unlink(&self, previous: Option<TaskId>, task: TaskId) {
        let list = &self.sem.wait_list;
        let next = waiter::<M>(task).next.load(Relaxed);
        match previous {
            None => list.head.store(next.into(), Relaxed),
            Some(previous) => waiter::<M>(previous).next.store(next, Relaxed),
        }
        if next == 0 {
            let last = previous.map_or(0, TaskId::to_word);
            list.tail.store(last.into(), Relaxed);
        }
    }
}

fn task_of(word: u64) -> Option<TaskId> {
    // The words of the list hold a task's word, which has 32 bits; they are as wide as the kernel's pointers.
    TaskId::from_word(word as u32)
}

pub(super) fn waiter<M: Machine>(task: TaskId) -> &'static WaiterNode<M> {
    &M::task(task).waiter
}
