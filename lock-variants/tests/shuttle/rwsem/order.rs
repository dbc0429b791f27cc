//! Who comes before whom: downgrade, the queue, the wake policy.

use super::Guarded;
use crate::explore::explore;
use crate::threads::join;
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
use shuttle::thread;

#[test]
fn downgrade_lets_readers_in_and_keeps_writers_out() {
    explore(
        "rwsem::order::downgrade_lets_readers_in_and_keeps_writers_out",
        1000,
        || {
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
        },
    );
}

#[test]
fn readers_that_join_readers_queue_behind_a_writer() {
    explore(
        "rwsem::order::readers_that_join_readers_queue_behind_a_writer",
        1000,
        || {
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
            join([writer, reader]);
            guarded.assert_idle();
        },
    );
}

#[test]
fn a_reader_at_the_head_brings_all_queued_readers_in_and_writers_keep_their_order() {
    explore(
        "rwsem::order::a_reader_at_the_head_brings_all_queued_readers_in_and_writers_keep_their_order",
        1000,
        || {
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
        },
    );
}
