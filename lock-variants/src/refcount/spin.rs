//! `refcount-spin`: as `refcount`, with a writer that spins for a while before it parks.
//!
//! Upstream: not proposed. The per-VMA rwsem of 6.4 let a writer spin on readers for up to 25 us before it slept; the
//! reference count of 6.15, whose wait is an rcuwait, parks at once. This design is there to tell the cost of that from
//! the cost of everything else that changed.
//!
//! # State
//! As in [the module](super).
//!
//! # Protocol
//! As in [the module](super), but W2, and the wait of a detacher: look at the count, with a spin hint in between, until it is
//! the one that is waited for or 25 us are over; then go on as `refcount`: publish oneself in the slot, look again, park.
//!
//! # Invariants
//! Those of [the module](super). A writer that spins is not in the slot, so that who leaves the awaited count then wakes nobody.
//!
//! # Memory ordering
//! - Each look is W2's load, with Acquire: it pairs with the Release of each reader's count down (P7).
//! - A writer that gives up has to publish itself and look once more, with the full barrier of [`crate::rcuwait`] in
//!   between: the last reader may have left after the last look of the spin and before the slot was written (P19).
//!
//! # Progress
//! As `refcount`; the spin is bounded by time and not by looks, and looks at the clock at once and then in each 16th turn. A
//! writer spins for its whole time also when the reader has lost its CPU.
//!
//! # What differs from the kernel
//! 25 us is the most that the kernel's rwsem allows (10 us, and half a microsecond for each reader up to 30); the number of
//! readers makes no difference here. Nobody asks for the CPU to be given up (`need_resched`), and nobody looks at whether
//! the readers run, whose names the count does not tell. The rest as in [the module](super).

use super::{Form, Refcount, TryCount};
use crate::rcuwait::Spin;
use crate::refcount_t::Saturating;
use crate::sequence::Bits;
use bench_core::lock::LockFacts;
use bench_core::machine::Machine;

/// How long a writer spins.
const LIMIT_NS: u64 = 25_000;
/// The clock is read once in so many turns, since reading it delays the look at the count.
const TURNS_PER_LOOK: u32 = 16;

/// Looks at the condition for 25 us.
#[derive(Debug)]
pub struct SpinBriefly;

impl Spin for SpinBriefly {
    fn until<M: Machine>(condition: &mut impl FnMut() -> bool) -> bool {
        if condition() {
            return true;
        }
        let deadline_ns = M::now_ns() + LIMIT_NS;
        let mut turns = 0_u32;
        // The first look at the clock is at once, so that a clock that leaps, as a model's, ends the spin before it began.
        while !(turns.is_multiple_of(TURNS_PER_LOOK) && M::now_ns() > deadline_ns) {
            M::spin_hint();
            if condition() {
                return true;
            }
            turns = turns.wrapping_add(1);
        }
        false
    }
}

/// What it changes of `refcount`.
#[derive(Debug)]
pub struct Spinning;

impl Form for Spinning {
    const INFO: LockFacts = LockFacts {
        name: "refcount-spin",
        summary: "as refcount, but a writer spins on readers for up to 25 us before it parks",
        source: "this project, after the spinning of Linux 6.4's rwsem",
        excludes: true,
    };
    type Spin = SpinBriefly;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = TryCount;
}

/// The lock.
pub type RefcountSpin<M> = Refcount<M, Spinning>;

#[cfg(test)]
mod tests {
    use super::super::tests::counts;
    use super::{LIMIT_NS, RefcountSpin, SpinBriefly, Spinning, TURNS_PER_LOOK};
    use crate::rcuwait::{Rcuwait, Spin};
    use bench_core::machine::Solo;

    /// Solo's clock moves by a microsecond, or more, with each look.
    const LOOKS: u64 = LIMIT_NS / 1000 + 1;

    #[test]
    fn the_count_after_each_step_is_that_of_refcount() {
        assert_eq!(
            counts::<RefcountSpin<Solo>, Spinning>(),
            [0, 0, 1, 3, 1, 1, 0]
        );
    }

    /// Whether the spin met the condition, which comes to hold at look number `due`, and the looks that it took.
    fn spin(due: u64) -> (bool, u64) {
        let mut looks = 0;
        let met = SpinBriefly::until::<Solo>(&mut || {
            looks += 1;
            looks >= due
        });
        (met, looks)
    }

    #[test]
    fn a_spin_ends_when_its_condition_holds() {
        for due in [1, 2, 3] {
            assert_eq!(spin(due), (true, due));
        }
    }

    #[test]
    fn a_spin_ends_when_its_time_is_over() {
        let (met, looks) = spin(u64::MAX);
        assert!(!met);
        assert!(looks <= 1 + LOOKS * u64::from(TURNS_PER_LOOK), "{looks}");
    }

    /// To park is a panic on Solo.
    #[test]
    fn a_writer_that_spins_in_time_does_not_park() {
        let slot = Rcuwait::<Solo, SpinBriefly>::new();
        let mut looks = 0;
        slot.wait_until(|| {
            looks += 1;
            looks == 3
        });
        assert_eq!(looks, 3);
    }

    #[test]
    #[should_panic(expected = "the only task of a Solo machine went to sleep")]
    fn a_writer_that_spins_in_vain_parks() {
        Rcuwait::<Solo, SpinBriefly>::new().wait_until(|| false);
    }
}
