//! The machine of loom: every execution of a few threads that the C11 memory model allows, save those that loom leaves
//! out (it takes SeqCst accesses for AcqRel, and does not let a load see a store that comes later).
//!
//! For a test of the tests, a fault can be planted at one place of a lock's text for the length of a model, by
//! [`check_with`]: the text stays the same and the machine below it forgets to order, or leaves a step out ([`fault`]).

pub(crate) mod fault;
pub(crate) mod source;
mod words;

use bench_core::machine::{Machine, Park, Task, TaskId, Word};
use fault::{Order, Planted};
use loom::sync::atomic::fence;
use loom::sync::{Condvar, Mutex};
use std::cell::Cell;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use words::{U32, U64};

/// loom itself runs at most 5 threads at once.
const TASKS: usize = 5;

/// The executions of a model that a brief run takes.
const BRIEF: usize = 5;

/// The machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loom;

/// Runs a model in every execution with at most `preemptions` preemptions. Panics when one fails, or when threads wait for
/// each other for ever.
pub(crate) fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    builder(preemptions).check(model);
}

fn builder(preemptions: usize) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    // The rwsem spins before it sleeps; the default of 1,000 is too few for its largest models.
    builder.max_branches = 10_000;
    builder
}

/// [`check`] for a model that holds, and cannot have one preemption more.
pub(crate) fn hold(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    within_reach(preemptions, false).check(model);
}

/// How far a model is explored that is to hold: `VMALOCK_MODELS=deep` takes one preemption more where it can. `brief` takes none
/// and few executions, for a machine on which the models are only to be shown to run: threads then take turns where they wait
/// and end.
pub(crate) fn within_reach(preemptions: usize, can_be_deeper: bool) -> loom::model::Builder {
    match std::env::var("VMALOCK_MODELS").as_deref() {
        Err(_) => builder(preemptions),
        Ok("deep") => builder(preemptions + usize::from(can_be_deeper)),
        Ok("brief") => {
            let mut brief = builder(0);
            brief.max_permutations = Some(BRIEF);
            // At which it looks whether they are enough.
            brief.checkpoint_interval = 1;
            brief
        }
        Ok(other) => panic!("VMALOCK_MODELS is {other}, and may be deep or brief"),
    }
}

/// The same on a machine with a fault.
pub(crate) fn check_with(
    planted: Planted,
    preemptions: usize,
    model: impl Fn() + Send + Sync + 'static,
) {
    let _removal = fault::plant(planted);
    check(preemptions, model);
}

/// A fence as strong as the machine makes it at this place.
fn faulty_fence(operation: &str, order: Ordering, caller: &'static Location<'static>) {
    let order = Order::of(operation, order, caller);
    if !order.left_out {
        fence(order.order);
    }
}

loom::lazy_static! {
    static ref ALL: All = All {
        tasks: std::array::from_fn(|_| Task::new()),
        next: AtomicU32::new(0),
        shared_words: std::array::from_fn(|_| U64::new(0)),
        barriers: loom::sync::atomic::AtomicU32::new(0),
    };
}

/// The tasks of one execution.
struct All {
    tasks: [Task<Loom>; TASKS],
    /// The number of the next thread that asks for one. Not a word of the model: it only hands out numbers.
    next: AtomicU32,
    /// Two: a table that begins with a number has one place, in which all meet.
    shared_words: [U64; 2],
    /// What the asymmetric barriers meet in.
    barriers: loom::sync::atomic::AtomicU32,
}

loom::thread_local! {
    static CURRENT: Cell<Option<u32>> = Cell::new(None);
}

impl Machine for Loom {
    type U32 = U32;
    type U64 = U64;
    type Parker = Parker;

    /// So that a third task has no word of its own.
    const CPUS: usize = 2;

    #[track_caller]
    fn fence(order: Ordering) {
        faulty_fence("fence", order, Location::caller());
    }

    /// The two barriers of the pair are read-modify-writes of one word, so that they order with each other and, other than
    /// fences would, with no fence.
    #[track_caller]
    fn light_barrier() {
        let order = Order::of("light_barrier", Ordering::AcqRel, Location::caller());
        if !order.left_out {
            ALL.barriers.fetch_add(0, order.order);
        }
    }

    #[track_caller]
    fn heavy_barrier() {
        let order = Order::of("heavy_barrier", Ordering::AcqRel, Location::caller());
        if !order.left_out {
            ALL.barriers.fetch_add(0, order.order);
            fence(Ordering::SeqCst);
        }
    }

    fn spin_hint() {
        Self::yield_now();
    }

    fn yield_now() {
        loom::thread::yield_now();
    }

    /// Each look is a second later, so that spinning with a time limit ends at once.
    fn now_ns() -> u64 {
        thread_local! {
            static CLOCK: Cell<u64> = const { Cell::new(0) };
        }
        CLOCK.replace(CLOCK.get() + 1_000_000_000)
    }

    fn cpu() -> u32 {
        0
    }

    fn shared_words() -> &'static [U64] {
        &ALL.shared_words
    }

    fn current() -> TaskId {
        CURRENT.with(|current| {
            let number = current
                .get()
                .unwrap_or_else(|| ALL.next.fetch_add(1, Ordering::Relaxed));
            current.set(Some(number));
            TaskId::new(number)
        })
    }

    fn task(id: TaskId) -> &'static Task<Self> {
        &ALL.tasks[id.number() as usize]
    }
}

/// Sleeps on a condition variable, so that a lost wake is a deadlock, which loom reports. It orders no more than the native
/// one does: the mutex is taken only by who sleeps and who wakes a sleeper.
#[derive(Debug)]
pub(crate) struct Parker {
    /// 1 while the task sleeps or is about to.
    sleeping: U32,
    mutex: Mutex<()>,
    woken: Condvar,
}

impl Default for Parker {
    fn default() -> Self {
        Self {
            sleeping: U32::new(0),
            mutex: Mutex::new(()),
            woken: Condvar::new(),
        }
    }
}

impl Park for Parker {
    #[track_caller]
    fn prepare(&self) {
        self.sleeping.store(1, Ordering::Relaxed);
        // Pairs with the fence in `unpark`.
        faulty_fence("prepare", Ordering::SeqCst, Location::caller());
    }

    fn park(&self, deadline_ns: Option<u64>) -> bool {
        let mut held = self.mutex.lock().unwrap();
        // Relaxed: the mutex orders it after the waker that held it before.
        while self.sleeping.load(Ordering::Relaxed) == 1 {
            if deadline_ns.is_some() {
                return false;
            }
            held = self.woken.wait(held).unwrap();
        }
        true
    }

    fn finish(&self) {
        self.sleeping.store(0, Ordering::Relaxed);
    }

    #[track_caller]
    fn unpark(&self) {
        let order = Order::of("unpark", Ordering::SeqCst, Location::caller());
        if order.left_out {
            return;
        }
        // Pairs with the fence in `prepare`.
        fence(order.order);
        if self.sleeping.load(Ordering::Relaxed) == 1 {
            // The mutex is held, since loom loses the order of stores that a sleeper saw too late when it has two wakers.
            let held = self.mutex.lock().unwrap();
            self.sleeping.store(0, Ordering::Relaxed);
            drop(held);
            self.woken.notify_one();
        }
    }
}
