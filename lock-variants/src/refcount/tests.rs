//! The value table, step by step, on the machine of one task.

use super::{Form, LIMIT, Merged, OFFSET, Refcount, RefcountVma, decode};
use crate::contract::mapped;
use crate::sequence::Width;
use bench_core::lock::{Declined, VmaLock};
use bench_core::machine::Solo;
use bench_core::space::Mm;
use std::sync::atomic::Ordering::Relaxed;

type Lock = Refcount<Solo>;

pub(super) fn count<F: Form>(vma: &RefcountVma<Solo, F>) -> u32 {
    vma.count.read(Relaxed)
}

/// The counts when new, write-locked, attached, read by two, read by none, write-locked, detached.
pub(super) fn counts<L, F>() -> [u32; 7]
where
    F: Form,
    L: VmaLock<Machine = Solo, Vma = RefcountVma<Solo, F>>,
{
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    let mut counts = vec![count(&vma)];
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    counts.push(count(&vma));
    mm.lock().attach(&vma, guard.section());
    counts.push(count(&vma));
    drop(guard);
    let tokens = [0, 1].map(|_| mm.lock().start_read(&vma, 0).unwrap());
    counts.push(count(&vma));
    for token in tokens {
        let _ = mm.lock().end_read(&vma, token);
    }
    counts.push(count(&vma));
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    counts.push(count(&vma));
    mm.lock().detach(&vma, guard.section());
    counts.push(count(&vma));
    counts.try_into().expect("seven steps")
}

/// The count and the number of a VMA when new, created, write-locked and attached, in the third section of its mm.
pub(super) fn new_vma_steps<L, F>() -> [(u32, <F::Width as Width>::Number); 4]
where
    F: Form,
    L: VmaLock<Machine = Solo, Vma = RefcountVma<Solo, F>>,
{
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    let words = || (count(&vma), vma.sequence.number());
    let new = words();
    drop(mm.write_lock());
    drop(mm.write_lock());
    let guard = mm.write_lock();
    mm.lock().set_range(&vma, 0x1000..0x3000, guard.section());
    let created = words();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    let locked = words();
    mm.lock().attach(&vma, guard.section());
    [new, created, locked, words()]
}

#[test]
fn a_new_vma_is_stamped_when_it_is_write_locked() {
    assert_eq!(
        new_vma_steps::<Lock, _>(),
        [(0, u32::MAX), (0, u32::MAX), (0, 2), (1, 2)]
    );
}

#[test]
fn the_count_after_each_step() {
    let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
    assert_eq!((count(&vma), vma.sequence.number()), (0, u32::MAX));
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!((count(&vma), vma.sequence.number()), (0, 0), "only stamped");
    mm.lock().attach(&vma, guard.section());
    assert_eq!(count(&vma), 1);
    drop(guard);
    mm.lock().start_read(&vma, 0).unwrap();
    mm.lock().start_read(&vma, 0).unwrap();
    assert_eq!(count(&vma), 3);
    let _ = mm.lock().end_read(&vma, ());
    let _ = mm.lock().end_read(&vma, ());
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(
        (count(&vma), vma.sequence.number()),
        (1, 1),
        "the bit is gone, the number is there"
    );
    mm.lock().detach(&vma, guard.section());
    assert_eq!(count(&vma), 0);
}

#[test]
fn each_reason_to_decline() {
    let (mm, vma) = mapped::<Lock>().unwrap();
    assert_eq!(
        mm.lock().start_read(&Lock::new_vma(), 0),
        Err(Declined::Detached)
    );
    vma.count.set(LIMIT, Relaxed);
    assert_eq!(mm.lock().start_read(&vma, 0), Err(Declined::Limit));
    vma.count.set(OFFSET + 1, Relaxed);
    assert_eq!(mm.lock().start_read(&vma, 0), Err(Declined::WriterBit));
    vma.count.set(1, Relaxed);
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(mm.lock().start_read(&vma, 0), Err(Declined::EarlySeq));
    assert_eq!(count(&vma), 1, "who is declined leaves no trace");
}

#[test]
fn the_last_reader_below_the_limit_enters() {
    let (mm, vma) = mapped::<Lock>().unwrap();
    vma.count.set(LIMIT - 1, Relaxed);
    assert_eq!(mm.lock().start_read(&vma, 0), Ok(()));
    assert_eq!(count(&vma), LIMIT);
    assert!(!vma.count.is_saturated());
}

#[test]
fn a_word_in_words() {
    let (mm, vma) = mapped::<Lock>().unwrap();
    vma.count.set(OFFSET + 2, Relaxed);
    assert_eq!(
        mm.lock().describe(&vma),
        "vm_refcnt=0x40000002 (writer waits for 1 reader) vm_lock_seq=0 mm_lock_seq=1"
    );
    assert_eq!(decode::<Merged>(0), "detached");
    assert_eq!(decode::<Merged>(3), "2 readers");
    assert_eq!(decode::<Merged>(OFFSET + 3), "writer waits for 2 readers");
    assert_eq!(decode::<Merged>(0xc000_0000), "saturated");
}
