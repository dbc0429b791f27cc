//! Once HANDOFF is set nobody overtakes the first waiter.

use super::{Guarded, LONG_NS, SHORT_NS, dawdle};
use crate::explore::explore;
use crate::machine::{Shuttle, let_time_pass};
use crate::threads::{join, spawn};
use bench_core::rwsem::RwSem;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicBool, Ordering::SeqCst};
use shuttle::thread;
use std::sync::atomic::AtomicUsize;

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
            threads.push(spawn(move || this.take_again_and_again(others)));
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
    explore(
        "rwsem::handoff::readers_do_not_overtake_a_writer_after_a_handoff",
        1500,
        || Overtaking::run(WRITE, &[READ], &HANDOFFS),
    );
    assert!(HANDOFFS.load(SeqCst) > 0, "no run came to a handoff");
}

#[test]
fn writers_do_not_overtake_a_writer_after_a_handoff() {
    static HANDOFFS: AtomicUsize = AtomicUsize::new(0);
    explore(
        "rwsem::handoff::writers_do_not_overtake_a_writer_after_a_handoff",
        1500,
        || Overtaking::run(WRITE, &[WRITE], &HANDOFFS),
    );
    assert!(HANDOFFS.load(SeqCst) > 0, "no run came to a handoff");
}

#[test]
fn nobody_overtakes_a_writer_after_a_handoff() {
    static HANDOFFS: AtomicUsize = AtomicUsize::new(0);
    explore(
        "rwsem::handoff::nobody_overtakes_a_writer_after_a_handoff",
        1500,
        || Overtaking::run(WRITE, &[READ, READ, WRITE], &HANDOFFS),
    );
    assert!(HANDOFFS.load(SeqCst) > 0, "no run came to a handoff");
}

#[test]
fn writers_do_not_overtake_a_reader_after_a_handoff() {
    static HANDOFFS: AtomicUsize = AtomicUsize::new(0);
    explore(
        "rwsem::handoff::writers_do_not_overtake_a_reader_after_a_handoff",
        1500,
        || Overtaking::run(READ, &[WRITE], &HANDOFFS),
    );
    assert!(HANDOFFS.load(SeqCst) > 0, "no run came to a handoff");
}

/// A writer that has just queued behind the first tries once before it sleeps, at the moment when the lock is free for the
/// first.
#[test]
fn a_writer_that_queues_behind_a_handoff_waits_for_its_turn() {
    static HANDOFFS: AtomicUsize = AtomicUsize::new(0);
    let test = "rwsem::handoff::a_writer_that_queues_behind_a_handoff_waits_for_its_turn";
    explore(test, 3000, || {
        let guarded = Guarded::new();
        let served = Arc::new(AtomicBool::new(false));
        let (writer_served, other_served) = (Arc::clone(&served), Arc::clone(&served));
        guarded.lock.write_lock();
        let first = guarded.spawn_sleeper(move |guarded| {
            guarded.lock.write_lock();
            writer_served.store(true, SeqCst);
            guarded.lock.write_unlock();
        });
        let_time_pass(LONG_NS);
        // Steals the lock from the first waiter, which then asks for a handoff; unless the first was faster.
        guarded.lock.write_unlock();
        guarded.lock.write_lock();
        while !served.load(SeqCst) && !guarded.lock.describe().contains("handoff") {
            thread::yield_now();
        }
        let mut threads = vec![first];
        if !served.load(SeqCst) {
            HANDOFFS.fetch_add(1, SeqCst);
            threads.push(guarded.spawn(move |guarded| {
                guarded.lock.write_lock();
                assert!(other_served.load(SeqCst), "overtaken in spite of a handoff");
                guarded.lock.write_unlock();
            }));
            while guarded.waiters() < 2 {
                let_time_pass(SHORT_NS);
                thread::yield_now();
            }
        }
        guarded.lock.write_unlock();
        join(threads);
        guarded.assert_idle();
    });
    assert!(HANDOFFS.load(SeqCst) > 0, "no run came to a handoff");
}
