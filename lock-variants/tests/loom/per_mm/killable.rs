//! A fatal signal while a writer waits for readers: P3, P19 and P22 of `kernel-locks.md`.

use super::faulty::{Choices, Faulty};
use super::{failure_of, find, keeps, keeps_every_rule, mapped};
use crate::machine::fault::{Fault, Half, Planted, Site};
use crate::machine::{Loom, check_with, hold};
use crate::models::written_and_locked_again;
use bench_core::lock::{Interrupted, VmaLock};
use bench_core::machine::{Machine, Solo, Word};
use lock_variants::refcount::per_mm::Refcount619;
use std::mem::ManuallyDrop;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// All choices as in the measured text.
#[derive(Debug)]
struct Right;
impl Choices for Right {}

/// P3, its second half.
#[derive(Debug)]
struct StampsBeforeKillableDrain;
impl Choices for StampsBeforeKillableDrain {
    const STAMPS_FIRST: bool = true;
}

/// P3, its first half.
#[derive(Debug)]
struct StampsBeforeUnkillableDrain;
impl Choices for StampsBeforeUnkillableDrain {
    const KILLABLE: bool = false;
    const STAMPS_FIRST: bool = true;
}

/// P3, its first half, mended.
#[derive(Debug)]
struct StampsInOrderBeforeUnkillableDrain;
impl Choices for StampsInOrderBeforeUnkillableDrain {
    const KILLABLE: bool = false;
    const STAMPS_FIRST: bool = true;
    const ORDERS_STAMP: bool = true;
}

/// P22.
#[derive(Debug)]
struct LeaksBit;
impl Choices for LeaksBit {
    const TAKES_BACK: u32 = 0;
}

/// P22.
#[derive(Debug)]
struct TakesBitBackTwice;
impl Choices for TakesBitBackTwice {
    const TAKES_BACK: u32 = 2;
}

/// The rule of the contract that needs one thread, on a machine that panics where it would sleep.
fn no_trace<L: VmaLock<Machine = Solo>>() -> Result<(), String> {
    let check = find::<L>("interrupted-writer-leaves-no-trace");
    check.run(1, |_| ()).map_err(|broken| broken.seen)
}

/// A reader is inside when the writer comes. It leaves, and the writer is killed, each whenever it likes. The writer is interrupted or has
/// the VMA; once the signal is forgotten it gets it in the same section; and afterwards all is as before.
fn killed_at_any_moment<L>()
where
    L: for<'vma> VmaLock<Machine = Loom, Token<'vma> = ()>,
{
    let (mm, vma) = mapped::<L>();
    mm.lock().start_read(&vma, 0).unwrap();
    let inside = <Loom as Machine>::U32::new(1);
    let shared = Arc::new((mm, vma, inside));
    let writer = Loom::current();
    let killer = loom::thread::spawn(move || Loom::task(writer).kill());
    let its = Arc::clone(&shared);
    let reader = loom::thread::spawn(move || {
        its.2.store(0, Relaxed);
        let _ = its.0.lock().end_read(&its.1, ());
    });

    let (mm, vma, inside) = &*shared;
    // A writer that sleeps for ever ends with a panic of loom, which has no words left for the guard to unlock.
    let guard = ManuallyDrop::new(mm.write_lock());
    if mm.lock().start_write(vma, guard.section()).is_err() {
        Loom::task(writer).clear_killed();
        let again = mm.lock().start_write(vma, guard.section());
        assert_eq!(again, Ok(()), "interrupted twice by one signal");
    }
    assert_eq!(inside.load(Relaxed), 0, "a reader and a writer are inside");
    drop(ManuallyDrop::into_inner(guard));
    reader.join().unwrap();
    killer.join().unwrap();
    Loom::task(writer).clear_killed();
    assert_eq!(mm.lock().start_read(vma, 0), Ok(()), "readers come back");
    let _ = mm.lock().end_read(vma, ());
    let guard = ManuallyDrop::new(mm.write_lock());
    mm.lock().start_write(vma, guard.section()).unwrap();
    mm.lock().detach(vma, guard.section());
    drop(ManuallyDrop::into_inner(guard));
}

/// The reader does not leave before the writer is back: only the signal can end its wait.
fn killed_while_a_reader_stays<L>()
where
    L: for<'vma> VmaLock<Machine = Loom, Token<'vma> = ()>,
{
    let (mm, vma) = mapped::<L>();
    mm.lock().start_read(&vma, 0).unwrap();
    let writer = Loom::current();
    let killer = loom::thread::spawn(move || Loom::task(writer).kill());
    let guard = ManuallyDrop::new(mm.write_lock());
    let ended = mm.lock().start_write(&vma, guard.section());
    assert_eq!(ended, Err(Interrupted), "a reader is inside");
    drop(ManuallyDrop::into_inner(guard));
    killer.join().unwrap();
    let _ = mm.lock().end_read(&vma, ());
}

