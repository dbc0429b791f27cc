//! A counter with the checks of the kernel's `refcount_t`.
//!
//! # State
//!
//! | value | meaning |
//! |---|---|
//! | 0 | the object is gone: nobody may count up from it |
//! | 1 ..= 0x7fffffff | counted |
//! | 0x80000000 ..= 0xffffffff | bad: an operation that meets or makes such a value saturates |
//! | 0xc0000000 | saturated: it never comes back, the object leaks rather than being used after free |
//!
//! Bit 31 is therefore not free for a lock: a writer bit there saturates the counter at once, which is why the merged VMA
//! lock has its bit at 0x40000000 and the designs with 0x80000000 count on a plain atomic word. A saturated counter stays
//! far from both ends, so that tasks in the middle of an operation cannot move it back; the kernel warns once, here
//! [`RefcountT::is_saturated`] tells.
//!
//! [`Checks`] is a choice: [`Unchecked`] is the same counter, operation by operation, as an `atomic_t` would have it, without the
//! test for bad values. It is there to tell the cost of the test.
//!
//! # Memory ordering
//! Each operation names its own, as in the kernel: counting up is Relaxed unless the name says Acquire, counting down is
//! Release, and Acquire as well when it reaches 0.
//!
//! Source: `include/linux/refcount.h` at 00247cbf173a; the limited and acquiring forms came with the VMA lock, Message-ID
//! `20250213224655.1680278-1-surenb@google.com`.

use bench_core::machine::{Machine, Word};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

/// What a saturated counter holds.
pub const SATURATED: u32 = 0xc000_0000;

/// Whether operations look for bad values.
pub trait Checks: Debug + Send + Sync + 'static {
    /// Whether they do.
    const SATURATES: bool;
}

/// They do, and saturate, as in the kernel.
#[derive(Debug)]
pub struct Saturating;

impl Checks for Saturating {
    const SATURATES: bool = true;
}

/// They do not: a count is any number, and wraps.
#[derive(Debug)]
pub struct Unchecked;

impl Checks for Unchecked {
    const SATURATES: bool = false;
}

/// Whether a value is one that no correct use produces.
#[inline(always)]
fn is_bad(value: u32) -> bool {
    value.cast_signed() < 0
}

/// The counter.
#[derive(Debug)]
pub struct RefcountT<M: Machine, C = Saturating> {
    count: M::U32,
    checks: PhantomData<fn() -> C>,
}

/// Why a limited count up was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The count was 0.
    Zero,
    /// The count would have exceeded the limit.
    Limit,
}

