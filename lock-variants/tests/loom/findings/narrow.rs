//! Words so narrow that a model comes to their ends: sequence numbers of two bits (P4), a count that is full with two readers
//! (P18). docs/findings.md says what P4 would mean for the kernel.

use crate::machine::fault::{Fault, Planted, Seen, Site, plant};
use crate::machine::{Loom, U32, check, hold};
use crate::models::map;
use bench_core::lock::{LockFacts, VmaLock};
use bench_core::machine::Word;
use bench_core::rwsem::RwSem;
use bench_core::space::Mm;
use lock_variants::adapter::{Design, Sequenced};
use lock_variants::rcuwait::NoSpin;
use lock_variants::refcount::{Form, OFFSET, Refcount, TryCount};
use lock_variants::refcount_t::Saturating;
use lock_variants::sequence::{Bits, Bits64, EqualTwice, OddInside, PlusOne, Step, Width};
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

const FACTS: LockFacts = LockFacts {
    name: "narrow",
    summary: "with a word that comes to its end",
    source: "these tests",
    excludes: true,
};

/// `refcount` with numbers of another width.
#[derive(Debug)]
struct Numbers<W>(PhantomData<fn() -> W>);

impl<W: Width> Form for Numbers<W> {
    const INFO: LockFacts = FACTS;
    type Spin = NoSpin;
    type Width = W;
    type Checks = Saturating;
    type NewVma = TryCount;
}

/// A design around the rwsem, whose numbers step so and are so wide.
#[derive(Debug)]
struct Around<S, W>(PhantomData<fn() -> (S, W)>);

impl<S: Step, W: Width> Design<RwSem<Loom>> for Around<S, W> {
    const INFO: LockFacts = FACTS;
    type Step = S;
    type Looks = EqualTwice;
    type Width = W;
}

type Merged<W> = Refcount<Loom, Numbers<W>>;
type OfRwsem<S, W> = Sequenced<Loom, RwSem<Loom>, Around<S, W>>;

/// A VMA, `sections` write sections after the one that it was stamped in: a reader comes in during the last of them or before, and
/// a writer write-locks the VMA in the next one.
fn untouched_for<L: VmaLock<Machine = Loom>>(sections: u32, takes_shortcut: bool) {
    let shared = Arc::new((Mm::<L>::new(), L::new_vma(), U32::new(0)));
    let (mm, vma, inside) = &*shared;
    map(mm, vma);
    for _ in 2..sections {
        drop(mm.write_lock());
    }
    let its = Arc::clone(&shared);
    let reader = loom::thread::spawn(move || {
        let (mm, vma, inside) = &*its;
        if let Ok(token) = mm.lock().start_read(vma, 0x1000) {
            inside.store(1, Relaxed);
            inside.store(0, Relaxed);
            let _ = mm.lock().end_read(vma, token);
        }
    });
    drop(mm.write_lock());
    let guard = mm.write_lock();
    // Nobody but a writer comes by the place of the fault.
    let removal = (!takes_shortcut).then(|| plant(NO_SHORTCUT));
    mm.lock().start_write(vma, guard.section()).unwrap();
    drop(removal);
    let left_inside = inside.load(Relaxed);
    drop(guard);
    reader.join().unwrap();
    assert_eq!(left_inside, 0, "start_write left a reader inside");
}

/// The writer's look whether it has stamped the VMA already (W0) sees another number than there is.
const NO_SHORTCUT: Planted = Planted {
    site: Site {
        file: "sequence.rs",
        function: "is_stamped",
        operation: "load",
        nth: 0,
    },
    fault: Fault::Sees(Seen::With(0x8000_0000)),
};

fn holds<L: VmaLock<Machine = Loom>>(sections: u32) {
    check(2, move || untouched_for::<L>(sections, true));
}

#[test]
#[should_panic(expected = "start_write left a reader inside")]
fn refcount_trusts_a_number_of_a_whole_period_ago() {
    holds::<Merged<Bits<2>>>(4);
}

#[test]
#[should_panic(expected = "start_write left a reader inside")]
fn a_design_around_a_rwsem_trusts_a_number_of_a_whole_period_ago() {
    holds::<OfRwsem<PlusOne, Bits<2>>>(4);
}

/// Two steps a section: the period is half as long.
#[test]
#[should_panic(expected = "start_write left a reader inside")]
fn a_sequence_count_comes_back_after_half_as_many_sections() {
    holds::<OfRwsem<OddInside, Bits<2>>>(2);
}

