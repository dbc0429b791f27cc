//! The real machine: std's atomics, Linux futexes, the kernel's monotonic clock.

use crate::{hints, membarrier};
use bench_core::machine::{Machine, Park, Task, TaskId};
use rustix::thread::futex;
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Tasks that can exist at once.
const TASKS: usize = 4096;

/// The machine that vmalock measures on.
#[derive(Clone, Copy, Debug)]
pub struct Native;

/// A futex that one task sleeps on.
#[derive(Debug, Default)]
pub struct FutexParker {
    /// [`RUNNING`] or [`SLEEPING`], as of the kernel's task states.
    state: AtomicU32,
}

/// The task runs, or has been woken.
const RUNNING: u32 = 0;
/// The task sleeps or is about to.
const SLEEPING: u32 = 1;

impl Park for FutexParker {
    #[inline]
    fn prepare(&self) {
        self.state.store(SLEEPING, Relaxed);
        // Pairs with the fence in `unpark`: either the sleeper's next look at its condition sees what the waker did, or the
        // waker sees SLEEPING (store buffering).
        std::sync::atomic::fence(SeqCst);
    }

    fn park(&self, deadline_ns: Option<u64>) -> bool {
        // Acquire: pairs with the swap in `unpark`, so that what the waker did before it is seen.
        while self.state.load(Ordering::Acquire) == SLEEPING {
            let left = deadline_ns.map(|deadline| deadline.saturating_sub(Native::now_ns()));
            if left == Some(0) {
                return false;
            }
            let timeout = left.map(|left| Timespec {
                tv_sec: (left / 1_000_000_000) as i64,
                tv_nsec: (left % 1_000_000_000) as _,
            });
            // Every way in which it returns (woken, changed, timed out, signal) is judged by the loop.
            let _ = futex::wait(
                &self.state,
                futex::Flags::PRIVATE,
                SLEEPING,
                timeout.as_ref(),
            );
        }
        true
    }

    #[inline]
    fn finish(&self) {
        // Relaxed: only this task reads it as "sleeping"; a waker that still sees SLEEPING wakes in vain.
        self.state.store(RUNNING, Relaxed);
    }

    #[inline]
    fn unpark(&self) {
        // Pairs with the fence in `prepare`.
        std::sync::atomic::fence(SeqCst);
        if self.state.load(Relaxed) == SLEEPING
            // Release: pairs with the load in `park`.
            && self.state.swap(RUNNING, Ordering::Release) == SLEEPING
        {
            let _ = futex::wake(&self.state, futex::Flags::PRIVATE, 1);
        }
    }
}

impl Machine for Native {
    type U32 = AtomicU32;
    type U64 = AtomicU64;
    type Parker = FutexParker;

    #[inline(always)]
    fn fence(order: Ordering) {
        std::sync::atomic::fence(order);
    }

    #[inline(always)]
    fn light_barrier() {
        membarrier::light();
    }

    fn heavy_barrier() {
        membarrier::heavy();
    }

    #[inline(always)]
    fn spin_hint() {
        hints::spin();
    }

    #[inline(always)]
    fn wait_while_u32(word: &AtomicU32, value: u32) {
        hints::wait_while_u32(word, value);
    }

    #[inline(always)]
    fn wait_while_u64(word: &AtomicU64, value: u64) {
        hints::wait_while_u64(word, value);
    }

    fn yield_now() {
        std::thread::yield_now();
    }

    #[inline]
    fn now_ns() -> u64 {
        let now = clock_gettime(ClockId::Monotonic);
        (now.tv_sec as u64) * 1_000_000_000 + now.tv_nsec as u64
    }

    #[inline]
    fn cpu() -> u32 {
        rustix::thread::sched_getcpu() as u32
    }

    #[inline(always)]
    fn shared_words() -> &'static [AtomicU64] {
        &SHARED_WORDS.0
    }

    #[inline(always)]
    fn current() -> TaskId {
        TaskId::from_word(CURRENT.get()).unwrap_or_else(register)
    }

    fn task(id: TaskId) -> &'static Task<Self> {
        &ALL[id.number() as usize]
    }
}

/// [`Machine::shared_words`]: 32 KiB, as of the visible readers of BRAVO, and one.
#[repr(align(128))]
struct SharedWords([AtomicU64; 4097]);

static SHARED_WORDS: SharedWords = SharedWords([const { AtomicU64::new(0) }; 4097]);

/// All tasks. They are never freed, so that a late wake finds a task, if perhaps another thread's.
static ALL: LazyLock<Box<[Task<Native>]>> =
    LazyLock::new(|| (0..TASKS).map(|_| Task::new()).collect());

/// Numbers that are not in use, the smallest last.
static FREE: LazyLock<Mutex<Vec<u32>>> =
    LazyLock::new(|| Mutex::new((0..TASKS as u32).rev().collect()));

thread_local! {
    /// The number of this thread's task plus one; 0 before its first use. Without a destructor, so that reading it is one
    /// load.
    static CURRENT: Cell<u32> = const { Cell::new(0) };
    /// Gives the number back when the thread ends.
    static OWNED: RefCell<Option<Owned>> = const { RefCell::new(None) };
}

/// A task number in use.
struct Owned(TaskId);

impl Drop for Owned {
    fn drop(&mut self) {
        FREE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.0.number());
    }
}

#[cold]
fn register() -> TaskId {
    let number = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let id = TaskId::new(number.expect("at most 4096 threads use locks at once"));
    OWNED.with(|owned| *owned.borrow_mut() = Some(Owned(id)));
    CURRENT.set(id.to_word());
    // A signal to the thread that had the number before is none to this one.
    Native::task(id).clear_killed();
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_wake_between_prepare_and_park_is_not_lost() {
        let parker = &Native::task(Native::current()).parker;
        parker.prepare();
        thread::scope(|scope| {
            scope.spawn(|| parker.unpark());
        });
        assert!(parker.park(None));
    }

    #[test]
    fn a_park_without_a_wake_ends_at_its_deadline() {
        let parker = &Native::task(Native::current()).parker;
        let deadline = Native::now_ns() + 2_000_000;
        parker.prepare();
        assert!(!parker.park(Some(deadline)));
        parker.finish();
        assert!(Native::now_ns() >= deadline);
    }

    #[test]
    fn a_sleeper_is_woken_each_time() {
        let sleeper = AtomicU32::new(0);
        let turns = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                let me = Native::current();
                let parker = &Native::task(me).parker;
                sleeper.store(me.to_word(), SeqCst);
                for turn in 1..=1000 {
                    loop {
                        parker.prepare();
                        if turns.load(SeqCst) >= turn {
                            break;
                        }
                        parker.park(None);
                    }
                    parker.finish();
                }
            });
            while sleeper.load(SeqCst) == 0 {
                thread::yield_now();
            }
            let task = TaskId::from_word(sleeper.load(SeqCst)).expect("it has started");
            for _ in 0..1000 {
                turns.fetch_add(1, SeqCst);
                Native::task(task).parker.unpark();
            }
        });
    }

    #[test]
    fn a_number_is_used_again_after_its_thread() {
        let number = || {
            thread::spawn(|| Native::current().number())
                .join()
                .expect("no panic")
        };
        let numbers: Vec<u32> = (0..5000).map(|_| number()).collect();
        assert!(numbers.iter().all(|number| (*number as usize) < TASKS));
    }
}
