//! The wake to an mm that may go away: P10 of `kernel-locks.md`.

use super::faulty::{Choices, Faulty, Wakes};
use super::{failure_of, mapped};
use crate::machine::{Loom, hold};
use bench_core::lock::{Declined, VmaLock};
use bench_core::space::Mm;
use lock_variants::refcount::per_mm::{Refcount617, Refcount619};
use std::mem::ManuallyDrop;
use std::sync::Arc;

#[derive(Debug)]
struct Pinned;
impl Choices for Pinned {}

/// Linux 6.15 and 6.16.
#[derive(Debug)]
struct ByPointer;
impl Choices for ByPointer {
    const WAKES: Wakes = Wakes::ByPointer;
}

#[derive(Debug)]
struct ByPointerReadLate;
impl Choices for ByPointerReadLate {
    const WAKES: Wakes = Wakes::ByPointerReadLate;
}

#[derive(Debug)]
struct WakesItsOwnMm;
impl Choices for WakesItsOwnMm {
    const WAKES: Wakes = Wakes::Own;
}

/// A reader tries a VMA that it found before the VMA moved to another mm; that mm unmaps it meanwhile and goes away.
fn the_other_mm_goes_away<L: VmaLock<Machine = Loom>>() {
    let (other, vma) = mapped::<L>();
    let vma = Arc::new(vma);
    let its_vma = Arc::clone(&vma);
    let exits = loom::thread::spawn(move || {
        // A writer that sleeps for ever ends with a panic of loom, which has no words left for the guard to unlock.
        let guard = ManuallyDrop::new(other.write_lock());
        let locked = other.lock().start_write(&its_vma, guard.section());
        assert!(locked.is_ok(), "nobody is killed");
        other.lock().detach(&its_vma, guard.section());
        drop(ManuallyDrop::into_inner(guard));
        drop(other);
    });
    let own = Mm::<L>::new();
    let declined = own.lock().start_read(&vma, 0x1000).err();
    let reasons = [
        Declined::WrongMm,
        Declined::Detached,
        Declined::WriterBit,
        Declined::Limit,
    ];
    assert!(
        declined.is_some_and(|reason| reasons.contains(&reason)),
        "{declined:?}"
    );
    exits.join().unwrap();
}

#[test]
fn an_mm_that_is_pinned_is_there_for_the_wake() {
    hold(3, the_other_mm_goes_away::<Refcount617<Loom>>);
    hold(3, the_other_mm_goes_away::<Refcount619<Loom>>);
    hold(3, the_other_mm_goes_away::<Faulty<Loom, Pinned>>);
}

/// The writer sees the count without being woken, unmaps, and frees its mm, before the reader comes to wake it.
#[test]
fn p10_the_wake_of_linux_6_15_goes_to_an_mm_that_is_gone() {
    let seen =
        failure_of(3, the_other_mm_goes_away::<Faulty<Loom, ByPointer>>).expect("nobody pinned it");
    assert!(seen.contains("use after free"), "{seen}");
}

#[test]
fn p10_an_mm_that_is_looked_up_after_the_count_down_is_gone() {
    let model = the_other_mm_goes_away::<Faulty<Loom, ByPointerReadLate>>;
    let seen = failure_of(3, model).expect("nobody pinned it");
    assert!(seen.contains("use after free"), "{seen}");
}

#[test]
fn p10_a_wake_to_the_readers_own_mm_leaves_the_other_asleep_for_ever() {
    let model = the_other_mm_goes_away::<Faulty<Loom, WakesItsOwnMm>>;
    let seen = failure_of(3, model).expect("nobody wakes it");
    assert!(seen.contains("deadlock"), "{seen}");
}