impl<M: Machine, C: Checks> RefcountT<M, C> {
    /// A counter that holds `count`.
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self {
            count: M::U32::new(count),
            checks: PhantomData,
        }
    }

    /// The count as it is now, with the caller's ordering.
    #[inline(always)]
    #[must_use]
    #[track_caller]
    pub fn read(&self, order: Ordering) -> u32 {
        self.count.load(order)
    }

    /// Sets the count, with the caller's ordering. Nobody else may be able to change it.
    #[inline(always)]
    #[track_caller]
    pub fn set(&self, count: u32, order: Ordering) {
        self.count.store(count, order);
    }

    /// Whether an operation found a bad value.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        // Relaxed: a saturated counter stays saturated, and nothing is published by it.
        is_bad(self.count.load(Relaxed))
    }

    /// Counts up by one unless the count is 0 or at `limit`, with Acquire when it does; returns what it was before.
    ///
    /// A bad count passes the test, as in the kernel, and saturates where there are [`Checks`].
    ///
    /// # Errors
    /// Why it did not count.
    #[inline(always)]
    pub fn inc_not_zero_limited_acquire(&self, limit: u32) -> Result<u32, Refused> {
        // Relaxed: only a guess; the exchange decides.
        let mut old = self.count.load(Relaxed);
        loop {
            if old == 0 {
                return Err(Refused::Zero);
            }
            if limit.wrapping_sub(old).cast_signed() < 1 {
                return Err(Refused::Limit);
            }
            // Acquire: pairs with the Release by which the object was published or a writer let go of it.
            match self
                .count
                .compare_exchange_weak(old, old.wrapping_add(1), Acquire, Relaxed)
            {
                Ok(_) => break,
                Err(now) => old = now,
            }
        }
        if C::SATURATES && (is_bad(old) || is_bad(old.wrapping_add(1))) {
            self.saturate();
        }
        Ok(old)
    }

    /// Adds `count` unless the count is 0; says whether it added. Relaxed.
    #[inline]
    pub fn add_not_zero(&self, count: u32) -> bool {
        // Relaxed: only a guess; the exchange decides.
        let mut old = self.count.load(Relaxed);
        loop {
            if old == 0 {
                return false;
            }
            // Relaxed: the caller holds something that orders it, as the mmap lock.
            match self
                .count
                .compare_exchange_weak(old, old.wrapping_add(count), Relaxed, Relaxed)
            {
                Ok(_) => break,
                Err(now) => old = now,
            }
        }
        if C::SATURATES && (is_bad(old) || is_bad(old.wrapping_add(count))) {
            self.saturate();
        }
        true
    }

    /// Subtracts `count` and returns what is left, with Release, and with Acquire when nothing is.
    ///
    /// Subtracting from 0, from a bad count, or more than there is saturates.
    #[inline(always)]
    pub fn sub_return(&self, count: u32) -> u32 {
        // Release: what the caller did with the object comes before whoever frees it or waits for the count.
        let old = self.count.fetch_sub(count, Release);
        if old == count {
            // Acquire: pairs with the Release of the others who counted down.
            M::fence(Acquire);
            return 0;
        }
        if C::SATURATES && (old.cast_signed() <= 0 || is_bad(old.wrapping_sub(count))) {
            self.saturate();
        }
        old.wrapping_sub(count)
    }

    /// Subtracts `count`; says whether nothing is left. Ordered as [`Self::sub_return`].
    #[inline(always)]
    pub fn sub_and_test(&self, count: u32) -> bool {
        self.sub_return(count) == 0
    }

    /// Subtracts one; says whether nothing is left. Ordered as [`Self::sub_return`].
    #[inline(always)]
    pub fn dec_and_test(&self) -> bool {
        self.sub_and_test(1)
    }

    /// The kernel warns here.
    #[cold]
    fn saturate(&self) {
        // Relaxed: nothing is published by it.
        self.count.store(SATURATED, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{RefcountT, Refused, SATURATED, Unchecked};
    use bench_core::machine::Solo;
    use std::sync::atomic::Ordering::Relaxed;

    type Counter = RefcountT<Solo>;

    #[test]
    fn a_writer_bit_of_0x80000000_saturates() {
        for count in [1, 2, 17] {
            let counter = Counter::new(count);
            assert!(counter.add_not_zero(0x8000_0000));
            assert_eq!(counter.read(Relaxed), 0xc000_0000);
            assert!(counter.is_saturated());
        }
    }

    #[test]
    fn a_writer_bit_of_0x40000000_does_not() {
        let counter = Counter::new(0x3fff_ffff);
        assert!(counter.add_not_zero(0x4000_0000));
        assert_eq!(counter.read(Relaxed), 0x7fff_ffff);
        assert!(!counter.is_saturated());
    }

    #[test]
    fn a_saturated_counter_never_comes_back() {
        let counter = Counter::new(1);
        assert!(counter.add_not_zero(0x8000_0000));
        for _ in 0..3 {
            assert!(!counter.dec_and_test());
            assert_eq!(counter.read(Relaxed), SATURATED);
            assert!(counter.add_not_zero(1));
            assert_eq!(counter.read(Relaxed), SATURATED);
            assert_eq!(
                counter.inc_not_zero_limited_acquire(0x3fff_ffff),
                Ok(SATURATED)
            );
            assert_eq!(counter.read(Relaxed), SATURATED);
        }
    }

    #[test]
    fn nobody_counts_up_from_zero() {
        let counter = Counter::new(0);
        assert!(!counter.add_not_zero(1));
        assert_eq!(counter.inc_not_zero_limited_acquire(9), Err(Refused::Zero));
        assert_eq!(counter.read(Relaxed), 0);
    }

    #[test]
    fn the_limit_is_reached_and_not_passed() {
        let counter = Counter::new(1);
        assert_eq!(counter.inc_not_zero_limited_acquire(3), Ok(1));
        assert_eq!(counter.inc_not_zero_limited_acquire(3), Ok(2));
        assert_eq!(counter.inc_not_zero_limited_acquire(3), Err(Refused::Limit));
        assert_eq!(counter.read(Relaxed), 3);
    }

    #[test]
    fn without_checks_a_count_is_any_number() {
        let counter = RefcountT::<Solo, Unchecked>::new(1);
        assert!(counter.add_not_zero(0x8000_0000));
        assert_eq!(counter.read(Relaxed), 0x8000_0001);
        assert_eq!(counter.sub_return(2), 0x7fff_ffff);
        counter.set(0, Relaxed);
        assert_eq!(counter.sub_return(1), u32::MAX);
        assert_eq!(counter.inc_not_zero_limited_acquire(9), Ok(u32::MAX));
        assert!(!counter.add_not_zero(1), "it wrapped to 0");
    }

    #[test]
    fn counting_below_zero_saturates() {
        let counter = Counter::new(1);
        assert!(counter.dec_and_test());
        assert!(!counter.dec_and_test());
        assert_eq!(counter.read(Relaxed), SATURATED);
        let counter = Counter::new(2);
        assert!(!counter.sub_and_test(3));
        assert_eq!(counter.read(Relaxed), SATURATED);
    }
}
