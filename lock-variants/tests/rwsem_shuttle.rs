//! The rw_semaphore under random schedules of several threads.

mod shuttle_machine;

use bench_core::machine::{Machine, TaskId};
use bench_core::rwsem::RwSem;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use shuttle::thread::{self, JoinHandle};
use shuttle_machine::{Shuttle, explore, let_time_pass};
use std::sync::atomic::AtomicUsize;

/// Longer than any limit in the lock: spinning ends, a waiter may ask for a handoff.
const LONG_NS: u64 = 5_000_000;

/// Longer than a writer spins on another, shorter than it waits before it asks for a handoff.
const SHORT_NS: u64 = 2_000_000;

/// A lock and the payload that it guards: two words, equal whenever nobody writes.
struct Guarded {
    lock: RwSem<Shuttle>,
    first: AtomicU64,
    second: AtomicU64,
}

impl Guarded {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            lock: RwSem::new(),
            first: AtomicU64::new(0),
            second: AtomicU64::new(0),
        })
    }

    /// A writer's critical section.
    fn change(&self) {
        let number = self.first.load(SeqCst) + 1;
        self.first.store(number, SeqCst);
        assert_eq!(self.second.load(SeqCst) + 1, number, "two writers");
        self.second.store(number, SeqCst);
    }

    /// A reader's critical section.
    fn look(&self) {
        let first = self.first.load(SeqCst);
        assert_eq!(self.second.load(SeqCst), first, "a reader and a writer");
        assert_eq!(self.first.load(SeqCst), first, "a reader and a writer");
    }

    /// The lock after all have left it: nothing is left in the count, in the list and in the spin queue.
    fn assert_idle(&self) {
        let words = self.lock.describe();
        assert!(words.starts_with("count 0x0 "), "{words}");
        assert!(
            words.ends_with("waiting: nobody; spinning: nobody"),
            "{words}"
        );
    }

    fn waiters(&self) -> usize {
        let words = self.lock.describe();
        words.matches(" to read").count() + words.matches(" to write").count()
    }

    /// Starts a thread and waits until it sleeps on the wait list.
    fn spawn_sleeper(
        self: &Arc<Self>,
        body: impl FnOnce(&Self) + Send + 'static,
    ) -> JoinHandle<()> {
        let handle = self.spawn(body);
        let number = u32::try_from(usize::from(handle.thread().id())).expect("few threads");
        while !Shuttle::task(TaskId::new(number)).parker.is_asleep() {
            // Now and then, so that a writer stops spinning, and mostly not so often that it asks for a handoff.
            if thread_rng().gen_ratio(1, 16) {
                let_time_pass(SHORT_NS);
            }
            thread::yield_now();
        }
        handle
    }

    fn spawn(self: &Arc<Self>, body: impl FnOnce(&Self) + Send + 'static) -> JoinHandle<()> {
        let guarded = Arc::clone(self);
        thread::spawn(move || body(&guarded))
    }
}

/// Lets others run, for up to so many turns.
fn dawdle(turns: u32) {
    for _ in 0..thread_rng().gen_range(0..turns) {
        thread::yield_now();
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("a panic ends the run before");
    }
}

/// One critical section, of a kind chosen at random; returns whether it wrote.
fn any_writer_round(guarded: &Guarded) -> bool {
    let lock = &guarded.lock;
    if !thread_rng().gen_bool(0.3) {
        lock.write_lock();
    } else if !lock.try_write_lock() {
        return false;
    }
    guarded.change();
    if thread_rng().gen_bool(0.3) {
        lock.downgrade();
        guarded.look();
        lock.read_unlock();
    } else {
        lock.write_unlock();
    }
    true
}

fn any_reader_round(guarded: &Guarded) {
    let lock = &guarded.lock;
    if !thread_rng().gen_bool(0.3) {
        lock.read_lock();
    } else if !lock.try_read_lock() {
        return;
    }
    guarded.look();
    lock.read_unlock();
}

