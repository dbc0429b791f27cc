//! `range-lock` around the same table with one step made wrong: each breaks a rule.

use crate::machine::{Loom, check, hold};
use crate::models::in_parallel;
use crate::models::map;
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use bench_core::space::{Mm, PAGE_BYTES};
use lock_variants::contract::{self, Check};
use lock_variants::range_lock::{RangeLock, Ranges};
use lock_variants::rcuwait::Rcuwait;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What is left of the lock.
trait Form: Debug + Send + Sync + 'static {
    /// Whether the writer locks the last page of the VMA.
    const LOCKS_LAST_PAGE: bool = true;
    /// Whether the range is held until the section ends, and not only until its readers are gone.
    const HOLDS_TO_THE_END: bool = true;
    /// Whether the last reader wakes the writer.
    const WAKES: bool = true;
    /// Whether the writer waits for readers.
    const WAITS: bool = true;
    /// Whether a reader checks whose the VMA is.
    const CHECKS_OWNER: bool = true;
}

#[derive(Debug)]
struct Faulty<F> {
    number: u64,
    writer: Rcuwait<Loom>,
    ranges: Ranges<Loom>,
    form: PhantomData<fn() -> F>,
}

#[derive(Debug)]
struct FaultyVma {
    owner: <Loom as Machine>::U64,
    start: <Loom as Machine>::U64,
    end: <Loom as Machine>::U64,
}

impl<F: Form> VmaLock for Faulty<F> {
    type Machine = Loom;
    type Vma = FaultyVma;
    type Token<'vma> = u32;

    const INFO: LockFacts = LockFacts {
        name: "faulty-range-lock",
        summary: "to be broken",
        source: "these tests",
        excludes: true,
    };

    fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self {
            number: LAST.fetch_add(1, Relaxed) + 1,
            writer: Rcuwait::new(),
            ranges: Ranges::new(),
            form: PhantomData,
        }
    }

    fn new_vma() -> FaultyVma {
        FaultyVma {
            owner: Word::new(0),
            start: Word::new(0),
            end: Word::new(0),
        }
    }

    fn set_range(&self, vma: &FaultyVma, range: Range<u64>, _section: &WriteSection<'_>) {
        vma.start.store(range.start, Relaxed);
        vma.end.store(range.end, Relaxed);
    }

    fn attach(&self, vma: &FaultyVma, _section: &WriteSection<'_>) {
        let _table = self.ranges.lock();
        vma.owner.store(self.number, Relaxed);
    }

    fn detach(&self, vma: &FaultyVma, _section: &WriteSection<'_>) {
        let _table = self.ranges.lock();
        vma.owner.store(0, Relaxed);
    }

    fn start_read(&self, vma: &FaultyVma, address: u64) -> Result<u32, Declined> {
        let table = self.ranges.lock();
        let owner = vma.owner.load(Relaxed);
        if owner == 0 || F::CHECKS_OWNER && owner != self.number {
            return Err(Declined::Detached);
        }
        table.read(address & !(PAGE_BYTES - 1))
    }

    fn end_read(&self, _vma: &FaultyVma, place: u32) -> ReadEnd {
        let writer_may_wait = self.ranges.lock().end_read(place);
        if F::WAKES && writer_may_wait {
            self.writer.wake();
        }
        ReadEnd::Committed
    }

    fn start_write(&self, vma: &FaultyVma, section: &WriteSection<'_>) -> Result<(), Interrupted> {
        let (start, mut end) = (vma.start.load(Relaxed), vma.end.load(Relaxed));
        if !F::LOCKS_LAST_PAGE {
            end -= PAGE_BYTES;
        }
        let in_the_way = self.ranges.lock().write(start..end);
        if let Some(range) = in_the_way.filter(|_| F::WAITS) {
            self.writer
                .wait_until(|| !self.ranges.lock().is_read(&range));
        }
        if !F::HOLDS_TO_THE_END {
            self.end_write_all(section);
        }
        Ok(())
    }

    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.ranges.lock().end_write();
    }
}

/// Whether no execution of a model fails.
fn holds(preemptions: usize, model: impl Fn() + Send + Sync + 'static) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(preemptions, model))).is_ok()
}

