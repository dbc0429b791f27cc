//! The two sequence numbers that say which VMAs are write-locked, shared by all designs since Linux 6.4.
//!
//! A VMA is write-locked while its number equals the mm's and the mmap lock is held for writing. A writer stamps the VMA
//! with the mm's number; the end of the write section adds one to the mm's number, which unlocks every VMA stamped in the
//! section at once. Both are equally wide and wrap.
//!
//! Three things are choices of a design. [`Step`]: whether the beginning of a section adds one too ([`PlusOne`],
//! [`OddInside`]). [`Looks`]: what a reader compares, before and after it holds the VMA ([`EqualTwice`],
//! [`UnchangedSince`]). [`Width`]: how many bits the numbers have ([`Bits`], 32 of them where a design says nothing else, and
//! [`Bits64`]).
//!
//! # Memory ordering
//! - [`MmSequence::end_section`] stores with Release and [`VmaSequence::is_locked`] loads with Acquire: a reader that sees
//!   the section over sees everything that was written in it. Both were missing in Linux 6.4.0 (fixed by b1f02b95758d).
//! - The VMA's number is Relaxed everywhere. A reader trusts it only while it holds the lock word, whose Acquire pairs
//!   with the Release of the writer that stamped.
//! - [`OddInside`] and [`UnchangedSince`] say what they need besides.
//!
//! # Progress
//! A number of 32 bits that was last stamped exactly 2^32 sections ago (2^31 with [`OddInside`]) looks stamped now, to a
//! reader, which then needlessly falls back, and to a writer, which then does not wait for readers (P4 in `kernel-locks.md`, a
//! hypothesis about the kernel too). With n bits it is 2^n sections, so that a model can get there with [`Bits`] of 2 or 3.

pub use crate::width::{Bits, Bits64, Width};

use bench_core::machine::{Machine, Word};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// What the beginning of a write section does to the mm's number. The end always adds one.
pub trait Step: Debug + Send + Sync + 'static {
    /// The mmap lock has just been write-locked.
    fn begin<M: Machine, W: Width>(number: &W::Word<M>);
}

/// Nothing: the number counts sections, as in Linux 6.4 to 6.13.
#[derive(Debug)]
pub struct PlusOne;

impl Step for PlusOne {
    #[inline(always)]
    fn begin<M: Machine, W: Width>(_number: &W::Word<M>) {}
}

/// It adds one: a sequence count, odd in a section, as from Linux 6.14 on.
#[derive(Debug)]
pub struct OddInside;

impl Step for OddInside {
    #[inline(always)]
    fn begin<M: Machine, W: Width>(number: &W::Word<M>) {
        // Relaxed: only writers change it, and the mmap lock excludes others.
        let before = number.load(Relaxed);
        debug_assert!(!W::is_odd(before), "a section in a section");
        // Release: pairs with Acquire in `VmaSequence::is_locked`. A reader that sees this number relies on the end of the
        // section before, whose own Release it then never meets.
        number.store(W::next(before), Release);
    }
}

/// The mm's number (`mm_lock_seq`).
#[derive(Debug)]
pub struct MmSequence<M: Machine, S = PlusOne, W: Width = Bits<32>> {
    number: W::Word<M>,
    step: PhantomData<fn() -> S>,
}

/// A VMA's number (`vm_lock_seq`).
#[derive(Debug)]
pub struct VmaSequence<M: Machine, W: Width = Bits<32>>(W::Word<M>);

impl<M: Machine, S: Step, W: Width> MmSequence<M, S, W> {
    /// The number of a new mm: 0.
    #[must_use]
    pub fn new() -> Self {
        Self {
            number: W::Word::new(W::FIRST),
            step: PhantomData,
        }
    }

    /// The number of the section that the caller is in, or, outside of one, some recent number.
    #[inline(always)]
    #[must_use]
    pub fn number(&self) -> W::Number {
        // Relaxed: only writers change it, and the caller excludes other writers by the mmap lock.
        self.number.load(Relaxed)
    }

    /// Begins a write section.
    #[inline(always)]
    pub fn begin_section(&self) {
        S::begin::<M, W>(&self.number);
    }