#[test]
fn readers_and_writers_exclude_each_other() {
    explore(3000, || {
        let guarded = Guarded::new();
        let changes = Arc::new(AtomicU64::new(0));
        let mut threads = Vec::new();
        for _ in 0..2 {
            let changes = Arc::clone(&changes);
            threads.push(guarded.spawn(move |guarded| {
                for _ in 0..3 {
                    changes.fetch_add(u64::from(any_writer_round(guarded)), SeqCst);
                }
            }));
            threads.push(guarded.spawn(|guarded| {
                for _ in 0..3 {
                    any_reader_round(guarded);
                }
            }));
        }
        join(threads);
        assert_eq!(guarded.first.load(SeqCst), changes.load(SeqCst));
        guarded.assert_idle();
    });
}

#[test]
fn nobody_is_left_asleep() {
    explore(2000, || {
        let guarded = Guarded::new();
        guarded.lock.write_lock();
        let mut threads = Vec::new();
        for number in 0..5 {
            threads.push(guarded.spawn(move |guarded| {
                if number < 2 {
                    guarded.lock.write_lock();
                    guarded.change();
                    guarded.lock.write_unlock();
                } else {
                    guarded.lock.read_lock();
                    guarded.look();
                    guarded.lock.read_unlock();
                }
            }));
        }
        // Any number of them, in any order, is asleep when the lock is released.
        let wanted = thread_rng().gen_range(0..=5);
        while guarded.waiters() < wanted {
            let_time_pass(LONG_NS);
            thread::yield_now();
        }
        guarded.lock.write_unlock();
        join(threads);
        assert_eq!(guarded.second.load(SeqCst), 2);
        guarded.assert_idle();
    });
}

#[test]
fn spinning_writers_pass_the_lock_on() {
    explore(2000, || {
        let guarded = Guarded::new();
        let writer = |guarded: &Guarded| {
            for _ in 0..3 {
                guarded.lock.write_lock();
                guarded.change();
                guarded.lock.write_unlock();
            }
        };
        join((0..4).map(|_| guarded.spawn(writer)).collect());
        assert_eq!(guarded.second.load(SeqCst), 12);
        guarded.assert_idle();
    });
}

#[test]
fn downgrade_lets_readers_in_and_keeps_writers_out() {
    explore(1000, || {
        let guarded = Guarded::new();
        let inside = Arc::new(AtomicU64::new(0));
        guarded.lock.write_lock();
        guarded.change();
        let mut threads = Vec::new();
        for _ in 0..2 {
            let inside = Arc::clone(&inside);
            threads.push(guarded.spawn_sleeper(move |guarded| {
                guarded.lock.read_lock();
                guarded.look();
                inside.fetch_add(1, SeqCst);
                guarded.lock.read_unlock();
            }));
        }
        threads.push(guarded.spawn_sleeper(|guarded| {
            guarded.lock.write_lock();
            guarded.change();
            guarded.lock.write_unlock();
        }));
        guarded.lock.downgrade();
        // The readers get in although the caller still holds the lock; the writer does not.
        while inside.load(SeqCst) < 2 {
            guarded.look();
            thread::yield_now();
        }
        assert_eq!(guarded.first.load(SeqCst), 1);
        guarded.lock.read_unlock();
        join(threads);
        assert_eq!(guarded.second.load(SeqCst), 2);
        guarded.assert_idle();
    });
}

#[test]
fn readers_that_join_readers_queue_behind_a_writer() {
    explore(1000, || {
        let guarded = Guarded::new();
        guarded.lock.read_lock();
        let writer = guarded.spawn_sleeper(|guarded| {
            guarded.lock.write_lock();
            guarded.change();
            guarded.lock.write_unlock();
        });
        assert!(!guarded.lock.try_read_lock());
        let reader = guarded.spawn_sleeper(|guarded| {
            guarded.lock.read_lock();
            assert_eq!(guarded.first.load(SeqCst), 1, "a reader before the writer");
            guarded.lock.read_unlock();
        });
        guarded.lock.read_unlock();
        join(vec![writer, reader]);
        guarded.assert_idle();
    });
}

