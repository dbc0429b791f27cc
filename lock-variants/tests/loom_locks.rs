//! The contract suite on every lock that is made of the machine's words, in every execution of two or three threads.
//!
//! `std-rwlock` and `parking-lot` have words of their own, which loom cannot see: the native runs of the suite have to do.

mod faulty_forms;
mod faulty_speculative;
mod inverted_by_store;
mod literal_mail;
mod literal_rcuref;
mod loom_machine;

use bench_core::lock::{ReadEnd, VmaLock};
use bench_core::machine::{Machine, Word};
use bench_core::space::Mm;
use faulty_forms::{BitAlone, NeitherTest, RelaxedBegin, SnapshotAsProposed, SnapshotInNoOrder};
use inverted_by_store::InvertedByStore;
use literal_mail::LiteralMail;
use literal_rcuref::LiteralRcuref;
use lock_variants::adapter::Sequenced;
use lock_variants::atomic_inverted::AtomicInverted;
use lock_variants::atomic_msb::{AtomicMsb, AtomicMsbCmpxchg};
use lock_variants::atomic_signed::AtomicSigned;
use lock_variants::atomic_two_bit::AtomicTwoBit;
use lock_variants::catalogue::{Visitor, visit_all};
use lock_variants::contract::{self, Body, Check};
use lock_variants::null::Null;
use lock_variants::rcuref::Rcuref;
use lock_variants::refcount::Refcount;
use lock_variants::refcount::lock_detached::RefcountLockDetached;
use lock_variants::refcount::spin::RefcountSpin;
use lock_variants::refcount::v6::RefcountV6;
use lock_variants::rwsem_seqcount::RwsemSeqcount;
use lock_variants::rwsem_snapshot::RwsemSnapshot;
use loom_machine::{Loom, Weakness, check, check_weakened};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

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

/// The lock of the catalogue that has this name.
fn lock_holds(name: &str) {
    struct Named<'a>(&'a str, bool);
    impl Visitor<Loom> for Named<'_> {
        fn visit<L: VmaLock<Machine = Loom>>(&mut self) {
            if L::INFO.name == self.0 {
                all_hold::<L>();
                self.1 = true;
            }
        }
    }
    let mut named = Named(name, false);
    visit_all(&mut named);
    assert!(named.1, "no lock is called {name}");
}

/// Every lock of the catalogue whose words are the machine's. Each is a test of its own below, so that they run at once.
const MODELLED: [&str; 25] = [
    "mmap-lock",
    "rwsem",
    "rwsem-seqcount",
    "rwsem-snapshot",
    "atomic-signed",
    "atomic-two-bit",
    "atomic-inverted",
    "atomic-msb",
    "atomic-msb-lock-detached",
    "atomic-msb-cmpxchg",
    "refcount",
    "refcount-spin",
    "refcount-v6",
    "refcount-prestamp",
    "refcount-6.17",
    "refcount-lock-detached",
    "refcount-stamp-new",
    "refcount-plain",
    "refcount-seq64",
    "refcount-own-line",
    "refcount-packed-16",
    "refcount-packed-40",
    "refcount-object",
    "rcuref",
    "speculative",
];

