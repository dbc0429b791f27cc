//! Whom a wake reaches: at most 256 readers, and each of them although those before it are gone already.

use super::{Guarded, join};
use crate::explore::explore;
use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
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
/// second: what it needs of a reader it must have read before it lets it go.
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
        threads.push(guarded.spawn(|guarded| {
            guarded.lock.write_lock();
            guarded.change();
            guarded.lock.write_unlock();
        }));
        // They are on the list, and some of them not asleep yet.
        while guarded.waiters() < 3 {
            thread::yield_now();
        }
        guarded.lock.write_unlock();
        join(threads);
        guarded.assert_idle();
    });
}
