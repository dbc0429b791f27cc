//! The contract suite on every lock that is made of the machine's words, in every execution of two or three threads.
//!
//! `std-rwlock` and `parking-lot` have words of their own, which loom cannot see: the native runs of the suite have to do.

mod literal_mail;
mod loom_machine;

use bench_core::lock::VmaLock;
use bench_core::rwsem::RwSem;
use literal_mail::LiteralMail;
use lock_variants::adapter::Sequenced;
use lock_variants::atomic_msb::{AtomicMsb, AtomicMsbLockDetached};
use lock_variants::contract::{self, Body, Check};
use lock_variants::mmap_lock::MmapLock;
use lock_variants::null::Null;
use lock_variants::refcount::{Refcount, RefcountPrestamp};
use loom_machine::{Loom, Weakness, check, check_weakened};
use std::panic::{AssertUnwindSafe, catch_unwind};

type Rwsem = Sequenced<Loom, RwSem<Loom>>;

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
fn the_lock_that_excludes_nobody_breaks_every_rule_about_exclusion() {
    for check in contract::checks::<Null<Loom>>() {
        let failed = fails::<Null<Loom>>(check.name, Weakness::None, 2);
        assert_eq!(failed, check.about_exclusion, "{}", check.name);
    }
}

/// The machine forgets one kind of ordering, and a model of the lock notices: none of them is there for nothing, and the
/// models would see it go.
fn each_ordering_is_needed<L: VmaLock<Machine = Loom>>() {
    let needed = [
        (Weakness::RmwAcquire, "reader-excludes-writer"), // R1 with W4: P8
        (Weakness::RmwRelease, "reader-excludes-writer"), // W4 with R1: P2
        (Weakness::RmwRelease, "start-write-drains"),     // end of read with W2: P7
        (Weakness::RmwRelease, "detach-waits"),           // end of read with detach: P12
        (Weakness::LoadAcquire, "reader-excludes-writer"), // R2 with the end of the section: P6
        (Weakness::LoadAcquire, "start-write-drains"),    // W2 with end of read: P7
        (Weakness::StoreRelease, "reader-excludes-writer"), // the end of the section with R2: P6
        (Weakness::StoreRelease, "detach-and-attach"),    // what a VMA is with who finds it: P9
    ];
    for (weakness, name) in needed {
        assert!(
            fails::<L>(name, weakness, 2),
            "{}: {name} holds without {weakness:?}",
            L::INFO.name
        );
    }
}

#[test]
fn refcount_needs_each_of_its_orderings() {
    each_ordering_is_needed::<Refcount<Loom>>();
}

#[test]
fn atomic_msb_needs_each_of_its_orderings() {
    each_ordering_is_needed::<AtomicMsb<Loom>>();
}

/// Without the full barriers the writer and the last reader can miss each other, and the writer sleeps for ever: P19.
#[test]
fn a_wake_is_lost_without_the_full_barriers() {
    assert!(fails::<Refcount<Loom>>(
        "start-write-drains",
        Weakness::Fences,
        2
    ));
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
