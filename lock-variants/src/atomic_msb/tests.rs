//! The value tables, step by step, on the machine of one task.

use super::{
    AddThenLook, AtomicMsb, AtomicMsbCmpxchg, AtomicMsbLockDetached, AtomicMsbVma, BIAS, decode,
};
use bench_core::lock::{Declined, VmaLock};
use bench_core::machine::Solo;
use bench_core::space::Mm;
use std::sync::atomic::Ordering::Relaxed;

fn count(vma: &AtomicMsbVma<Solo>) -> u32 {
    vma.count.load(Relaxed)
}

/// The counts when new, write-locked, attached, read by one, read by none, write-locked, detached.
fn counts<L: VmaLock<Machine = Solo, Vma = AtomicMsbVma<Solo>>>() -> [u32; 7] {
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    let new = count(&vma);
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    let locked = count(&vma);
    mm.lock().attach(&vma, guard.section());
    let attached = count(&vma);
    drop(guard);
    let token = mm.lock().start_read(&vma, 0).unwrap();
    let read = count(&vma);
    let _ = mm.lock().end_read(&vma, token);
    let unread = count(&vma);
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    let locked_again = count(&vma);
    mm.lock().detach(&vma, guard.section());
    [
        new,
        locked,
        attached,
        read,
        unread,
        locked_again,
        count(&vma),
    ]
}

#[test]
fn a_detached_atomic_msb_holds_the_bias() {
    let expected = [BIAS, BIAS, 1, 2, 1, 1, BIAS];
    assert_eq!(counts::<AtomicMsb<Solo>>(), expected);
    assert_eq!(counts::<AtomicMsbCmpxchg<Solo>>(), expected);
}

#[test]
fn a_detached_atomic_msb_lock_detached_is_locked_by_a_store() {
    assert_eq!(
        counts::<AtomicMsbLockDetached<Solo>>(),
        [0, 0x8000_0001, 1, 2, 1, 1, 0]
    );
}

fn a_writer_and_a_detached_vma<L>()
where
    L: VmaLock<Machine = Solo, Vma = AtomicMsbVma<Solo>>,
{
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    let declined = || mm.lock().start_read(&vma, 0).err();
    assert_eq!(declined(), Some(Declined::Detached), "{}", L::INFO.name);
    vma.count.store(BIAS + 2, Relaxed);
    assert_eq!(declined(), Some(Declined::WriterBit), "{}", L::INFO.name);
    assert_eq!(count(&vma), BIAS + 2, "who is declined leaves no trace");
}

#[test]
fn a_writer_and_a_detached_vma_are_told_apart() {
    a_writer_and_a_detached_vma::<AtomicMsb<Solo>>();
    a_writer_and_a_detached_vma::<AtomicMsbCmpxchg<Solo>>();
    a_writer_and_a_detached_vma::<AtomicMsbLockDetached<Solo>>();
}

#[test]
fn attach_keeps_the_count_of_a_reader_that_is_about_to_back_off() {
    let mm = Mm::<AtomicMsb<Solo>>::new();
    let vma = AtomicMsb::<Solo>::new_vma();
    let old = vma.count.fetch_add(1, Relaxed); // a reader, half way
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    mm.lock().attach(&vma, guard.section());
    assert_eq!(count(&vma), 2);
    assert_eq!(AddThenLook::back_off(&vma, old), Declined::Detached);
    assert_eq!(count(&vma), 1);
}

#[test]
fn a_word_in_words() {
    let mm = Mm::<AtomicMsb<Solo>>::new();
    let vma = AtomicMsb::<Solo>::new_vma();
    vma.count.store(BIAS + 4, Relaxed);
    assert_eq!(
        mm.lock().describe(&vma),
        "count=0x80000004 (writer waits for 2 readers) vm_lock_seq=4294967295 mm_lock_seq=0"
    );
    assert_eq!(decode(BIAS), "detached");
    assert_eq!(decode(2), "1 reader");
}
