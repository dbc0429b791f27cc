//! `refcount-plain`: as `refcount`, on a word without the checks of `refcount_t`.
//!
//! Upstream: not proposed in this form. The mail of 13 Dec 2024 (Message-ID
//! `20241213092223.GB2484@noisy.programming.kicks-ass.net`) meant an `atomic_t`, v6 of the series three days later (Message-ID
//! `20241216192419.2970941-11-surenb@google.com`) had a `refcount_t`. The same algorithm on both tells what the checks cost; the
//! designs on an `atomic_t` that were proposed differ in their bit and their table of values too.
//!
//! # State, protocol, invariants, memory ordering, progress
//! As in [the module](super), with [`Unchecked`]: R1, W1, W4, the end of a read and detach have no test for bad values. Without an
//! error there is none, so that the words go through the same values.

use super::{Form, Refcount, TryCount};
use crate::rcuwait::NoSpin;
use crate::refcount_t::Unchecked;
use crate::sequence::Bits;
use bench_core::lock::LockFacts;

/// What it changes of `refcount`.
#[derive(Debug)]
pub struct Plain;

impl Form for Plain {
    const INFO: LockFacts = LockFacts {
        name: "refcount-plain",
        summary: "as refcount, but on an atomic_t: no operation checks for saturation",
        source: "this project, to tell the cost of refcount_t's checks",
        excludes: true,
    };
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Unchecked;
    type NewVma = TryCount;
}

/// The lock.
pub type RefcountPlain<M> = Refcount<M, Plain>;

#[cfg(test)]
mod tests {
    use super::super::tests::counts;
    use super::{Plain, RefcountPlain};
    use crate::contract::mapped;
    use bench_core::lock::VmaLock;
    use bench_core::machine::Solo;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn the_count_after_each_step_is_that_of_refcount() {
        assert_eq!(
            counts::<RefcountPlain<Solo>, Plain>(),
            [0, 0, 1, 3, 1, 1, 0]
        );
    }

    #[test]
    fn a_bad_count_is_counted_on() {
        let (mm, vma) = mapped::<RefcountPlain<Solo>>().unwrap();
        vma.count.set(0xd000_0000, Relaxed);
        assert_eq!(mm.lock().start_read(&vma, 0), Ok(()));
        assert_eq!(vma.count.read(Relaxed), 0xd000_0001);
    }
}