    /// Ends the write section: unlocks every VMA that was stamped in it.
    #[inline(always)]
    pub fn end_section(&self) {
        // Release: pairs with Acquire in `VmaSequence::is_locked`; publishes what was written in the section. A plain
        // store is enough since the mmap lock excludes other writers.
        self.number.store(W::next(self.number()), Release);
    }
}

impl<M: Machine, W: Width> VmaSequence<M, W> {
    /// The number of a slot that never held a VMA: the one farthest from a new mm's.
    #[must_use]
    pub fn new() -> Self {
        Self(W::Word::new(W::LAST))
    }

    /// The number as it is now.
    #[must_use]
    pub fn number(&self) -> W::Number {
        // Relaxed: for descriptions only.
        self.0.load(Relaxed)
    }

    /// For the reader that does not hold the VMA yet: whether it seems to be write-locked. A cheap filter.
    #[inline(always)]
    #[must_use]
    pub fn seems_locked<S: Step>(&self, mm: &MmSequence<M, S, W>) -> bool {
        // Relaxed twice: both wrong answers are harmless, `is_locked` comes after.
        self.0.load(Relaxed) == mm.number.load(Relaxed)
    }

    /// For the reader that holds the VMA: whether it is write-locked. The answer that counts.
    #[inline(always)]
    #[must_use]
    pub fn is_locked<S: Step>(&self, mm: &MmSequence<M, S, W>) -> bool {
        // Acquire: pairs with Release in `MmSequence::end_section`; what the reader reads of the VMA is not older than the
        // unlock that it relies on. The VMA's number is read after it, so that it is not older either.
        let section = mm.number.load(Acquire);
        // Relaxed: the lock word that the reader holds orders it after the stamp.
        self.0.load(Relaxed) == section
    }

    /// For the writer: whether it stamped the VMA in this section already. The number of a detached VMA may be another mm's.
    #[inline(always)]
    #[must_use]
    pub fn is_stamped<S: Step>(&self, mm: &MmSequence<M, S, W>) -> bool {
        // Relaxed: only writers stamp, and the mmap lock orders them.
        self.0.load(Relaxed) == mm.number()
    }

    /// Write-locks the VMA for the rest of the section. The caller has kept its readers out.
    #[inline(always)]
    pub fn stamp<S: Step>(&self, mm: &MmSequence<M, S, W>) {
        // Relaxed: `seems_locked` may see it at any time; `is_locked` sees it by the lock word's Release and Acquire.
        self.0.store(mm.number(), Relaxed);
    }
}

impl<M: Machine, S: Step, W: Width> Default for MmSequence<M, S, W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Machine, W: Width> Default for VmaSequence<M, W> {
    fn default() -> Self {
        Self::new()
    }
}

/// Both numbers in words, for [`bench_core::lock::VmaLock::describe`].
pub fn describe<M: Machine, S: Step, W: Width>(
    vma: &VmaSequence<M, W>,
    mm: &MmSequence<M, S, W>,
) -> String {
    format!("vm_lock_seq={} mm_lock_seq={}", vma.number(), mm.number())
}

/// How a reader finds out whether a VMA is write-locked: a look before it holds the VMA and a look after.
pub trait Looks: Debug + Send + Sync + 'static {
    /// What the first look leaves to the second.
    type Seen<W: Width>: Copy;

    /// The look of a reader that does not hold the VMA yet; `None` when the VMA seems to be write-locked.
    fn before<M: Machine, S: Step, W: Width>(
        vma: &VmaSequence<M, W>,
        mm: &MmSequence<M, S, W>,
    ) -> Option<Self::Seen<W>>;

    /// The look of a reader that holds the VMA: whether the VMA is write-locked.
    fn after<M: Machine, S: Step, W: Width>(
        vma: &VmaSequence<M, W>,
        mm: &MmSequence<M, S, W>,
        seen: Self::Seen<W>,
    ) -> bool;
}

/// Equal numbers mean write-locked, both times. The second look decides.
#[derive(Debug)]
pub struct EqualTwice;

impl Looks for EqualTwice {
    type Seen<W: Width> = ();

    #[inline(always)]
    fn before<M: Machine, S: Step, W: Width>(
        vma: &VmaSequence<M, W>,
        mm: &MmSequence<M, S, W>,
    ) -> Option<()> {
        (!vma.seems_locked(mm)).then_some(())
    }

