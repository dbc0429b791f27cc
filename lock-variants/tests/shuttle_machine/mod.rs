//! `Shuttle`: the machine whose threads shuttle schedules, at random and one at a time.
//!
//! Every access to a word is a point where another thread may go on, so that thousands of runs reach interleavings that
//! hardware shows once a week. Memory is sequentially consistent here, whatever the orderings say: wrong orderings are for
//! loom to find, wrong protocols for this machine. A deadlock is found at once; spinning for ever is found by the limit on
//! steps.
//!
//! A test file says `mod shuttle_machine;` and calls [`explore`]. Inside the run, threads come from `shuttle::thread`, and
//! everything shared is a word of the machine or one of shuttle's own types; a std atomic shared between threads works but is
//! no point of scheduling.
//!
//! - Time: each look at the clock moves it by a microsecond, and one look in 32 by 5 ms, as if the thread had lost its CPU,
//!   so that every limit in an algorithm is sometimes reached and sometimes not. [`let_time_pass`] moves it by hand.
//! - Sleeping: [`Park`] exactly as the kernel has it. A wake that comes before `prepare` is forgotten, so that a
//!   sleeper that looks at its condition too early is caught. A sleep with a deadline ends at a random moment.
//! - Tasks: one for each shuttle thread, in order of creation, the test's own thread being task 0; at most [`TASKS`].
//! - CPUs: each task has its own, with the task's number.

#![allow(dead_code, reason = "each test file uses its part of the machine")]

use bench_core::machine::{Machine, Park, Task, TaskId, Word};
use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::sync::atomic::{self, AtomicU32, AtomicU64, Ordering};
use shuttle::sync::{Condvar, Mutex, MutexGuard};
use shuttle::{Config, Runner, thread};
use std::sync::Arc;

/// At most so many threads in one run.
pub(crate) const TASKS: u32 = 16;

/// One look at the clock in so many finds that much more time has passed than it should have.
const LOOKS_PER_JUMP: u32 = 32;
const LOOK_NS: u64 = 1_000;
const JUMP_NS: u64 = 5_000_000;

/// The places in a run where a thread is stopped for long, in the schedules with few switches.
const LONG_STOPS: usize = 3;

/// Runs `body` under `iterations` schedules: half of them switch between threads at random, which mixes their steps well;
/// half let one thread run on and stop it at a few random places (PCT), which finds what needs a thread to stand still in
/// a narrow window while another does a lot. They are the same ones in each test run unless SHUTTLE_RANDOM_SEED is set.
///
/// # Panics
/// With the schedule to replay, if `body` panics, all of its threads block, or they take more than a million steps.
pub(crate) fn explore(iterations: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.silence_warnings = true; // that orderings are not modelled is said above
    config.stack_size = 0x2_0000; // the default is too small for formatting a panic without optimisation
    let body = Arc::new(body);
    let half = iterations.div_ceil(2);

    let random = RandomScheduler::new_from_seed(0, half);
    let random_body = Arc::clone(&body);
    Runner::new(random, config.clone()).run(move || random_body());
    let few_switches = PctScheduler::new_from_seed(0, LONG_STOPS, half);
    Runner::new(few_switches, config).run(move || body());
}

/// Moves the clock of this run.
pub(crate) fn let_time_pass(ns: u64) {
    RUN.clock_ns.fetch_add(ns, Ordering::SeqCst);
}

/// The machine. See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shuttle;

/// What lives as long as one run.
struct Run {
    tasks: Vec<Task<Shuttle>>,
    clock_ns: std::sync::atomic::AtomicU64,
}

shuttle::lazy_static! {
    static ref RUN: Run = Run {
        tasks: (0..TASKS).map(|_| Task::new()).collect(),
        clock_ns: std::sync::atomic::AtomicU64::new(0),
    };
}

impl Machine for Shuttle {
    type U32 = ShuttleU32;
    type U64 = ShuttleU64;
    type Parker = Parker;

    fn fence(order: Ordering) {
        atomic::fence(order);
    }
    fn spin_hint() {
        shuttle::hint::spin_loop();
    }
    fn yield_now() {
        thread::yield_now();
    }
    fn now_ns() -> u64 {
        let jumps = thread_rng().gen_ratio(1, LOOKS_PER_JUMP);
        let step_ns = if jumps { JUMP_NS } else { LOOK_NS };
        RUN.clock_ns.fetch_add(step_ns, Ordering::SeqCst) + step_ns
    }
    fn cpu() -> u32 {
        Self::current().number()
    }
    fn current() -> TaskId {
        let number = usize::from(thread::current().id());
        TaskId::new(u32::try_from(number).expect("shuttle numbers its threads from 0"))
    }
    fn task(id: TaskId) -> &'static Task<Self> {
        &RUN.tasks[id.number() as usize]
    }
}

/// What a shuttle thread sleeps on.
#[derive(Debug, Default)]
pub(crate) struct Parker {
    state: Mutex<Sleep>,
    woken: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sleep {
    #[default]
    Awake,
    Prepared,
    Asleep,
}

impl Parker {
    /// Whether the thread is asleep and nobody has woken it.
    pub(crate) fn is_asleep(&self) -> bool {
        *self.lock() == Sleep::Asleep
    }

    fn lock(&self) -> MutexGuard<'_, Sleep> {
        self.state.lock().expect("no panic with the lock held")
    }
}

impl Park for Parker {
    fn prepare(&self) {
        *self.lock() = Sleep::Prepared;
    }

    fn park(&self, deadline_ns: Option<u64>) -> bool {
        let mut state = self.lock();
        while *state != Sleep::Awake {
            *state = Sleep::Asleep;
            let Some(deadline_ns) = deadline_ns else {
                state = self.woken.wait(state).expect("no panic with the lock held");
                continue;
            };
            if thread_rng().gen_bool(0.5) {
                RUN.clock_ns.fetch_max(deadline_ns, Ordering::SeqCst);
                *state = Sleep::Awake;
                return false;
            }
            drop(state);
            thread::yield_now();
            state = self.lock();
        }
        true
    }

    fn finish(&self) {
        *self.lock() = Sleep::Awake;
    }

    fn unpark(&self) {
        *self.lock() = Sleep::Awake;
        self.woken.notify_one();
    }
}

/// A 32-bit word: shuttle's atomic, under a name of this crate since the trait is of another.
#[derive(Debug)]
pub(crate) struct ShuttleU32(AtomicU32);

/// A 64-bit word.
#[derive(Debug)]
pub(crate) struct ShuttleU64(AtomicU64);

impl Word<u32> for ShuttleU32 {
    fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }
    fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }
    fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, order);
    }
    fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.0.swap(value, order)
    }
    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_add(value, order)
    }
    fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_sub(value, order)
    }
    fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_or(value, order)
    }
    fn fetch_and(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_and(value, order)
    }
    fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange(current, new, success, failure)
    }
    fn compare_exchange_weak(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange_weak(current, new, success, failure)
    }
}

impl Word<u64> for ShuttleU64 {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }
    fn load(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }
    fn store(&self, value: u64, order: Ordering) {
        self.0.store(value, order);
    }
    fn swap(&self, value: u64, order: Ordering) -> u64 {
        self.0.swap(value, order)
    }
    fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_add(value, order)
    }
    fn fetch_sub(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_sub(value, order)
    }
    fn fetch_or(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_or(value, order)
    }
    fn fetch_and(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_and(value, order)
    }
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.0.compare_exchange(current, new, success, failure)
    }
    fn compare_exchange_weak(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.0.compare_exchange_weak(current, new, success, failure)
    }
}
