//! Whom a wake reaches: at most 256 readers, and each of them although those before it are gone already.

use super::{Guarded, SHORT_NS};
use crate::explore::explore;
use crate::machine::{let_time_pass, wake_for_nothing};
use crate::threads::{join, spawn};
use shuttle::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

/// `MAX_READERS_WAKEUP`.
const READERS_PER_WAKE: usize = 256;

#[test]
fn a_wake_lets_256_readers_in_and_the_last_of_them_the_rest() {
    const READERS: usize = READERS_PER_WAKE + 20;
    let test = "rwsem::wake::a_wake_lets_256_readers_in_and_the_last_of_them_the_rest";
    explore(test, 4, || {
        let guarded = Guarded::new();
        let inside = Arc::new(AtomicU64::new(0));
        let gate = Arc::new(Mutex::new(()));
        guarded.lock.write_lock();
        let closed = gate.lock().expect("no panic with it held");
        let readers = (0..READERS).map(|_| {
            let (inside, gate) = (Arc::clone(&inside), Arc::clone(&gate));
            guarded.spawn_sleeper(move |guarded| {
                guarded.lock.read_lock();
                inside.fetch_add(1, SeqCst);
                drop(gate.lock().expect("no panic with it held"));
                guarded.lock.read_unlock();
            })
        });
        let readers: Vec<_> = readers.collect();
        guarded.lock.write_unlock();
        // None of them can have left.
        let words = guarded.lock.describe();
        let granted = format!(" {READERS_PER_WAKE} readers");
        assert!(words.contains(&granted), "{words}");
        assert_eq!(guarded.waiters(), READERS - READERS_PER_WAKE, "{words}");
        drop(closed);
        join(readers);
        assert_eq!(inside.load(SeqCst), READERS as u64);
        guarded.assert_idle();
    });
}

/// The waker walks a chain of readers whose first may be gone, and may wait for the lock again, before it has come to the
/// second: what it needs of a reader it must have read before it lets it go. A thread wakes them all the time for nothing,
/// which is legal, so that the first sees that it is let go before it is woken for it.
#[test]
fn readers_that_come_back_at_once_do_not_cut_the_chain_of_their_waker() {
    let test = "rwsem::wake::readers_that_come_back_at_once_do_not_cut_the_chain_of_their_waker";
    explore(test, 4000, || {
        let guarded = Guarded::new();
        guarded.lock.write_lock();
        let reader = |guarded: &Guarded| {
            for _ in 0..2 {
                guarded.lock.read_lock();
                guarded.look();
                guarded.lock.read_unlock();
            }
        };
        let mut threads: Vec<_> = (0..3).map(|_| guarded.spawn(reader)).collect();
        let readers: Vec<_> = threads.iter().map(|it| it.thread().clone()).collect();
        threads.push(guarded.spawn(|guarded| {
            guarded.lock.write_lock();
            guarded.change();
            guarded.lock.write_unlock();
        }));
        let is_released = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&is_released);
        threads.push(spawn(move || {
            while !is_over.load(SeqCst) {
                readers.iter().for_each(wake_for_nothing);
                thread::yield_now();
            }
        }));
        while guarded.waiters() < 4 {
            let_time_pass(SHORT_NS);
            thread::yield_now();
        }
        guarded.lock.write_unlock();
        is_released.store(true, SeqCst);
        join(threads);
        guarded.assert_idle();
    });
}
