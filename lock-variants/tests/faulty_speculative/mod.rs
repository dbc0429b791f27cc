//! `speculative` with one step or ordering taken away: each breaks a rule. So do all rules about exclusion with nothing left.

use crate::loom_machine::{Loom, check};
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use lock_variants::contract::{self, Check};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

/// What is left of the lock.
trait Form: Debug + Send + Sync + 'static {
    const DECLINES_ODD: bool = true;
    const DECLINES_DETACHED: bool = true;
    const LOOKS_AGAIN: bool = true;
    const FIRST_LOOK: Ordering = Acquire;
    const READER_FENCE: bool = true;
    const WRITER_FENCE: bool = true;
    const EVEN: Ordering = Release;
    const ATTACH: Ordering = Release;
    const ATTACHED: Ordering = Acquire;
}

#[derive(Debug)]
struct Faulty<F> {
    number: <Loom as Machine>::U64,
    form: PhantomData<fn() -> F>,
}

impl<F: Form> VmaLock for Faulty<F> {
    type Machine = Loom;
    /// 1: detached.
    type Vma = <Loom as Machine>::U32;
    type Token<'vma> = u64;

    const INFO: LockFacts = LockFacts {
        name: "faulty-speculative",
        summary: "to be broken",
        source: "these tests",
        excludes: true,
    };

    const SPECULATIVE: bool = true;

    fn new() -> Self {
        Self {
            number: Word::new(0),
            form: PhantomData,
        }
    }

    fn new_vma() -> Self::Vma {
        Word::new(1)
    }

    fn begin_write(&self, _section: &WriteSection<'_>) {
        self.number.store(self.number.load(Relaxed) + 1, Relaxed);
        if F::WRITER_FENCE {
            Loom::fence(Release);
        }
    }

    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        vma.store(0, F::ATTACH);
    }

    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        vma.store(1, Relaxed);
    }

    fn start_read(&self, vma: &Self::Vma, _address: u64) -> Result<u64, Declined> {
        let seen = self.number.load(F::FIRST_LOOK);
        if F::DECLINES_ODD && seen % 2 == 1 {
            return Err(Declined::WriterBit);
        }
        if F::DECLINES_DETACHED && vma.load(F::ATTACHED) == 1 {
            return Err(Declined::Detached);
        }
        Ok(seen)
    }

    fn end_read(&self, _vma: &Self::Vma, seen: u64) -> ReadEnd {
        if F::READER_FENCE {
            Loom::fence(Acquire);
        }
        if !F::LOOKS_AGAIN || self.number.load(Relaxed) == seen {
            ReadEnd::Committed
        } else {
            ReadEnd::Retry
        }
    }

    fn start_write(&self, _: &Self::Vma, _: &WriteSection<'_>) -> Result<(), Interrupted> {
        Ok(())
    }

    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.number.store(self.number.load(Relaxed) + 1, F::EVEN);
    }
}

/// Whether the form keeps a rule in every execution.
fn keeps<F: Form>(rule: &Check) -> bool {
    let rule = *rule;
    let model = move || {
        if let Err(broken) = rule.run(1, crate::in_parallel) {
            panic!("{broken}");
        }
    };
    catch_unwind(AssertUnwindSafe(|| check(2, model))).is_ok()
}

/// The form breaks the rule of this name.
fn breaks<F: Form>(name: &str) {
    let rules = contract::checks::<Faulty<F>>();
    let rule = rules.iter().find(|rule| rule.name == name).unwrap();
    assert!(!keeps::<F>(rule), "it keeps {name}");
}

#[test]
fn with_nothing_taken_away_it_keeps_every_rule() {
    #[derive(Debug)]
    struct Whole;
    impl Form for Whole {}
    for rule in contract::checks::<Faulty<Whole>>() {
        assert!(keeps::<Whole>(&rule), "{}", rule.name);
    }
}

#[test]
fn with_nothing_left_it_breaks_every_rule_about_exclusion() {
    #[derive(Debug)]
    struct Nothing;
    impl Form for Nothing {
        const DECLINES_ODD: bool = false;
        const DECLINES_DETACHED: bool = false;
        const LOOKS_AGAIN: bool = false;
    }
    for rule in contract::checks::<Faulty<Nothing>>() {
        assert_eq!(
            keeps::<Nothing>(&rule),
            !rule.about_exclusion,
            "{}",
            rule.name
        );
    }
}

#[test]
fn a_reader_has_to_look_again() {
    #[derive(Debug)]
    struct OneLook;
    impl Form for OneLook {
        const LOOKS_AGAIN: bool = false;
    }
    breaks::<OneLook>("overlap-is-noticed");
    breaks::<OneLook>("reader-excludes-writer");
    breaks::<OneLook>("start-write-is-noticed");
    breaks::<OneLook>("detach-is-noticed");
}

#[test]
fn a_reader_has_to_decline_in_a_section() {
    #[derive(Debug)]
    struct OddIsFine;
    impl Form for OddIsFine {
        const DECLINES_ODD: bool = false;
    }
    breaks::<OddIsFine>("write-lock-declines");
    breaks::<OddIsFine>("reader-excludes-writer");
    breaks::<OddIsFine>("start-write-is-noticed");
}

#[test]
fn a_reader_has_to_decline_a_detached_vma() {
    #[derive(Debug)]
    struct DetachedIsFine;
    impl Form for DetachedIsFine {
        const DECLINES_DETACHED: bool = false;
    }
    breaks::<DetachedIsFine>("detach-hides");
    breaks::<DetachedIsFine>("detach-is-noticed");
    breaks::<DetachedIsFine>("recycled-in-parallel");
}

#[test]
fn the_reader_needs_its_fence() {
    #[derive(Debug)]
    struct NoReaderFence;
    impl Form for NoReaderFence {
        const READER_FENCE: bool = false;
    }
    breaks::<NoReaderFence>("reader-excludes-writer");
    breaks::<NoReaderFence>("start-write-is-noticed");
}

#[test]
fn the_writer_needs_its_fence() {
    #[derive(Debug)]
    struct NoWriterFence;
    impl Form for NoWriterFence {
        const WRITER_FENCE: bool = false;
    }
    breaks::<NoWriterFence>("reader-excludes-writer");
    breaks::<NoWriterFence>("start-write-is-noticed");
}

#[test]
fn the_even_number_publishes_the_section() {
    #[derive(Debug)]
    struct RelaxedEven;
    impl Form for RelaxedEven {
        const EVEN: Ordering = Relaxed;
    }
    breaks::<RelaxedEven>("reader-excludes-writer");

    #[derive(Debug)]
    struct RelaxedFirstLook;
    impl Form for RelaxedFirstLook {
        const FIRST_LOOK: Ordering = Relaxed;
    }
    breaks::<RelaxedFirstLook>("reader-excludes-writer");
}

/// No number of the reader's mm tells that another mm has the VMA now.
#[test]
fn attach_publishes_whose_the_vma_is() {
    #[derive(Debug)]
    struct RelaxedAttach;
    impl Form for RelaxedAttach {
        const ATTACH: Ordering = Relaxed;
    }
    breaks::<RelaxedAttach>("recycled-in-parallel");

    #[derive(Debug)]
    struct RelaxedAttached;
    impl Form for RelaxedAttached {
        const ATTACHED: Ordering = Relaxed;
    }
    breaks::<RelaxedAttached>("recycled-in-parallel");
}
