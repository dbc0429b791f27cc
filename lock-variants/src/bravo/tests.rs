//! The words after each step, on the machine of one task.

use super::{BIASED, Bravo, UNBIASED, table};
use crate::adapter::PlainLock;
use bench_core::lock::Declined;
use bench_core::machine::{Machine, Solo};
use std::sync::atomic::Ordering::Relaxed;

type Lock = Bravo<Solo>;

fn bias(lock: &Lock) -> u32 {
    lock.bias.load(Relaxed)
}

/// How many slots a lock's readers have.
fn taken(lock: &Lock) -> usize {
    let slots = table::slots::<Solo>().iter();
    slots
        .filter(|slot| slot.load(Relaxed) == lock.identity)
        .count()
}

/// A lock that a reader has biased.
fn biased() -> Lock {
    let lock = Lock::new();
    drop(lock.try_read());
    assert_eq!(bias(&lock), BIASED);
    lock
}

#[test]
fn the_words_after_each_step() {
    let lock = Lock::new();
    assert_eq!((bias(&lock), taken(&lock)), (UNBIASED, 0));
    let first = lock.try_read();
    assert_eq!(
        (bias(&lock), taken(&lock)),
        (BIASED, 0),
        "by the underlying lock, which sets the bias"
    );
    let second = lock.try_read();
    assert_eq!(taken(&lock), 1, "by the table");
    assert!(!lock.underlying.try_write_lock(), "the first is inside");
    drop(first);
    assert!(lock.underlying.try_write_lock(), "the second is not there");
    lock.underlying.write_unlock();
    drop(second);
    assert_eq!((bias(&lock), taken(&lock)), (BIASED, 0));
    lock.with_write(|| {
        assert_eq!(bias(&lock), UNBIASED);
        assert!(lock.try_read().is_none());
        assert_eq!(lock.why_declined(), Declined::WriterBit);
    });
    assert_eq!(bias(&lock), UNBIASED);
}

#[test]
fn a_reader_whose_slot_is_taken_goes_by_the_underlying_lock() {
    let lock = biased();
    let (by_table, by_lock) = (lock.try_read().unwrap(), lock.try_read().unwrap());
    assert!(by_table.slot.is_some() && by_lock.slot.is_none());
    assert!(!lock.underlying.try_write_lock());
    drop(by_lock);
    assert_eq!(taken(&lock), 1);
}

/// Two locks of one table, and the search of one does not wait for the other's readers.
#[test]
fn locks_are_told_from_each_other() {
    let (read, written) = (biased(), biased());
    assert_ne!(read.identity, written.identity);
    let _inside = read.try_read().unwrap();
    assert_eq!((taken(&read), taken(&written)), (1, 0));
    written.with_write(|| ());
    assert_eq!(bias(&read), BIASED);
}

#[test]
fn a_revocation_inhibits_the_bias_for_nine_times_as_long_as_it_took() {
    let lock = biased();
    let before_ns = Solo::now_ns();
    lock.with_write(|| ());
    // The clock goes by a microsecond at each look, and other tests may look.
    let after_ns = Solo::now_ns();
    let until_ns = lock.inhibit_until_ns.load(Relaxed);
    assert!(
        until_ns >= before_ns + 2_000 + 9_000 && until_ns <= after_ns + 9 * (after_ns - before_ns)
    );
    lock.inhibit_until_ns.store(u64::MAX, Relaxed);
    drop(lock.try_read());
    assert_eq!(bias(&lock), UNBIASED, "inhibited");
    lock.inhibit_until_ns.store(0, Relaxed);
    drop(lock.try_read());
    assert_eq!(bias(&lock), BIASED, "no more");
}

#[test]
fn a_writer_that_finds_no_bias_inhibits_nothing() {
    let lock = Lock::new();
    lock.with_write(|| ());
    assert_eq!(lock.inhibit_until_ns.load(Relaxed), 0);
}

#[test]
fn all_bytes_are_counted() {
    assert_eq!(
        (size_of::<Bravo<Solo>>(), Bravo::<Solo>::HEAP_BYTES),
        (64, 0)
    );
}

#[test]
fn a_word_in_words() {
    let lock = biased();
    let _one = lock.try_read();
    let words = lock.describe();
    assert!(
        words.starts_with("bias=1 (1 reader by the table) count 0x0"),
        "{words}"
    );
}