#[test]
fn a_reader_at_the_head_brings_all_queued_readers_in_and_writers_keep_their_order() {
    explore(1000, || {
        let guarded = Guarded::new();
        let inside = Arc::new(AtomicU64::new(0));
        guarded.lock.write_lock();
        let mut threads = Vec::new();
        for writer in [None, Some(1), None, Some(2), None] {
            let inside = Arc::clone(&inside);
            threads.push(guarded.spawn_sleeper(move |guarded| {
                let Some(number) = writer else {
                    guarded.lock.read_lock();
                    inside.fetch_add(1, SeqCst);
                    // Ends only when all three are in at the same time.
                    while inside.load(SeqCst) < 3 {
                        thread::yield_now();
                    }
                    assert_eq!(guarded.first.load(SeqCst), 0, "a writer before a reader");
                    guarded.lock.read_unlock();
                    return;
                };
                guarded.lock.write_lock();
                guarded.change();
                assert_eq!(guarded.first.load(SeqCst), number, "writers out of order");
                guarded.lock.write_unlock();
            }));
        }
        guarded.lock.write_unlock();
        join(threads);
        guarded.assert_idle();
    });
}

/// How to take a lock and to release it.
type Section = (fn(&RwSem<Shuttle>), fn(&RwSem<Shuttle>));

const READ: Section = (RwSem::read_lock, RwSem::read_unlock);
const WRITE: Section = (RwSem::write_lock, RwSem::write_unlock);

/// Threads that take the lock again and again while another waits and has waited too long.
struct Overtaking {
    guarded: Arc<Guarded>,
    served: AtomicBool,
    /// How often HANDOFF was seen while the waiter waited.
    handoffs: &'static AtomicUsize,
}

impl Overtaking {
    fn run(waiter: Section, others: &'static [Section], handoffs: &'static AtomicUsize) {
        let guarded = Guarded::new();
        guarded.lock.write_lock();
        let this = Arc::new(Self {
            guarded: Arc::clone(&guarded),
            served: AtomicBool::new(false),
            handoffs,
        });
        let that = Arc::clone(&this);
        let mut threads = vec![guarded.spawn_sleeper(move |guarded| {
            waiter.0(&guarded.lock);
            that.served.store(true, SeqCst);
            waiter.1(&guarded.lock);
        })];
        let_time_pass(LONG_NS);
        for _ in 0..2 {
            let this = Arc::clone(&this);
            threads.push(thread::spawn(move || this.take_again_and_again(others)));
        }
        dawdle(40); // the others come and spin
        guarded.lock.write_unlock();
        this.take_again_and_again(others);
        join(threads);
        guarded.assert_idle();
    }

    /// Once it has seen HANDOFF, it does not get the lock before the waiter.
    fn take_again_and_again(&self, sections: &[Section]) {
        let lock = &self.guarded.lock;
        for _ in 0..4 {
            let handoff = lock.describe().contains("handoff") && !self.served.load(SeqCst);
            let section = sections[thread_rng().gen_range(0..sections.len())];
            section.0(lock);
            if handoff {
                self.handoffs.fetch_add(1, SeqCst);
                assert!(self.served.load(SeqCst), "overtaken in spite of a handoff");
            }
            dawdle(10); // a handoff is asked for meanwhile
            section.1(lock);
        }
    }
}

#[test]
fn readers_do_not_overtake_a_writer_after_a_handoff() {
    static HANDOFFS: AtomicUsize = AtomicUsize::new(0);
    explore(1500, || Overtaking::run(WRITE, &[READ], &HANDOFFS));
    assert!(HANDOFFS.load(SeqCst) > 0, "no run came to a handoff");
}

#[test]
fn writers_do_not_overtake_a_writer_after_a_handoff() {
    static HANDOFFS: AtomicUsize = AtomicUsize::new(0);
    explore(1500, || Overtaking::run(WRITE, &[WRITE], &HANDOFFS));
    assert!(HANDOFFS.load(SeqCst) > 0, "no run came to a handoff");
}

#[test]
fn nobody_overtakes_a_writer_after_a_handoff() {
    static HANDOFFS: AtomicUsize = AtomicUsize::new(0);
    explore(1500, || {
        Overtaking::run(WRITE, &[READ, READ, WRITE], &HANDOFFS)
    });
    assert!(HANDOFFS.load(SeqCst) > 0, "no run came to a handoff");
}

#[test]
fn writers_do_not_overtake_a_reader_after_a_handoff() {
    static HANDOFFS: AtomicUsize = AtomicUsize::new(0);
    explore(1500, || Overtaking::run(READ, &[WRITE], &HANDOFFS));
    assert!(HANDOFFS.load(SeqCst) > 0, "no run came to a handoff");
}