/// A model of a rule. Three threads that spin for one word are too many for a second preemption.
fn model_of(rule: &Check) -> (usize, impl Fn() + Send + Sync + 'static) {
    let rule = *rule;
    let model = move || {
        if let Err(broken) = rule.run(1, in_parallel) {
            panic!("{broken}");
        }
    };
    (if rule.threads > 2 { 1 } else { 3 }, model)
}

/// The form breaks the rule of this name.
fn breaks<F: Form>(name: &str) {
    let rules = contract::checks::<Faulty<F>>();
    let rule = rules.iter().find(|rule| rule.name == name).unwrap();
    let (preemptions, model) = model_of(rule);
    assert!(!holds(preemptions, model), "it keeps {name}");
}

/// One reader inside and a writer that waits for it: what `start-write-drains` asks with two readers and fewer preemptions.
fn one_reader_and_writer<L: VmaLock<Machine = Loom>>() {
    let (mm, vma) = (Arc::new(Mm::<L>::new()), Arc::new(L::new_vma()));
    let inside = Arc::new(<Loom as Machine>::U32::new(0));
    map(&mm, &vma);
    let (its_mm, its_vma, its_inside) = (Arc::clone(&mm), Arc::clone(&vma), Arc::clone(&inside));
    let writer = loom::thread::spawn(move || {
        // A writer that sleeps for ever ends with a panic of loom, which has no words left for the guard to unlock.
        let guard = ManuallyDrop::new(its_mm.write_lock());
        let locked = its_mm.lock().start_write(&its_vma, guard.section());
        assert!(locked.is_ok());
        assert_eq!(its_inside.load(Relaxed), 0, "a reader is inside");
        drop(ManuallyDrop::into_inner(guard));
    });
    if let Ok(token) = mm.lock().start_read(&vma, 0x2000) {
        inside.store(1, Relaxed);
        inside.store(0, Relaxed);
        let _ = mm.lock().end_read(&vma, token);
    }
    writer.join().unwrap();
}

#[test]
fn a_writer_waits_for_a_reader_and_is_woken() {
    hold(3, one_reader_and_writer::<RangeLock<Loom>>);
}

#[test]
fn with_nothing_made_wrong_it_keeps_every_rule() {
    #[derive(Debug)]
    struct Whole;
    impl Form for Whole {}
    hold(3, one_reader_and_writer::<Faulty<Whole>>);
    for rule in contract::checks::<Faulty<Whole>>() {
        println!("{}", rule.name);
        let (preemptions, model) = model_of(&rule);
        hold(preemptions, model);
    }
}

#[test]
fn a_range_one_page_too_short_lets_the_reader_of_the_last_page_in() {
    #[derive(Debug)]
    struct Short;
    impl Form for Short {
        const LOCKS_LAST_PAGE: bool = false;
    }
    breaks::<Short>("write-lock-declines");
    assert!(!holds(3, one_reader_and_writer::<Faulty<Short>>));
}

#[test]
fn a_range_is_held_until_the_section_ends() {
    #[derive(Debug)]
    struct LetsGo;
    impl Form for LetsGo {
        const HOLDS_TO_THE_END: bool = false;
    }
    breaks::<LetsGo>("write-lock-declines");
    breaks::<LetsGo>("reader-excludes-writer");
}

#[test]
fn without_a_wake_the_writer_sleeps_for_ever() {
    #[derive(Debug)]
    struct NoWake;
    impl Form for NoWake {
        const WAKES: bool = false;
    }
    breaks::<NoWake>("start-write-drains");
    assert!(!holds(3, one_reader_and_writer::<Faulty<NoWake>>));
}

#[test]
fn a_writer_has_to_wait_for_readers() {
    #[derive(Debug)]
    struct NoWait;
    impl Form for NoWait {
        const WAITS: bool = false;
    }
    breaks::<NoWait>("start-write-drains");
    breaks::<NoWait>("reader-excludes-writer");
    assert!(!holds(3, one_reader_and_writer::<Faulty<NoWait>>));
}

/// A reader of another mm holds its page in its own mm's table, where no writer of the VMA looks.
#[test]
fn a_reader_has_to_check_whose_the_vma_is() {
    #[derive(Debug)]
    struct AnyOwner;
    impl Form for AnyOwner {
        const CHECKS_OWNER: bool = false;
    }
    breaks::<AnyOwner>("detach-waits");
    breaks::<AnyOwner>("recycled-in-parallel");
}
