//! Forms of the designs with one choice made wrong. They exist to be broken by the models.

use crate::machine::Loom;
use bench_core::lock::LockFacts;
use bench_core::machine::{Machine, Word};
use bench_core::rwsem::RwSem;
use lock_variants::adapter::{Design, Sequenced};
use lock_variants::rcuwait::NoSpin;
use lock_variants::refcount::{Form, OFFSET, Refcount, TryCount};
use lock_variants::refcount_t::Saturating;
use lock_variants::sequence::{
    Bits, EqualTwice, Looks, MmSequence, PlusOne, Step, VmaSequence, Width,
};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const fn facts(name: &'static str) -> LockFacts {
    LockFacts {
        name,
        summary: "to be broken",
        source: "these tests",
        excludes: true,
    }
}

/// `rwsem-seqcount` whose begin of a section publishes nothing.
pub(crate) type RelaxedBegin = Sequenced<Loom, RwSem<Loom>, RelaxedBeginDesign>;

#[derive(Debug)]
pub(crate) struct RelaxedBeginDesign;

impl Design<RwSem<Loom>> for RelaxedBeginDesign {
    const INFO: LockFacts = facts("relaxed-begin");
    type Step = OddRelaxed;
    type Looks = EqualTwice;
    type Width = Bits<32>;
}

#[derive(Debug)]
pub(crate) struct OddRelaxed;

impl Step for OddRelaxed {
    fn begin<M: Machine, W: Width>(number: &W::Word<M>) {
        number.store(W::next(number.load(Relaxed)), Relaxed);
    }
}

/// `rwsem-snapshot` as it was proposed, with all its loads in order: the writer's fence makes the stamp tell of the mm's number.
pub(crate) type SnapshotAsProposed = Sequenced<Loom, RwSem<Loom>, SnapshotAsProposedDesign>;

#[derive(Debug)]
pub(crate) struct SnapshotAsProposedDesign;

impl Design<RwSem<Loom>> for SnapshotAsProposedDesign {
    const INFO: LockFacts = facts("snapshot-as-proposed");
    type Step = FenceAtBegin;
    type Looks = NotEqualThenUnchanged;
    type Width = Bits<32>;
}

#[derive(Debug)]
pub(crate) struct FenceAtBegin;

impl Step for FenceAtBegin {
    fn begin<M: Machine, W: Width>(_number: &W::Word<M>) {
        M::fence(Release);
    }
}

/// The same with a stamp that tells of nothing, so that the loads of the first look are in no order.
pub(crate) type SnapshotInNoOrder = Sequenced<Loom, RwSem<Loom>, SnapshotInNoOrderDesign>;

#[derive(Debug)]
pub(crate) struct SnapshotInNoOrderDesign;

impl Design<RwSem<Loom>> for SnapshotInNoOrderDesign {
    const INFO: LockFacts = facts("snapshot-in-no-order");
    type Step = PlusOne;
    type Looks = NotEqualThenUnchanged;
    type Width = Bits<32>;
}

#[derive(Debug)]
pub(crate) struct NotEqualThenUnchanged;

impl Looks for NotEqualThenUnchanged {
    type Seen<W: Width> = W::Number;

    fn before<M: Machine, S: Step, W: Width>(
        vma: &VmaSequence<M, W>,
        mm: &MmSequence<M, S, W>,
    ) -> Option<W::Number> {
        let seen = vma.number();
        M::fence(Acquire);
        let section = mm.number();
        M::fence(Acquire);
        (seen != section).then_some(seen)
    }

    fn after<M: Machine, S: Step, W: Width>(
        vma: &VmaSequence<M, W>,
        _mm: &MmSequence<M, S, W>,
        seen: W::Number,
    ) -> bool {
        vma.number() != seen
    }
}

/// `refcount-v6` with a limit above the writer's bit: readers count up beside a writer and back off.
pub(crate) type BitAlone = Refcount<Loom, BitAloneForm>;

#[derive(Debug)]
pub(crate) struct BitAloneForm;

impl Form for BitAloneForm {
    const INFO: LockFacts = facts("bit-alone");
    const WRITER: u32 = OFFSET + 1;
    const LIMIT: u32 = 0x7fff_ffff;
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = TryCount;

    fn backs_off(old: u32) -> bool {
        old & OFFSET != 0
    }
}

/// The same, and readers do not look for the bit either.
pub(crate) type NeitherTest = Refcount<Loom, NeitherTestForm>;

#[derive(Debug)]
pub(crate) struct NeitherTestForm;

impl Form for NeitherTestForm {
    const INFO: LockFacts = facts("neither-test");
    const WRITER: u32 = OFFSET + 1;
    const LIMIT: u32 = 0x7fff_ffff;
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = TryCount;
}