#[test]
fn a_writer_drains_one_section_before_the_period_and_one_after() {
    for sections in [3, 5] {
        holds::<Merged<Bits<2>>>(sections);
        holds::<OfRwsem<PlusOne, Bits<2>>>(sections);
        holds::<OfRwsem<OddInside, Bits<2>>>(sections);
    }
}

#[test]
fn a_writer_drains_where_numbers_are_wider() {
    holds::<Merged<Bits<3>>>(4);
    holds::<Merged<Bits64>>(4);
    holds::<OfRwsem<PlusOne, Bits<3>>>(4);
    holds::<OfRwsem<OddInside, Bits<3>>>(2);
}

#[test]
fn a_writer_that_takes_no_shortcut_drains() {
    check(2, || untouched_for::<Merged<Bits<2>>>(4, false));
    check(2, || untouched_for::<OfRwsem<PlusOne, Bits<2>>>(4, false));
    check(2, || untouched_for::<OfRwsem<OddInside, Bits<2>>>(2, false));
}

/// `refcount` with room for two readers.
#[derive(Debug)]
struct TwoReaders;

const FULL: u32 = 3;

impl Form for TwoReaders {
    const INFO: LockFacts = FACTS;
    const LIMIT: u32 = FULL;
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = TryCount;
}

/// The same with nothing that tells readers that it is full.
#[derive(Debug)]
struct NoLimit;

impl Form for NoLimit {
    const INFO: LockFacts = FACTS;
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = TryCount;
}

/// The same with readers that count up first and then look whether it was full.
#[derive(Debug)]
struct LooksAfterwards;

impl Form for LooksAfterwards {
    const INFO: LockFacts = FACTS;
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = TryCount;

    fn backs_off(old: u32) -> bool {
        old >= FULL
    }
}

/// A count that the table of `refcount` does not have, for a limit of [`FULL`].
fn not_in_the_table<L: VmaLock<Machine = Loom>>(mm: &Mm<L>, vma: &L::Vma) -> Option<String> {
    let described = mm.lock().describe(vma);
    let (_, count) = described.split_once("vm_refcnt=0x")?;
    let (count, _) = count.split_once(' ')?;
    let count = u32::from_str_radix(count, 16).unwrap();
    let is_in_it = count <= FULL || (OFFSET..=OFFSET + FULL).contains(&count);
    (!is_in_it).then_some(described)
}

/// Tries to hold the VMA twice at once; returns the first bad count that it saw.
fn reads_twice<L: VmaLock<Machine = Loom>>(mm: &Mm<L>, vma: &L::Vma) -> Option<String> {
    let tokens = [(); 2].map(|()| mm.lock().start_read(vma, 0x1000));
    let mut bad = not_in_the_table(mm, vma);
    for token in tokens.into_iter().flatten() {
        let _ = mm.lock().end_read(vma, token);
        bad = bad.or_else(|| not_in_the_table(mm, vma));
    }
    bad
}

/// Two threads try four reads at once on a count for two, and then one of them writes.
fn more_than_fit<F: Form>() {
    let shared = Arc::new((
        Mm::<Refcount<Loom, F>>::new(),
        Refcount::<Loom, F>::new_vma(),
    ));
    let (mm, vma) = &*shared;
    let guard = mm.write_lock();
    mm.lock().start_write(vma, guard.section()).unwrap();
    mm.lock().attach(vma, guard.section());
    drop(guard);
    let its = Arc::clone(&shared);
    let other = loom::thread::spawn(move || reads_twice(&its.0, &its.1));
    let bad = reads_twice(mm, vma);
    let guard = mm.write_lock();
    mm.lock().start_write(vma, guard.section()).unwrap();
    let bad = bad.or_else(|| not_in_the_table(mm, vma));
    drop(guard);
    let others = other.join().unwrap();
    if let Some(bad) = bad.or(others) {
        panic!("not in the table: {bad}");
    }
    let idle = "vm_refcnt=0x1 (attached, no reader)";
    assert!(
        mm.lock().describe(vma).starts_with(idle),
        "a count was lost"
    );
}

#[test]
fn a_full_count_declines_readers_and_stays_in_the_table() {
    hold(3, more_than_fit::<TwoReaders>);
}

#[test]
#[should_panic(expected = "not in the table")]
fn a_count_without_a_limit_leaves_the_table() {
    check(2, more_than_fit::<NoLimit>);
}

#[test]
#[should_panic(expected = "not in the table")]
fn a_count_that_tests_its_limit_afterwards_leaves_the_table() {
    check(2, more_than_fit::<LooksAfterwards>);
}
