//! The contract suite on every lock that is made of the machine's words, in every execution of two or three threads.
//!
//! `std-rwlock` and `parking-lot` have words of their own, which loom cannot see: the native runs of the suite have to do.

mod inverted_by_store;
mod literal_mail;
mod literal_rcuref;
mod loom_machine;

use bench_core::lock::VmaLock;
use bench_core::rwsem::RwSem;
use bench_core::space::Mm;
use inverted_by_store::InvertedByStore;
use literal_mail::LiteralMail;
use literal_rcuref::LiteralRcuref;
use lock_variants::adapter::Sequenced;
use lock_variants::atomic_inverted::AtomicInverted;
use lock_variants::atomic_msb::{AtomicMsb, AtomicMsbLockDetached};
use lock_variants::atomic_signed::AtomicSigned;
use lock_variants::atomic_two_bit::AtomicTwoBit;
use lock_variants::contract::{self, Body, Check};
use lock_variants::mmap_lock::MmapLock;
use lock_variants::null::Null;
use lock_variants::rcuref::Rcuref;
use lock_variants::refcount::{Refcount, RefcountPrestamp};
use loom_machine::{Loom, Weakness, check, check_weakened};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

type Rwsem = Sequenced<Loom, RwSem<Loom>>;
type Signed = Sequenced<Loom, AtomicSigned<Loom>>;
type TwoBit = Sequenced<Loom, AtomicTwoBit<Loom>>;
type Inverted = Sequenced<Loom, AtomicInverted<Loom>>;

/// The first body runs on the thread of the model itself.
fn in_parallel(bodies: Vec<Body>) {
    let mut bodies = bodies.into_iter();
    let first = bodies.next().unwrap();
    let threads: Vec<_> = bodies.map(loom::thread::spawn).collect();
    first();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn find<L: VmaLock<Machine = Loom>>(name: &str) -> Check {
    let check = contract::checks::<L>()
        .into_iter()
        .find(|check| check.name == name);
    check.unwrap_or_else(|| panic!("no check {name}"))
}

/// The model of a check: panics when the lock breaks the rule.
fn model(check: Check) -> impl Fn() + Send + Sync + 'static {
    move || {
        if let Err(broken) = check.run(1, in_parallel) {
            panic!("{broken}");
        }
    }
}

/// Runs a check in every execution with `preemptions` preemptions.
fn holds<L: VmaLock<Machine = Loom>>(name: &str, preemptions: usize) {
    check(preemptions, model(find::<L>(name)));
}

/// Whether some execution breaks the rule, or hangs.
fn fails<L: VmaLock<Machine = Loom>>(name: &str, weakness: Weakness, preemptions: usize) -> bool {
    let model = model(find::<L>(name));
    catch_unwind(AssertUnwindSafe(|| {
        check_weakened(weakness, preemptions, model)
    }))
    .is_err()
}

/// All checks. Three preemptions are what it takes for a reader to leave between the two steps of a detach; the two largest
/// models get two.
fn all_hold<L: VmaLock<Machine = Loom>>() {
    for check in contract::checks::<L>() {
        let large = ["start-write-drains", "recycled-in-parallel"].contains(&check.name);
        holds::<L>(check.name, if large { 2 } else { 3 });
    }
}

#[test]
fn mmap_lock() {
    all_hold::<MmapLock<Loom>>();
}

#[test]
fn rwsem() {
    all_hold::<Rwsem>();
}

#[test]
fn atomic_signed() {
    all_hold::<Signed>();
}

#[test]
fn atomic_two_bit() {
    all_hold::<TwoBit>();
}

#[test]
fn atomic_inverted() {
    all_hold::<Inverted>();
}

#[test]
fn atomic_msb() {
    all_hold::<AtomicMsb<Loom>>();
}

#[test]
fn atomic_msb_lock_detached() {
    all_hold::<AtomicMsbLockDetached<Loom>>();
}

#[test]
fn refcount() {
    all_hold::<Refcount<Loom>>();
}

#[test]
fn refcount_prestamp() {
    all_hold::<RefcountPrestamp<Loom>>();
}

#[test]
fn rcuref() {
    all_hold::<Rcuref<Loom>>();
}

#[test]
fn the_lock_that_excludes_nobody_breaks_every_rule_about_exclusion() {
    for check in contract::checks::<Null<Loom>>() {
        let failed = fails::<Null<Loom>>(check.name, Weakness::None, 2);
        assert_eq!(failed, check.about_exclusion, "{}", check.name);
    }
}

/// What a lock whose writer loads its count until it may go on needs, and where.
const COUNTED: &[(Weakness, &str)] = &[
    (Weakness::RmwAcquire, "reader-excludes-writer"), // R1 with W4: P8
    (Weakness::RmwRelease, "reader-excludes-writer"), // W4 with R1: P2
    (Weakness::RmwRelease, "start-write-drains"),     // end of read with W2: P7
    (Weakness::RmwRelease, "detach-waits"),           // end of read with detach: P12
    (Weakness::LoadAcquire, "reader-excludes-writer"), // R2 with the end of the section: P6
    (Weakness::LoadAcquire, "start-write-drains"),    // W2 with end of read: P7
    (Weakness::StoreRelease, "reader-excludes-writer"), // the end of the section with R2: P6
    (Weakness::StoreRelease, "detach-and-attach"),    // what a VMA is with who finds it: P9
];

