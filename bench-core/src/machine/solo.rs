//! A machine of one task, for examples and for tests of code that never waits.

use super::{Machine, Park, Task, TaskId};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// A machine whose only task must never have to wait for another: parking panics, since nobody could wake it. Each thread that uses it
/// has a task of its own, so that a signal sent in one test does not reach another.
///
/// Its clock is a counter that moves by a microsecond each time it is read, so that bounded spinning ends.
#[derive(Clone, Copy, Debug)]
pub struct Solo;

/// Nobody wakes the only task.
#[derive(Debug, Default)]
pub struct NoParker;

impl Park for NoParker {
    fn prepare(&self) {}
    fn park(&self, deadline_ns: Option<u64>) -> bool {
        assert!(
            deadline_ns.is_some(),
            "the only task of a Solo machine went to sleep: a lock was taken that nobody can release"
        );
        false
    }
    fn finish(&self) {}
    fn unpark(&self) {}
}

impl Machine for Solo {
    type U32 = AtomicU32;
    type U64 = AtomicU64;
    type Parker = NoParker;

    fn fence(order: Ordering) {
        fence(order);
    }
    fn spin_hint() {}
    fn yield_now() {}
    fn now_ns() -> u64 {
        static CLOCK: AtomicU64 = AtomicU64::new(0);
        // Relaxed: a number that publishes nothing.
        CLOCK.fetch_add(1000, Ordering::Relaxed)
    }
    fn cpu() -> u32 {
        0
    }
    fn shared_words() -> &'static [AtomicU64] {
        thread_local! {
            /// Each thread is a machine of its own. Never freed, as a static.
            static WORDS: &'static [AtomicU64; 5] = Box::leak(Box::default());
        }
        WORDS.with(|words| words.as_slice())
    }
    fn current() -> TaskId {
        TaskId::new(0)
    }
    fn task(_id: TaskId) -> &'static Task<Self> {
        thread_local! {
            /// Never freed, as every machine's tasks.
            static TASK: &'static Task<Solo> = Box::leak(Box::default());
        }
        TASK.with(|task| *task)
    }
}