#[test]
fn no_lock_is_forgotten() {
    struct Names(Vec<&'static str>);
    impl Visitor<Loom> for Names {
        fn visit<L: VmaLock<Machine = Loom>>(&mut self) {
            self.0.push(L::INFO.name);
        }
    }
    let mut names = Names(Vec::new());
    visit_all(&mut names);
    let others = ["null", "std-rwlock", "parking-lot"];
    names.0.retain(|name| !others.contains(name));
    assert_eq!(names.0, MODELLED);
}

#[test]
fn mmap_lock() {
    lock_holds("mmap-lock");
}

#[test]
fn rwsem() {
    lock_holds("rwsem");
}

#[test]
fn rwsem_seqcount() {
    lock_holds("rwsem-seqcount");
}

#[test]
fn rwsem_snapshot() {
    lock_holds("rwsem-snapshot");
}

#[test]
fn atomic_msb() {
    lock_holds("atomic-msb");
}

#[test]
fn atomic_msb_lock_detached() {
    lock_holds("atomic-msb-lock-detached");
}

#[test]
fn atomic_msb_cmpxchg() {
    lock_holds("atomic-msb-cmpxchg");
}

#[test]
fn refcount() {
    lock_holds("refcount");
}

#[test]
fn refcount_spin() {
    lock_holds("refcount-spin");
}

#[test]
fn refcount_v6() {
    lock_holds("refcount-v6");
}

#[test]
fn refcount_prestamp() {
    lock_holds("refcount-prestamp");
}

#[test]
fn refcount_6_17() {
    lock_holds("refcount-6.17");
}

#[test]
fn refcount_lock_detached() {
    lock_holds("refcount-lock-detached");
}

#[test]
fn refcount_stamp_new() {
    lock_holds("refcount-stamp-new");
}

#[test]
fn refcount_plain() {
    lock_holds("refcount-plain");
}

#[test]
fn refcount_seq64() {
    lock_holds("refcount-seq64");
}

#[test]
fn refcount_own_line() {
    lock_holds("refcount-own-line");
}

#[test]
fn refcount_packed_16() {
    lock_holds("refcount-packed-16");
}

#[test]
fn refcount_packed_40() {
    lock_holds("refcount-packed-40");
}

#[test]
fn refcount_object() {
    lock_holds("refcount-object");
}

#[test]
fn atomic_signed() {
    lock_holds("atomic-signed");
}

#[test]
fn atomic_two_bit() {
    lock_holds("atomic-two-bit");
}

#[test]
fn atomic_inverted() {
    lock_holds("atomic-inverted");
}

#[test]
fn rcuref() {
    lock_holds("rcuref");
}

#[test]
fn speculative() {
    lock_holds("speculative");
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
    needs::<L>(needed);
    // Without the full barriers the writer and the last reader can miss each other, and the writer sleeps for ever: P19.
    check(2, last_reader_and_writer::<L>);
    let sleeps_for_ever =
        catch_unwind(|| check_weakened(Weakness::Fences, 2, last_reader_and_writer::<L>)).is_err();
    assert!(sleeps_for_ever, "{}: no wake is lost", L::INFO.name);
}

/// The same for the designs around a rw_semaphore, whose drain is one read-modify-write.
fn each_ordering_around_a_rwsem_is_needed<L: VmaLock<Machine = Loom>>() {
    needs::<L>(&[
        (Weakness::RmwAcquire, "reader-excludes-writer"), // R1 with W3
        (Weakness::RmwRelease, "reader-excludes-writer"), // W3 with R1
        (Weakness::RmwAcquire, "start-write-drains"),     // W1 with end of read: P7
        (Weakness::RmwRelease, "start-write-drains"),     // end of read with W1: P7
        (Weakness::LoadAcquire, "reader-excludes-writer"), // the mm's number with the end of the section: P6
        (Weakness::StoreRelease, "reader-excludes-writer"), // the end of the section with the mm's number: P6
        (Weakness::StoreRelease, "detach-and-attach"),      // what a VMA is with who finds it: P9
    ]);
}

fn needs<L: VmaLock<Machine = Loom>>(needed: &[(Weakness, &str)]) {
    for (weakness, name) in needed {
        assert!(
            fails::<L>(name, *weakness, 2),
            "{}: {name} holds without {weakness:?}",
            L::INFO.name
        );
    }
}

#[test]
fn refcount_needs_each_of_its_orderings() {
    each_ordering_is_needed::<Refcount<Loom>>(COUNTED);
}

#[test]
fn refcount_spin_needs_each_of_its_orderings() {
    each_ordering_is_needed::<RefcountSpin<Loom>>(COUNTED);
}

#[test]
fn refcount_v6_needs_each_of_its_orderings() {
    each_ordering_is_needed::<RefcountV6<Loom>>(COUNTED);
}

#[test]
fn rwsem_seqcount_needs_each_of_its_orderings() {
    each_ordering_around_a_rwsem_is_needed::<RwsemSeqcount<Loom>>();
    // End of read with detach: P12. In `rwsem-snapshot` the reader of that model is declined: the number is ahead of its mm's.
    needs::<RwsemSeqcount<Loom>>(&[(Weakness::RmwRelease, "detach-waits")]);
}

#[test]
fn rwsem_snapshot_needs_each_of_its_orderings() {
    each_ordering_around_a_rwsem_is_needed::<RwsemSnapshot<Loom>>();
}

#[test]
fn atomic_msb_needs_each_of_its_orderings() {
    each_ordering_is_needed::<AtomicMsb<Loom>>(COUNTED);
}

#[test]
fn atomic_msb_cmpxchg_needs_each_of_its_orderings() {
    each_ordering_is_needed::<AtomicMsbCmpxchg<Loom>>(COUNTED);
}

#[test]
fn refcount_lock_detached_needs_each_of_its_orderings() {
    each_ordering_is_needed::<RefcountLockDetached<Loom>>(COUNTED);
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

/// A reader sees the odd number of the next section and nothing of what the section before wrote.
#[test]
fn a_sequence_count_has_to_begin_with_release() {
    assert!(fails::<RelaxedBegin>(
        "recycled-in-parallel",
        Weakness::None,
        2
    ));
}

/// An mm maps a VMA in the section whose number another mm had stamped the VMA with, and a reader has read the mm's number
/// before it came to that. Such a VMA is not stamped again, so that its number does not change.
fn recycled_into_its_number<L: VmaLock<Machine = Loom>>() {
    let (first, second) = (Mm::<L>::new(), Mm::<L>::new());
    let vma = L::new_vma();
    let guard = first.write_lock();
    assert!(first.lock().start_write(&vma, guard.section()).is_ok());
    first.lock().attach(&vma, guard.section());
    drop(guard);
    let guard = first.write_lock();
    assert!(first.lock().start_write(&vma, guard.section()).is_ok());
    first.lock().detach(&vma, guard.section());
    drop(guard);
    let half_written = <Loom as Machine>::U32::new(0);
    let shared = Arc::new((second, vma, half_written));
    let reader = Arc::clone(&shared);
    let reader = loom::thread::spawn(move || {
        let (mm, vma, half_written) = &*reader;
        if let Ok(token) = mm.lock().start_read(vma, 0x1000) {
            let half = half_written.load(Relaxed);
            if mm.lock().end_read(vma, token) == ReadEnd::Committed {
                assert_eq!(half, 0, "a reader was in a VMA that is write-locked");
            }
        }
    });
    let (mm, vma, half_written) = &*shared;
    drop(mm.write_lock());
    let guard = mm.write_lock();
    assert!(mm.lock().start_write(vma, guard.section()).is_ok());
    mm.lock().attach(vma, guard.section());
    half_written.store(1, Relaxed);
    half_written.store(0, Relaxed);
    drop(guard);
    reader.join().unwrap();
}

#[test]
fn a_vma_recycled_into_its_number_is_locked() {
    struct Modelled;
    impl Visitor<Loom> for Modelled {
        fn visit<L: VmaLock<Machine = Loom>>(&mut self) {
            if MODELLED.contains(&L::INFO.name) {
                check(2, recycled_into_its_number::<L>);
            }
        }
    }
    visit_all(&mut Modelled);
}

/// "Not equal" before and "unchanged" after are enough while a VMA stays with one mm and all loads are in order, and not
/// when it is recycled.
#[test]
fn a_snapshot_as_proposed_breaks_when_a_vma_is_recycled() {
    for name in ["reader-excludes-writer", "detach-and-attach"] {
        holds::<SnapshotAsProposed>(name, 3);
    }
    let model = || check(2, recycled_into_its_number::<SnapshotAsProposed>);
    assert!(catch_unwind(model).is_err());
}

#[test]
fn a_snapshot_as_proposed_breaks_when_its_loads_are_in_no_order() {
    let name = "detach-and-attach";
    assert!(fails::<SnapshotInNoOrder>(name, Weakness::None, 2));
}

/// With a limit above the writer's bit, the test of the bit alone keeps readers out of a write-locked VMA; so does the
/// limit alone in `refcount`. With neither nobody does.
#[test]
fn the_limit_or_the_test_of_the_bit_is_needed() {
    for name in ["reader-excludes-writer", "start-write-drains"] {
        holds::<BitAlone>(name, 2);
    }
    let name = "reader-excludes-writer";
    assert!(fails::<NeitherTest>(name, Weakness::None, 2));
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
