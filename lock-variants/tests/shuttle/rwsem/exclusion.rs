//! Readers and writers exclude each other, and nobody is left asleep.

use super::{Guarded, LONG_NS};
use crate::explore::explore;
use crate::machine::let_time_pass;
use crate::threads::join;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
use shuttle::thread;

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
    explore(
        "rwsem::exclusion::readers_and_writers_exclude_each_other",
        3000,
        || {
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
        },
    );
}

#[test]
fn nobody_is_left_asleep() {
    explore("rwsem::exclusion::nobody_is_left_asleep", 2000, || {
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
    explore(
        "rwsem::exclusion::spinning_writers_pass_the_lock_on",
        2000,
        || {
            let guarded = Guarded::new();
            let writer = |guarded: &Guarded| {
                for _ in 0..3 {
                    guarded.lock.write_lock();
                    guarded.change();
                    guarded.lock.write_unlock();
                }
            };
            join((0..4).map(|_| guarded.spawn(writer)));
            assert_eq!(guarded.second.load(SeqCst), 12);
            guarded.assert_idle();
        },
    );
}