    #[inline(always)]
    fn after<M: Machine, S: Step, W: Width>(
        vma: &VmaSequence<M, W>,
        mm: &MmSequence<M, S, W>,
        _seen: (),
    ) -> bool {
        vma.is_locked(mm)
    }
}

/// The first look decides, and the second asks only whether the VMA's number is still the one that it saw.
///
/// The first look wants the VMA's number older than the mm's. With "not equal" it would also pass with a number that the mm has
/// yet to reach, read from the mm too early, or stamped by another mm before the VMA was recycled; the VMA can then be
/// write-locked in the section of that number without its number changing.
#[derive(Debug)]
pub struct UnchangedSince;

impl Looks for UnchangedSince {
    type Seen<W: Width> = W::Number;

    #[inline(always)]
    fn before<M: Machine, S: Step, W: Width>(
        vma: &VmaSequence<M, W>,
        mm: &MmSequence<M, S, W>,
    ) -> Option<W::Number> {
        // Acquire: pairs with Release in `MmSequence::end_section`; the section in which the VMA was stamped is over, and what
        // was written in it is seen. `after` does not look at the mm's number again.
        let section = mm.number.load(Acquire);
        // Relaxed: `after` sees whether it is the newest, by the lock word's Acquire.
        let stamped = vma.0.load(Relaxed);
        W::is_older(stamped, section).then_some(stamped)
    }

    #[inline(always)]
    fn after<M: Machine, S: Step, W: Width>(
        vma: &VmaSequence<M, W>,
        _mm: &MmSequence<M, S, W>,
        seen: W::Number,
    ) -> bool {
        // Relaxed: the lock word that the reader holds orders it after the stamp.
        vma.0.load(Relaxed) != seen
    }
}

#[cfg(test)]
mod tests {
    use super::{
        EqualTwice, Looks, MmSequence, OddInside, PlusOne, Step, UnchangedSince, VmaSequence,
    };
    use bench_core::machine::Solo;

    /// The numbers of a new mm, in its first section, after it, in its second.
    fn numbers<S: Step>() -> [u32; 4] {
        let mm = MmSequence::<Solo, S>::new();
        let new = mm.number();
        mm.begin_section();
        let first = mm.number();
        mm.end_section();
        let between = mm.number();
        mm.begin_section();
        [new, first, between, mm.number()]
    }

    #[test]
    fn a_number_counts_sections_or_is_odd_in_them() {
        assert_eq!(numbers::<PlusOne>(), [0, 0, 1, 1]);
        assert_eq!(numbers::<OddInside>(), [0, 1, 2, 3]);
    }

    fn mm(number: u32) -> MmSequence<Solo> {
        let mm = MmSequence::<Solo>::new();
        mm.number.store(number, super::Relaxed);
        mm
    }

    fn vma(number: u32) -> VmaSequence<Solo> {
        VmaSequence(number.into())
    }

    /// What the first look of each kind says of a VMA's and an mm's number.
    #[test]
    fn the_first_look() {
        let locked = |stamped, number| {
            let (vma, mm) = (vma(stamped), mm(number));
            let equal = EqualTwice::before(&vma, &mm).is_none();
            (equal, UnchangedSince::before(&vma, &mm).is_none())
        };
        assert_eq!(locked(7, 7), (true, true), "stamped in this section");
        assert_eq!(locked(6, 7), (false, false), "stamped in the last one");
        assert_eq!(locked(8, 7), (false, true), "stamped by another mm");
        assert_eq!(locked(u32::MAX, 0), (false, false), "never stamped");
        assert_eq!(locked(0, 0x7fff_ffff), (false, false), "long ago");
        assert_eq!(locked(0, 0x8000_0000), (false, true), "too long ago");
    }

    #[test]
    fn the_second_look() {
        let (vma, mm) = (vma(6), mm(7));
        let seen = UnchangedSince::before(&vma, &mm).unwrap();
        assert!(!EqualTwice::after(&vma, &mm, ()));
        assert!(!UnchangedSince::after(&vma, &mm, seen));
        vma.stamp(&mm);
        assert!(EqualTwice::after(&vma, &mm, ()));
        assert!(UnchangedSince::after(&vma, &mm, seen));
        mm.end_section();
        assert!(!EqualTwice::after(&vma, &mm, ()), "locked no more");
        assert!(UnchangedSince::after(&vma, &mm, seen), "for nothing");
    }
}