#[test]
fn a_writer_may_be_killed_at_any_moment() {
    hold(3, killed_at_any_moment::<Refcount619<Loom>>);
    hold(3, killed_at_any_moment::<Faulty<Loom, Right>>);
}

/// P19 for signals: the barriers of `prepare` and `unpark` are needed, and enough.
#[test]
fn a_kill_is_not_lost() {
    let model = killed_while_a_reader_stays::<Refcount619<Loom>>;
    hold(3, model);
    let site = Site {
        file: "rcuwait.rs",
        function: "wait",
        operation: "prepare",
        nth: 0,
    };
    let fault = Fault::Lacks(Half::Full);
    let weakened = || check_with(Planted { site, fault }, 3, model);
    let sleeps_for_ever = catch_unwind(weakened).is_err();
    assert!(sleeps_for_ever, "without a full barrier in prepare");
}

#[test]
fn the_form_with_every_choice_right_keeps_every_rule() {
    keeps_every_rule::<Faulty<Loom, Right>>();
}

/// P3, first half: while no signal ends the wait, the writer waits all the same, and a reader that might have stayed is turned away. That is
/// all when a reader that sees a number sees what was written before it, as it does where memory is sequentially consistent.
#[test]
fn p3_a_stamp_before_an_unkillable_drain_is_safe_when_it_is_ordered() {
    type Lock<M> = Faulty<M, StampsInOrderBeforeUnkillableDrain>;
    keeps_every_rule::<Lock<Loom>>();
    hold(2, written_and_locked_again::<Lock<Loom>>);
}

/// P3, first half, with the number Relaxed as it is: a reader that was counted in one section, and whose first look at the mm's number is
/// of that section, finds the stamp of the next on the VMA. The numbers differ, and nothing has told it of the end of its section. After
/// the drain no reader is left that could see a stamp too early, which is why the number may be Relaxed.
#[test]
fn p3_a_stamp_before_an_unkillable_drain_is_not_safe_in_weak_memory() {
    type Lock<M> = Faulty<M, StampsBeforeUnkillableDrain>;
    let model = written_and_locked_again::<Lock<Loom>>;
    let seen = failure_of(2, model).expect("a read that is too old");
    assert!(seen.contains("half of what was written"), "{seen}");
}

/// P3, second half: the number stays on the VMA, the next `start_write` of the section takes it for done (W0), and the reader is inside
/// still.
#[test]
fn p3_a_stamp_before_a_killable_drain_lets_a_writer_in_beside_a_reader() {
    type Lock<M> = Faulty<M, StampsBeforeKillableDrain>;
    let seen = failure_of(2, killed_at_any_moment::<Lock<Loom>>).expect("an overlap");
    assert!(seen.contains("a reader and a writer are inside"), "{seen}");
    let seen = no_trace::<Lock<Solo>>().expect_err("a number left behind");
    assert!(
        seen.contains("a read after its writer was interrupted ended with"),
        "{seen}"
    );
    let while_leaving = find::<Lock<Loom>>("killed-while-a-reader-leaves");
    assert!(failure_of(2, move || keeps(while_leaving)).is_some());
}

/// P22: readers are declined, and who waits for the VMA waits for ever.
#[test]
fn p22_a_bit_that_a_killed_writer_leaves_behind_blocks_readers_and_writers() {
    type Lock<M> = Faulty<M, LeaksBit>;
    let seen = no_trace::<Lock<Solo>>().expect_err("a bit left behind");
    assert!(seen.contains("vm_refcnt=0x40000002"), "{seen}");
    let seen = failure_of(2, killed_at_any_moment::<Lock<Loom>>).expect("nobody wakes the writer");
    assert!(seen.contains("deadlock"), "{seen}");
}

/// P22: the count goes below 0 and saturates, and the VMA is never unmapped.
#[test]
fn p22_a_bit_that_a_killed_writer_takes_back_twice_destroys_the_count() {
    type Lock<M> = Faulty<M, TakesBitBackTwice>;
    let seen = catch_unwind(no_trace::<Lock<Solo>>).expect_err("a count that is no more");
    let seen = seen.downcast_ref::<&str>().unwrap();
    assert!(seen.contains("went to sleep"), "{seen}");
    let seen = failure_of(2, killed_at_any_moment::<Lock<Loom>>).expect("nobody wakes the writer");
    assert!(seen.contains("deadlock"), "{seen}");
}
