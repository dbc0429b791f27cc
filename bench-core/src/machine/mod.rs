//! What an algorithm may use of the machine below it.
//!
//! A lock is written once, generic over [`Machine`], and the same text runs on real hardware (`runners::Native`), under
//! loom (every weak-memory execution of a small case), under shuttle (random schedules of more threads) and, in one
//! thread, in tests and examples ([`Solo`]). It is a type parameter and not a `cfg`, so that all of them live in one
//! build. An algorithm touches shared memory only through [`Word`]s, waits only through [`Machine::spin_hint`] and
//! [`Task`], and takes time, CPU and identity from the machine.

mod solo;
mod task;
mod word;

pub use solo::Solo;
pub use task::{Park, SpinNode, Task, TaskId, WaiterNode};
pub use word::Word;

use std::fmt::Debug;
use std::sync::atomic::Ordering;

/// A machine: shared words, fences, waiting, a clock, a CPU number and the current task.
pub trait Machine: Copy + Debug + Send + Sync + 'static {
    /// A 32-bit word, as of `atomic_t`, `refcount_t` and the sequence counts.
    type U32: Word<u32>;
    /// A 64-bit word, as of `atomic_long_t`.
    type U64: Word<u64>;
    /// What one task sleeps on.
    type Parker: Park;

    /// A fence between all of this task's accesses before it and after it.
    fn fence(order: Ordering);

    /// Says that the caller spins on a word that another task will change (`cpu_relax`).
    fn spin_hint();

    /// Gives the CPU to another task that is ready to run (`cond_resched`). For waits whose end may need this very CPU.
    fn yield_now();

    /// Nanoseconds since some fixed point (`sched_clock`); for algorithms that bound their own spinning.
    fn now_ns() -> u64;

    /// The CPU that the caller runs on, now; it may be another one right after.
    fn cpu() -> u32;

    /// The calling task.
    fn current() -> TaskId;

    /// A task by its number. Tasks are type-stable: a number that was once valid can be woken for ever, at worst in vain.
    fn task(id: TaskId) -> &'static Task<Self>;
}
