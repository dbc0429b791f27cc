//! How wide the sequence numbers are.
//!
//! Upstream's are 32 bits wide. 64 bits were posted (Message-ID `20241010205644.3831427-3-andrii@kernel.org`) and not merged. Fewer
//! bits are for models, which can count through all of them.

use bench_core::machine::{Machine, Word};
use std::fmt::{Debug, Display};

/// How wide the numbers are: they count up by one and come back to the first after the last.
pub trait Width: Debug + Send + Sync + 'static {
    /// A number.
    type Number: Copy + Debug + Display + PartialEq;
    /// The shared word that holds one.
    type Word<M: Machine>: Word<Self::Number>;
    /// The number of a new mm.
    const FIRST: Self::Number;
    /// The number before the first: that of a slot that never held a VMA.
    const LAST: Self::Number;

    /// The number after this one.
    fn next(number: Self::Number) -> Self::Number;

    /// Whether it is odd. As many numbers are as are not, so that this survives a wrap.
    fn is_odd(number: Self::Number) -> bool;

    /// Whether `stamped` comes before `section`, by less than half of all numbers.
    fn is_older(stamped: Self::Number, section: Self::Number) -> bool;
}

/// The low `COUNT` bits of a 32-bit word: 1 to 32 of them. With 32 nothing is masked.
#[derive(Debug)]
pub struct Bits<const COUNT: u32>;

impl<const COUNT: u32> Width for Bits<COUNT> {
    type Number = u32;
    type Word<M: Machine> = M::U32;
    const FIRST: u32 = 0;
    const LAST: u32 = u32::MAX >> (u32::BITS - COUNT);

    #[inline(always)]
    fn next(number: u32) -> u32 {
        number.wrapping_add(1) & Self::LAST
    }

    #[inline(always)]
    fn is_odd(number: u32) -> bool {
        !number.is_multiple_of(2)
    }

    #[inline(always)]
    fn is_older(stamped: u32, section: u32) -> bool {
        // The highest of the bits is moved to where a sign is.
        let age = section.wrapping_sub(stamped) << (u32::BITS - COUNT);
        age.cast_signed() > 0
    }
}

/// A whole word of 64 bits.
#[derive(Debug)]
pub struct Bits64;

impl Width for Bits64 {
    type Number = u64;
    type Word<M: Machine> = M::U64;
    const FIRST: u64 = 0;
    const LAST: u64 = u64::MAX;

    #[inline(always)]
    fn next(number: u64) -> u64 {
        number.wrapping_add(1)
    }

    #[inline(always)]
    fn is_odd(number: u64) -> bool {
        !number.is_multiple_of(2)
    }

    #[inline(always)]
    fn is_older(stamped: u64, section: u64) -> bool {
        section.wrapping_sub(stamped).cast_signed() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Bits, Bits64, Width};
    use crate::sequence::{
        EqualTwice, Looks, MmSequence, OddInside, PlusOne, UnchangedSince, VmaSequence,
    };
    use bench_core::machine::Solo;

    #[test]
    fn the_last_number_is_followed_by_the_first() {
        assert_eq!(Bits::<32>::LAST, u32::MAX);
        assert_eq!(Bits::<32>::next(u32::MAX), 0);
        assert_eq!(Bits64::next(u64::MAX), 0);
        assert_eq!(Bits64::next(u64::from(u32::MAX)), 0x1_0000_0000);
        let mut number = Bits::<3>::FIRST;
        let numbers = [(); 9].map(|()| {
            let before = number;
            number = Bits::<3>::next(number);
            before
        });
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 0]);
        assert_eq!(Bits::<3>::LAST, 7);
    }

    #[test]
    fn older_is_up_to_half_of_all_numbers_ago() {
        let older = |stamped: u32| {
            (0..8)
                .filter(|section| Bits::<3>::is_older(stamped, *section))
                .collect::<Vec<_>>()
        };
        assert_eq!(older(2), [3, 4, 5]);
        assert_eq!(older(6), [0, 1, 7]);
        assert!(Bits64::is_older(u64::MAX, 0) && Bits64::is_older(0, u64::MAX >> 1));
        assert!(
            !Bits64::is_older(0, 0) && !Bits64::is_older(0, 1 << 63) && !Bits64::is_older(1, 0)
        );
    }

    /// What a reader's and a writer's looks say of a VMA that nobody has stamped for so many sections.
    fn looks<W: Width>(sections: u32) -> (bool, bool, bool) {
        let (mm, vma) = (
            MmSequence::<Solo, PlusOne, W>::new(),
            VmaSequence::<Solo, W>::new(),
        );
        vma.stamp(&mm);
        for _ in 0..sections {
            mm.end_section();
        }
        (
            vma.is_stamped(&mm),
            EqualTwice::before(&vma, &mm).is_none(),
            UnchangedSince::before(&vma, &mm).is_none(),
        )
    }

    /// P4: the writer takes it for stamped in this section.
    #[test]
    fn a_number_comes_back_after_all_of_them() {
        assert_eq!(looks::<Bits<2>>(3), (false, false, true));
        assert_eq!(looks::<Bits<2>>(4), (true, true, true));
        assert_eq!(looks::<Bits<2>>(5), (false, false, false));
        assert_eq!(looks::<Bits<32>>(4), (false, false, false));
        assert_eq!(looks::<Bits64>(4), (false, false, false));
    }

    /// It is still odd in every section.
    #[test]
    fn a_sequence_count_comes_back_after_half_of_them() {
        let mm = MmSequence::<Solo, OddInside, Bits<2>>::new();
        let mut numbers = Vec::new();
        for _ in 0..3 {
            mm.begin_section();
            numbers.push(mm.number());
            mm.end_section();
        }
        assert_eq!(numbers, [1, 3, 1]);
    }
}
