//! The value table, step by step, on the machine of one task.

use super::{BIAS, DEAD, DEAD_ZONE, Rcuref, RcurefVma, decode};
use crate::contract::mapped;
use bench_core::lock::{Declined, VmaLock};
use bench_core::machine::Solo;
use bench_core::space::Mm;
use std::sync::atomic::Ordering::Relaxed;

type Lock = Rcuref<Solo>;

fn count(vma: &RcurefVma<Solo>) -> u32 {
    vma.count.load(Relaxed)
}

#[test]
fn the_count_after_each_step() {
    let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
    assert_eq!((count(&vma), vma.sequence.number()), (DEAD, u32::MAX));
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(
        (count(&vma), vma.sequence.number()),
        (DEAD, 0),
        "only stamped"
    );
    mm.lock().attach(&vma, guard.section());
    assert_eq!(count(&vma), 0);
    drop(guard);
    mm.lock().start_read(&vma, 0).unwrap();
    mm.lock().start_read(&vma, 0).unwrap();
    assert_eq!(count(&vma), 2);
    let _ = mm.lock().end_read(&vma, ());
    let _ = mm.lock().end_read(&vma, ());
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(
        (count(&vma), vma.sequence.number()),
        (0, 1),
        "the bias is gone, the number is there"
    );
    mm.lock().detach(&vma, guard.section());
    assert_eq!(count(&vma), DEAD);
}

#[test]
fn each_reason_to_decline() {
    let (mm, vma) = mapped::<Lock>().unwrap();
    for (there, reason, left) in [
        (BIAS, Declined::WriterBit, BIAS),
        (BIAS + 2, Declined::WriterBit, BIAS + 2),
        (BIAS - 1, Declined::Limit, BIAS - 1),
        (DEAD, Declined::Detached, DEAD),
        (DEAD + 7, Declined::Detached, DEAD),
        (DEAD_ZONE, Declined::Detached, DEAD),
        (u32::MAX - 1, Declined::Detached, DEAD),
    ] {
        vma.count.store(there, Relaxed);
        assert_eq!(mm.lock().start_read(&vma, 0), Err(reason), "{there:#x}");
        assert_eq!(count(&vma), left, "{there:#x}");
    }
    vma.count.store(0, Relaxed);
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(mm.lock().start_read(&vma, 0), Err(Declined::EarlySeq));
    assert_eq!(count(&vma), 0, "who is declined leaves no trace");
}

/// A stale reader adds to a dead VMA, which is attached before the reader goes on: its add is gone and it knows.
#[test]
fn attach_wipes_out_adds_that_nobody_undoes() {
    let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
    let sum = vma.count.fetch_add(1, Relaxed) + 1; // a reader, half way
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    mm.lock().attach(&vma, guard.section());
    assert_eq!(count(&vma), 0);
    assert_eq!(vma.get_failed(sum), Declined::Detached);
    assert_eq!(count(&vma), 0, "a late exchange finds no dead VMA");
}

/// A reader adds while a writer owns the count, which leaves before the reader goes on: its add is still there.
#[test]
fn the_writer_keeps_the_count_of_a_reader_that_is_about_to_back_off() {
    let (_mm, vma) = mapped::<Lock>().unwrap();
    vma.count.store(BIAS, Relaxed);
    let sum = vma.count.fetch_add(1, Relaxed) + 1; // a reader, half way
    assert!(!vma.die(BIAS), "dead while somebody owes an undo");
    vma.count.fetch_sub(BIAS, Relaxed); // W4
    assert_eq!(count(&vma), 1);
    assert!(!vma.die(0), "dead while somebody owes an undo");
    assert_eq!(vma.get_failed(sum), Declined::WriterBit);
    assert_eq!(count(&vma), 0);
}

/// Of stale readers that meet, the one that added last brings the count back.
#[test]
fn adds_to_a_dead_vma_do_not_pile_up() {
    let vma = Lock::new_vma();
    for _ in 0..1000 {
        let first = vma.count.fetch_add(1, Relaxed) + 1;
        let second = vma.count.fetch_add(1, Relaxed) + 1;
        assert_eq!(vma.get_failed(first), Declined::Detached);
        assert_eq!(count(&vma), DEAD + 2);
        assert_eq!(vma.get_failed(second), Declined::Detached);
        assert_eq!(count(&vma), DEAD);
    }
}

#[test]
fn a_word_in_words() {
    let (mm, vma) = mapped::<Lock>().unwrap();
    vma.count.store(BIAS + 2, Relaxed);
    assert_eq!(
        mm.lock().describe(&vma),
        "count=0x80000002 (writer waits for 2 readers) vm_lock_seq=0 mm_lock_seq=1"
    );
    assert_eq!(decode(0), "attached, no reader");
    assert_eq!(decode(1), "1 reader");
    assert_eq!(decode(BIAS), "writer owns it");
    assert_eq!(decode(DEAD_ZONE), "detached");
    assert_eq!(decode(u32::MAX), "detached");
}