/// What a lock whose writer exchanges its count, and leaves it by a store, needs.
const EXCHANGED: &[(Weakness, &str)] = &[
    (Weakness::RmwAcquire, "reader-excludes-writer"), // R1 with W3: P8
    (Weakness::RmwAcquire, "start-write-drains"),     // W1 with end of read: P7
    (Weakness::RmwAcquire, "detach-waits"),           // W1 with end of read: P12
    (Weakness::RmwRelease, "start-write-drains"),     // end of read with W1: P7
    (Weakness::RmwRelease, "detach-waits"),           // end of read with W1: P12
    (Weakness::LoadAcquire, "reader-excludes-writer"), // R2 with the end of the section: P6
    (Weakness::StoreRelease, "reader-excludes-writer"), // W3 with R1, the end of the section with R2: P6
    (Weakness::StoreRelease, "detach-and-attach"),      // what a VMA is with who finds it: P9
];

/// The last reader leaves while the writer begins to wait for it.
fn last_reader_and_writer<L: VmaLock<Machine = Loom>>() {
    let (mm, vma) = (Arc::new(Mm::<L>::new()), Arc::new(L::new_vma()));
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    mm.lock().attach(&vma, guard.section());
    drop(guard);
    let token = mm.lock().start_read(&vma, 0).ok().unwrap();
    let (its_mm, its_vma) = (Arc::clone(&mm), Arc::clone(&vma));
    let writer = loom::thread::spawn(move || {
        // A writer that sleeps for ever ends with a panic of loom, which has no words left for the guard to unlock.
        let guard = ManuallyDrop::new(its_mm.write_lock());
        its_mm
            .lock()
            .start_write(&its_vma, guard.section())
            .unwrap();
        drop(ManuallyDrop::into_inner(guard));
    });
    let _ = mm.lock().end_read(&vma, token);
    writer.join().unwrap();
}

/// The machine forgets one kind of ordering, and a model of the lock notices: none of them is there for nothing, and the
/// models would see it go.
fn each_ordering_is_needed<L: VmaLock<Machine = Loom>>(needed: &[(Weakness, &str)]) {
    for (weakness, name) in needed {
        assert!(
            fails::<L>(name, *weakness, 2),
            "{}: {name} holds without {weakness:?}",
            L::INFO.name
        );
    }
    // Without the full barriers the writer and the last reader can miss each other, and the writer sleeps for ever: P19.
    check(2, last_reader_and_writer::<L>);
    let sleeps_for_ever =
        catch_unwind(|| check_weakened(Weakness::Fences, 2, last_reader_and_writer::<L>)).is_err();
    assert!(sleeps_for_ever, "{}: no wake is lost", L::INFO.name);
}

#[test]
fn refcount_needs_each_of_its_orderings() {
    each_ordering_is_needed::<Refcount<Loom>>(COUNTED);
}

#[test]
fn atomic_msb_needs_each_of_its_orderings() {
    each_ordering_is_needed::<AtomicMsb<Loom>>(COUNTED);
}

#[test]
fn rcuref_needs_each_of_its_orderings() {
    each_ordering_is_needed::<Rcuref<Loom>>(COUNTED);
}

#[test]
fn atomic_inverted_needs_each_of_its_orderings() {
    each_ordering_is_needed::<Inverted>(COUNTED);
}

#[test]
fn atomic_signed_needs_each_of_its_orderings() {
    each_ordering_is_needed::<Signed>(EXCHANGED);
}

#[test]
fn atomic_two_bit_needs_each_of_its_orderings() {
    each_ordering_is_needed::<TwoBit>(EXCHANGED);
}

/// Two readers that found the VMA before it was detached stack on its 0.
#[test]
fn the_letter_of_the_mail_lets_stale_readers_into_a_detached_vma() {
    assert!(fails::<LiteralMail<Loom>>(
        "stale-readers",
        Weakness::None,
        2
    ));
}

/// A stale reader that comes to it late kills the VMA that was attached meanwhile.
#[test]
fn the_letter_of_rcuref_lets_a_stale_reader_kill_a_recycled_vma() {
    assert!(fails::<LiteralRcuref<Loom>>(
        "stale-readers-leave-no-trace",
        Weakness::None,
        2
    ));
}

/// The writer's store loses a reader that is about to back off.
#[test]
fn an_inverted_count_is_not_freed_by_a_store() {
    assert!(fails::<Sequenced<Loom, InvertedByStore<Loom>>>(
        "stale-readers-leave-no-trace",
        Weakness::None,
        2
    ));
}
