//! The models of the mmap lock, an rw_semaphore, and of the queue of its spinners.

use crate::machine::Loom;
use crate::models::Model;
use bench_core::machine::{Machine, Word};
use bench_core::rwsem::{Osq, RwSem};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The models. Their names begin with what they are of.
pub(crate) fn models() -> [Model; 6] {
    [
        Model::new("mmap-lock-two-writers", 5, two_writers),
        Model::new("mmap-lock-three-writers", 2, three_writers),
        Model::new("mmap-lock-reader-and-writer", 3, reader_and_writer),
        Model::new("mmap-lock-downgrade", 5, downgrade),
        Model::new("spin-queue-of-two", 1, || spin_queue(2)).no_deeper(),
        Model::new("spin-queue-of-three", 1, || spin_queue(3)).no_deeper(),
    ]
}

/// Two halves of a word, written one after the other by who holds the lock.
struct Halves([<Loom as Machine>::U32; 2]);

impl Halves {
    fn new() -> Self {
        Self([Word::new(0), Word::new(0)])
    }

    fn write(&self) {
        for half in &self.0 {
            half.store(half.load(Relaxed) + 1, Relaxed);
        }
    }

    /// The half that is written last first.
    fn read(&self) -> u32 {
        let second = self.0[1].load(Relaxed);
        assert_eq!(self.0[0].load(Relaxed), second, "half written");
        second
    }
}

/// The lock and what it guards.
struct Guarded {
    lock: RwSem<Loom>,
    halves: Halves,
}

impl Guarded {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            lock: RwSem::new(),
            halves: Halves::new(),
        })
    }

    fn write(&self) {
        self.lock.write_lock();
        self.halves.write();
        self.lock.write_unlock();
    }

    fn read(&self) -> u32 {
        self.lock.read_lock();
        let seen = self.halves.read();
        self.lock.read_unlock();
        seen
    }

    /// After all others have been joined.
    fn assert_written(&self, times: u32) {
        assert_eq!(self.halves.read(), times, "a write was lost");
    }
}

fn in_parallel(others: usize, body: impl Fn() + Send + Sync + 'static) {
    let body = Arc::new(body);
    let spawn = |_| {
        let body = Arc::clone(&body);
        loom::thread::spawn(move || body())
    };
    let threads: Vec<_> = (0..others).map(spawn).collect();
    body();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn writers(number: usize) {
    let guarded = Guarded::new();
    let its = Arc::clone(&guarded);
    in_parallel(number - 1, move || its.write());
    guarded.assert_written(number as u32);
}

/// Each sees all of the other.
fn two_writers() {
    writers(2);
}

/// One holds the lock, one is woken, one comes.
fn three_writers() {
    writers(3);
}

/// Each may have to sleep for the other, and the reader then writes: what it read comes before.
fn reader_and_writer() {
    let guarded = Guarded::new();
    let its = Arc::clone(&guarded);
    let writer = loom::thread::spawn(move || its.write());
    guarded.read();
    guarded.write();
    writer.join().unwrap();
    guarded.assert_written(2);
}

/// A writer becomes a reader: a second reader sees what it wrote.
fn downgrade() {
    let guarded = Guarded::new();
    let its = Arc::clone(&guarded);
    let reader = loom::thread::spawn(move || its.read());
    guarded.lock.write_lock();
    guarded.halves.write();
    guarded.lock.downgrade();
    assert_eq!(guarded.halves.read(), 1);
    guarded.lock.read_unlock();
    assert!(reader.join().unwrap() <= 1);
}

/// The spin queue is a lock that a spinner may give up: who has it excludes the others.
fn spin_queue(spinners: usize) {
    let queue = Osq::<Loom>::new();
    let (halves, got) = (Halves::new(), <Loom as Machine>::U32::new(0));
    let shared = Arc::new((queue, halves, got));
    let its = Arc::clone(&shared);
    in_parallel(spinners - 1, move || {
        let (queue, halves, got) = &*its;
        let me = Loom::current();
        if queue.lock(me) {
            halves.write();
            got.fetch_add(1, Relaxed);
            queue.unlock(me);
        }
    });
    let (_, halves, got) = &*shared;
    assert_eq!(halves.read(), got.load(Relaxed), "a write was lost");
}
