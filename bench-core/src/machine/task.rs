//! A task: what a waiting thread is to the threads that wake it, as the kernel's `task_struct`.

use super::{Machine, Word};
use std::fmt::Debug;
use std::sync::atomic::Ordering::Relaxed;

/// The number of a task. The words that hold one use [`TaskId::to_word`], so that 0 can mean "nobody".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskId(u32);

impl TaskId {
    /// The task with this number, counted from 0.
    #[must_use]
    pub fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number, from 0.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// Its form in a shared word: the number plus one.
    #[must_use]
    pub fn to_word(self) -> u32 {
        self.0 + 1
    }

    /// The task in a shared word; `None` for 0.
    #[must_use]
    pub fn from_word(word: u32) -> Option<Self> {
        word.checked_sub(1).map(Self)
    }
}

/// Sleeping and waking, with the kernel's order of steps.
///
/// The sleeper calls [`Park::prepare`], then looks at its condition, then calls [`Park::park`] or [`Park::finish`]. A
/// waker makes the condition true, then calls [`Park::unpark`]. A wake between `prepare` and `park` is not lost: `park`
/// then returns at once.
pub trait Park: Debug + Default + Send + Sync {
    /// `set_current_state(TASK_UNINTERRUPTIBLE)`: from here on an `unpark` counts. A full barrier: the condition that is
    /// read after it is not older than it.
    fn prepare(&self);
    /// `schedule()`: sleeps until an `unpark` since `prepare`, or until the machine's clock reaches `deadline_ns`. Returns
    /// whether it was woken (`true`) or timed out (`false`). May return `true` early without reason.
    fn park(&self, deadline_ns: Option<u64>) -> bool;
    /// `__set_current_state(TASK_RUNNING)`: the sleeper does not sleep after all, or has been woken.
    fn finish(&self);
    /// `wake_up_process()`: ends the sleep that was prepared or begun, if any. A full barrier before it looks.
    fn unpark(&self);
}

/// One task. On its own pair of cache lines, so that waiters do not disturb each other.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Task<M: Machine> {
    /// What it sleeps on.
    pub parker: M::Parker,
    /// Its place in an optimistic spin queue; a task spins for one rwsem at a time.
    pub spin: SpinNode<M>,
    /// Its place in an rwsem's wait list; a task waits for one rwsem at a time.
    pub waiter: WaiterNode<M>,
    /// 1 while a fatal signal is pending (`fatal_signal_pending`).
    killed: M::U32,
}

impl<M: Machine> Task<M> {
    /// A task that neither sleeps, spins nor waits.
    #[must_use]
    pub fn new() -> Self {
        Self {
            parker: M::Parker::default(),
            spin: SpinNode {
                next: M::U32::new(0),
                prev: M::U32::new(0),
                locked: M::U32::new(0),
            },
            waiter: WaiterNode {
                next: M::U32::new(0),
                kind: M::U32::new(0),
                pending: M::U32::new(0),
                deadline_ns: M::U64::new(0),
            },
            killed: M::U32::new(0),
        }
    }

    /// Sends it a fatal signal: its killable waits end, that in which it is and all later ones, until the signal is cleared. Waits
    /// that are not killable do not notice.
    ///
    /// The number of a task that ended is given to another one, so that the caller has to know that the task is there.
    pub fn kill(&self) {
        // Relaxed: it publishes nothing. The barrier in `unpark` pairs with that of `prepare`, as for any other condition of a sleeper:
        // either the sleeper sees it before it sleeps, or it is woken.
        self.killed.store(1, Relaxed);
        self.parker.unpark();
    }

    /// Whether a fatal signal is pending. A sleeper looks at it between [`Park::prepare`] and [`Park::park`].
    #[must_use]
    pub fn is_killed(&self) -> bool {
        // Relaxed: as in `kill`.
        self.killed.load(Relaxed) != 0
    }

    /// Forgets the signal; for the task itself, and for a thread that takes over the number of one that ended. In the kernel a fatal
    /// signal ends the task.
    pub fn clear_killed(&self) {
        // Relaxed: as in `kill`.
        self.killed.store(0, Relaxed);
    }
}

impl<M: Machine> Default for Task<M> {
    fn default() -> Self {
        Self::new()
    }
}

/// A node of an optimistic spin queue (`struct optimistic_spin_node`; per CPU in the kernel, where spinners cannot be
/// preempted, per task here, where they can).
#[derive(Debug)]
pub struct SpinNode<M: Machine> {
    /// The next spinner's [`TaskId::to_word`], 0 for none.
    pub next: M::U32,
    /// The previous spinner's [`TaskId::to_word`].
    pub prev: M::U32,
    /// 1 once the node is at the head of the queue.
    pub locked: M::U32,
}

/// A node of an rwsem's wait list (`struct rwsem_waiter`; on the waiter's stack in the kernel).
#[derive(Debug)]
pub struct WaiterNode<M: Machine> {
    /// The next waiter's [`TaskId::to_word`], 0 for none. Guarded by the rwsem's wait lock.
    pub next: M::U32,
    /// What it waits for; the rwsem's own numbers. Guarded by the rwsem's wait lock.
    pub kind: M::U32,
    /// 1 while the waiter waits; a waker that grants the lock stores 0 with Release, the waiter reads it with Acquire.
    pub pending: M::U32,
    /// From when on the waiter may ask for a handoff, on [`Machine::now_ns`]'s clock (`timeout` in the kernel). Guarded by
    /// the rwsem's wait lock.
    pub deadline_ns: M::U64,
}
