//! The words step by step, on the machine of one task.

use super::{LIMIT, OFFSET, PerMmVma, Refcount617, Refcount619};
use crate::contract::mapped;
use bench_core::lock::{Declined, Interrupted, VmaLock};
use bench_core::machine::{Machine, Solo};
use bench_core::space::Mm;
use std::sync::atomic::Ordering::Relaxed;

type Lock = Refcount617<Solo>;

fn words(vma: &PerMmVma<Solo>) -> (u32, u32) {
    (vma.count.read(Relaxed), vma.sequence.number())
}

#[test]
fn the_words_after_each_step() {
    let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
    assert_eq!(words(&vma), (0, u32::MAX));
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(words(&vma), (0, 1), "only stamped, with an odd number");
    assert_eq!(vma.mm.load(Relaxed), 0, "nobody's yet");
    mm.lock().attach(&vma, guard.section());
    assert_eq!(words(&vma), (1, 1));
    assert_eq!(vma.mm.load(Relaxed), mm.lock().mm.writer.number());
    drop(guard);
    mm.lock().start_read(&vma, 0).unwrap();
    mm.lock().start_read(&vma, 0).unwrap();
    assert_eq!(words(&vma), (3, 1));
    let _ = mm.lock().end_read(&vma, ());
    let _ = mm.lock().end_read(&vma, ());
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(words(&vma), (1, 3), "the bit is gone, the number is there");
    mm.lock().detach(&vma, guard.section());
    assert_eq!(words(&vma), (0, 3));
}

#[test]
fn each_reason_to_decline() {
    let (mm, vma) = mapped::<Lock>().unwrap();
    for (at, declined) in [
        (0, Declined::Detached),
        (LIMIT, Declined::Limit),
        (OFFSET + 1, Declined::WriterBit),
    ] {
        vma.count.set(at, Relaxed);
        assert_eq!(mm.lock().start_read(&vma, 0), Err(declined), "{at:#x}");
        assert_eq!(vma.count.read(Relaxed), at, "{at:#x}");
    }
    vma.count.set(1, Relaxed);
    let other = Mm::<Lock>::new();
    assert_eq!(other.lock().start_read(&vma, 0), Err(Declined::WrongMm));
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(mm.lock().start_read(&vma, 0), Err(Declined::EarlySeq));
    assert_eq!(words(&vma), (1, 3), "who is declined leaves no trace");
}

/// The other mm's writer waits: who comes to its VMA by mistake wakes it, and needs the mm for it.
#[test]
fn a_foreign_reader_finds_the_mm_that_it_has_to_wake() {
    let (mm, vma) = mapped::<Lock>().unwrap();
    // A writer whose bit is in the count keeps even foreign readers out, so that it can only come in between.
    let other = Mm::<Lock>::new();
    assert_eq!(other.lock().start_read(&vma, 0), Err(Declined::WrongMm));
    vma.count.set(OFFSET + 2, Relaxed);
    assert_eq!(vma.let_go_of_foreign(), Declined::WrongMm);
    assert_eq!(vma.count.read(Relaxed), OFFSET + 1);
    vma.count.set(1, Relaxed);
    assert_eq!(mm.lock().start_read(&vma, 0), Ok(()));
}

#[test]
#[should_panic(expected = "an mm goes away only after its VMAs are detached")]
fn an_mm_that_leaves_a_vma_behind_is_missed() {
    let (mm, vma) = mapped::<Lock>().unwrap();
    drop(mm);
    let _ = Mm::<Lock>::new().lock().start_read(&vma, 0);
}

/// A writer that is killed while a reader is inside.
#[test]
fn the_words_around_an_interrupted_wait() {
    type Lock = Refcount619<Solo>;
    let (mm, vma) = mapped::<Lock>().unwrap();
    let me = Solo::task(Solo::current());
    mm.lock().start_read(&vma, 0).unwrap();
    me.kill();
    let guard = mm.write_lock();
    for _ in 0..2 {
        assert_eq!(
            mm.lock().start_write(&vma, guard.section()),
            Err(Interrupted)
        );
        assert_eq!(words(&vma), (2, 1), "no bit, no number");
    }
    let _ = mm.lock().end_read(&vma, ());
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(words(&vma), (1, 3), "no need to wait");
    mm.lock().detach(&vma, guard.section());
    let new = Lock::new_vma();
    mm.lock().start_write(&new, guard.section()).unwrap();
    assert_eq!(words(&new), (0, 3), "a detached VMA is stamped");
    me.clear_killed();
}

#[test]
fn a_word_in_words() {
    let (mm, vma) = mapped::<Lock>().unwrap();
    assert_eq!(
        mm.lock().describe(&vma),
        "vm_refcnt=0x1 (attached, no reader, this mm's) vm_lock_seq=1 mm_lock_seq=2"
    );
    let other = Mm::<Lock>::new();
    assert!(other.lock().describe(&vma).contains("another mm's"));
    assert!(
        mm.lock()
            .describe(&Lock::new_vma())
            .contains("nobody's yet")
    );
}
