//! `Shuttle`: the machine whose threads shuttle schedules, at random and one at a time.
//!
//! Every access to a word is a point where another thread may go on, so that thousands of runs reach interleavings that
//! hardware shows once a week. Memory is sequentially consistent here, whatever the orderings say: wrong orderings are for
//! loom to find, wrong protocols for this machine. A deadlock is found at once; spinning for ever is found by the limit on
//! steps.
//!
//! Inside a run ([`crate::explore`]) threads come from `shuttle::thread`, and everything shared is a word of the machine or
//! one of shuttle's own types; a std atomic shared between threads works but is no point of scheduling.
//!
//! - Time: each look at the clock moves it by a microsecond, and one look in 32 by 5 ms, as if the thread had lost its CPU,
//!   so that every limit in an algorithm is sometimes reached and sometimes not. [`let_time_pass`] moves it by hand.
//! - Sleeping: [`Park`] exactly as the kernel has it. A wake that comes before `prepare` is forgotten, so that a
//!   sleeper that looks at its condition too early is caught. A sleep with a deadline ends at a random moment.
//! - Tasks: one for each shuttle thread, in order of creation, the test's own thread being task 0.
//! - CPUs: each task has its own, with the task's number.

mod words;

pub(crate) use words::{ShuttleU32, ShuttleU64};

use bench_core::machine::{Machine, Park, Task, TaskId, Word};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::atomic::{self, Ordering};
use shuttle::sync::{Condvar, Mutex, MutexGuard};
use shuttle::thread;
use std::sync::OnceLock;

/// At most so many threads in one run.
const TASKS: usize = 512;

/// One look at the clock in so many finds that much more time has passed than it should have.
const LOOKS_PER_JUMP: u32 = 32;
const LOOK_NS: u64 = 1_000;
const JUMP_NS: u64 = 5_000_000;

/// Whether a thread of this run is asleep and nobody has woken it.
pub(crate) fn is_asleep(thread: &thread::Thread) -> bool {
    Shuttle::task(task_of(thread)).parker.is_asleep()
}

/// Wakes a thread that sleeps although nothing it waits for has come.
pub(crate) fn wake_for_nothing(thread: &thread::Thread) {
    Shuttle::task(task_of(thread)).parker.unpark();
}

/// Sends a thread a fatal signal.
pub(crate) fn kill(thread: &thread::Thread) {
    Shuttle::task(task_of(thread)).kill();
}

fn task_of(thread: &thread::Thread) -> TaskId {
    let number = usize::from(thread.id());
    TaskId::new(u32::try_from(number).expect("shuttle numbers its threads from 0"))
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
    /// Made when they are first asked for: most runs have four.
    tasks: Vec<OnceLock<Task<Shuttle>>>,
    clock_ns: std::sync::atomic::AtomicU64,
    shared_words: [ShuttleU64; 3],
}

shuttle::lazy_static! {
    static ref RUN: Run = Run {
        tasks: std::iter::repeat_with(OnceLock::new).take(TASKS).collect(),
        clock_ns: std::sync::atomic::AtomicU64::new(0),
        shared_words: std::array::from_fn(|_| Word::new(0)),
    };
}

impl Machine for Shuttle {
    type U32 = ShuttleU32;
    type U64 = ShuttleU64;
    type Parker = Parker;

    /// Fewer than the tasks of most runs.
    const CPUS: usize = 2;

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
    fn shared_words() -> &'static [ShuttleU64] {
        &RUN.shared_words
    }
    fn current() -> TaskId {
        task_of(&thread::current())
    }
    fn task(id: TaskId) -> &'static Task<Self> {
        RUN.tasks[id.number() as usize].get_or_init(Task::new)
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
    fn is_asleep(&self) -> bool {
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
