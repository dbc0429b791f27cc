//! What an algorithm may use of the machine below it.
//!
//! A lock is written once, generic over [`Machine`], and the same text runs on real hardware (`runners::Native`), under
//! loom (every weak-memory execution of a small case), under shuttle (random schedules of more threads) and, in one
//! thread, in tests and examples ([`Solo`]). It is a type parameter and not a `cfg`, so that all of them live in one
//! build. An algorithm touches shared memory only through [`Word`]s, waits only through [`Machine::spin_hint`], [`Machine::wait_while_u32`]
//! and [`Task`], and takes time, CPU and identity from the machine.

mod pause;
mod solo;
mod task;
mod word;

pub use pause::Pause;
pub use solo::Solo;
pub use task::{Park, SpinNode, Task, TaskId, WaiterNode};
pub use word::Word;

use std::fmt::Debug;
use std::sync::atomic::Ordering;

/// What must not share a cache line begins at a multiple of so many bytes (`align(128)`): a pair of 64-byte lines, since x86-64
/// fetches lines in pairs, and one line of processors whose lines are that long. A slot of an arena is two of them.
pub const PADDING_BYTES: usize = 128;

/// A machine: shared words, fences, waiting, a clock, a CPU number and the current task.
pub trait Machine: Copy + Debug + Send + Sync + 'static {
    /// A 32-bit word, as of `atomic_t`, `refcount_t` and the sequence counts.
    type U32: Word<u32>;
    /// A 64-bit word, as of `atomic_long_t`.
    type U64: Word<u64>;
    /// What one task sleeps on.
    type Parker: Park;

    /// How many CPUs a lock is made for that has a word for each (`NR_CPUS`).
    const CPUS: usize = 64;

    /// A fence between all of this task's accesses before it and after it.
    fn fence(order: Ordering);

    /// The side of an asymmetric pair of full barriers that runs often.
    ///
    /// It orders together with a [`Machine::heavy_barrier`] as `fence(SeqCst)` with `fence(SeqCst)` would: of two tasks that
    /// each write one word, pass their barrier, and read the other's word, at least one reads what the other wrote. With
    /// another light barrier, or with a `fence`, it orders nothing.
    ///
    /// Unless a machine knows better, both are SeqCst fences. Such a machine does not show a place that relies on two light
    /// barriers, or on a light barrier and a `fence`, and so proves less than it seems to; whoever uses one says at each which
    /// heavy barrier it pairs with.
    #[inline(always)]
    fn light_barrier() {
        Self::fence(Ordering::SeqCst);
    }

    /// The side of an asymmetric pair of full barriers that runs seldom, and may cost microseconds. See
    /// [`Machine::light_barrier`]. It is a `fence(SeqCst)` too.
    #[inline(always)]
    fn heavy_barrier() {
        Self::fence(Ordering::SeqCst);
    }

    /// Says that the caller spins on a word that another task will change (`cpu_relax`).
    fn spin_hint();

    /// Waits a moment while a word holds `value` (`smp_cond_load_relaxed` between two looks): returns when it is written, or sooner
    /// without reason. The caller looks again, with the order that it needs. Unless a machine can watch a word it is
    /// [`Machine::spin_hint`].
    #[inline(always)]
    fn wait_while_u32(word: &Self::U32, value: u32) {
        let _ = (word, value);
        Self::spin_hint();
    }

    /// As [`Machine::wait_while_u32`], on a wider word.
    #[inline(always)]
    fn wait_while_u64(word: &Self::U64, value: u64) {
        let _ = (word, value);
        Self::spin_hint();
    }

    /// Gives the CPU to another task that is ready to run (`cond_resched`). For waits whose end may need this very CPU.
    fn yield_now();

    /// Nanoseconds since some fixed point (`sched_clock`); for algorithms that bound their own spinning.
    fn now_ns() -> u64;

    /// The CPU that the caller runs on, now; it may be another one right after.
    fn cpu() -> u32;

    /// Words that all locks of the machine share, each 0 at first: a static table, which a text that is generic over machines
    /// cannot have itself. A machine may have none.
    #[inline(always)]
    fn shared_words() -> &'static [Self::U64] {
        &[]
    }

    /// The calling task.
    fn current() -> TaskId;

    /// A task by its number. Tasks are type-stable: a number that was once valid can be woken for ever, at worst in vain.
    fn task(id: TaskId) -> &'static Task<Self>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::SLOT_BYTES;

    #[test]
    fn what_is_padded_is_padded_by_the_same_bytes() {
        assert_eq!(align_of::<Task<Solo>>(), PADDING_BYTES);
        assert_eq!(SLOT_BYTES, 2 * PADDING_BYTES);
    }
}
