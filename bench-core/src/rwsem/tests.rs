//! One task, nobody to wait for: the words, and what the try forms leave behind.

use super::RwSem;
use super::word::{FLAG_HANDOFF, FLAG_WAITERS, READ_FAIL_GUARD, READER_BIAS, WRITER_LOCKED};
use crate::machine::Solo;
use std::mem::{offset_of, size_of};
use std::sync::atomic::Ordering::Relaxed;

/// The owner word of the only task, number 0, whose word is 1.
const WRITER_TASK_0: u64 = 0b100;
const READER_TASK_0: u64 = 0b101;
const NONSPINNABLE: u64 = 0b10;

fn words(lock: &RwSem<Solo>) -> (u64, u64) {
    (lock.count.load(Relaxed), lock.owner.load(Relaxed))
}

fn with_count(count: u64) -> RwSem<Solo> {
    let lock = RwSem::<Solo>::new();
    lock.count.store(count, Relaxed);
    lock
}

#[test]
fn the_layout_is_the_kernels() {
    assert_eq!(size_of::<RwSem<Solo>>(), 40);
    assert_eq!(offset_of!(RwSem<Solo>, count), 0);
    assert_eq!(offset_of!(RwSem<Solo>, owner), 8);
    assert_eq!(offset_of!(RwSem<Solo>, osq), 16);
    assert_eq!(offset_of!(RwSem<Solo>, wait_lock), 20);
    assert_eq!(offset_of!(RwSem<Solo>, wait_list), 24);
}

#[test]
fn the_bits_are_the_kernels() {
    let bits = [WRITER_LOCKED, FLAG_WAITERS, FLAG_HANDOFF, READER_BIAS];
    assert_eq!(bits, [0x1, 0x2, 0x4, 0x100]);
    assert_eq!(READ_FAIL_GUARD, 0x8000_0000_0000_0000);
}

#[test]
fn readers_count_and_leave_their_name() {
    let lock = RwSem::<Solo>::new();
    assert_eq!(words(&lock), (0, 0));
    lock.read_lock();
    assert_eq!(words(&lock), (0x100, READER_TASK_0));
    assert!(lock.try_read_lock());
    assert_eq!(words(&lock), (0x200, READER_TASK_0));
    lock.read_unlock();
    lock.read_unlock();
    assert_eq!(words(&lock), (0, READER_TASK_0));
}

#[test]
fn a_writer_wipes_its_name() {
    let lock = RwSem::<Solo>::new();
    lock.read_lock();
    lock.read_unlock();
    lock.write_lock();
    assert_eq!(words(&lock), (0x1, WRITER_TASK_0));
    lock.write_unlock();
    assert_eq!(words(&lock), (0, 0));
}

#[test]
fn a_downgraded_writer_is_a_reader() {
    let lock = RwSem::<Solo>::new();
    lock.write_lock();
    lock.downgrade();
    assert_eq!(words(&lock), (0x100, READER_TASK_0));
    assert!(lock.try_read_lock());
    assert!(!lock.try_write_lock());
    lock.read_unlock();
    lock.read_unlock();
    assert!(lock.try_write_lock());
}

#[test]
fn a_failing_try_leaves_no_trace() {
    for count in [0x1, 0x2, 0x4, 0x102, 0x104, READ_FAIL_GUARD | 0x100] {
        let lock = with_count(count);
        assert!(!lock.try_read_lock(), "{lock:?}");
        assert!(!lock.try_write_lock(), "{lock:?}");
        assert_eq!(words(&lock), (count, 0));
    }
    let lock = with_count(0x100);
    assert!(!lock.try_write_lock());
    assert_eq!(words(&lock), (0x100, 0));
}

#[test]
fn the_first_reader_steals_from_waiters() {
    let lock = with_count(FLAG_WAITERS);
    lock.read_lock();
    assert_eq!(words(&lock), (0x102, READER_TASK_0));
}

#[test]
fn a_reader_keeps_nonspinnable_and_a_writer_does_not() {
    let lock = RwSem::<Solo>::new();
    lock.owner.store(READER_TASK_0 | NONSPINNABLE, Relaxed);
    lock.read_lock();
    assert_eq!(words(&lock), (0x100, READER_TASK_0 | NONSPINNABLE));
    lock.read_unlock();
    lock.write_lock();
    assert_eq!(words(&lock), (0x1, WRITER_TASK_0));
}

#[test]
fn a_writer_gives_up_spinning_on_readers_and_says_so() {
    let lock = RwSem::<Solo>::new();
    lock.read_lock();
    assert!(!lock.spin_to_write());
    assert_eq!(words(&lock), (0x100, READER_TASK_0 | NONSPINNABLE));
    assert!(lock.describe().ends_with("spinning: nobody"), "{lock:?}");
}

#[test]
fn a_writer_gives_up_spinning_on_a_writer_that_does_not_run() {
    let lock = RwSem::<Solo>::new();
    lock.write_lock();
    assert!(!lock.spin_to_write());
    assert_eq!(words(&lock), (0x1, WRITER_TASK_0));
}

#[test]
fn a_spinner_takes_a_free_lock_ahead_of_waiters_but_not_of_a_handoff() {
    let lock = with_count(FLAG_WAITERS);
    assert!(lock.spin_to_write());
    assert_eq!(words(&lock), (0x3, WRITER_TASK_0));
    let lock = with_count(FLAG_WAITERS | FLAG_HANDOFF);
    assert!(!lock.spin_to_write());
    assert_eq!(words(&lock), (0x6, 0));
}

#[test]
fn a_report_names_the_bits() {
    let lock = with_count(0x307);
    lock.owner.store(READER_TASK_0 | NONSPINNABLE, Relaxed);
    assert_eq!(
        lock.describe(),
        "count 0x307 (writer, waiters, handoff, 3 readers), owner reader task 0, nonspinnable, waiting: nobody; \
         spinning: nobody"
    );
    assert_eq!(
        RwSem::<Solo>::new().describe(),
        "count 0x0 (0 readers), owner nobody, waiting: nobody; spinning: nobody"
    );
}
