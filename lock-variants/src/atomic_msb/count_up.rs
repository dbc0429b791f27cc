//! R1, the two ways: `atomic-msb` adds and then looks, `atomic-msb-cmpxchg` looks and then exchanges.
//!
//! Upstream: the mail's count goes up by an unconditional add (Message-ID
//! `20241210223850.GA2484@noisy.programming.kicks-ass.net`); what was merged is a loop of exchanges that is bounded by a limit.
//! Which is better when many readers meet is what the two locks are there to tell. They are the same but for this file: the word,
//! its values, the writer, `attach` and `detach`.
//!
//! # Progress
//! - [`AddThenLook`] is one read-modify-write however many readers meet. Who is declined takes its count back by another, on a word
//!   that a writer then waits for, and may wake it in vain.
//! - [`LookThenExchange`] repeats while others succeed, of the order of n^2 tries for n readers. Who is declined leaves no trace.
//!
//! The pair is on this word and not on that of `refcount`, whose detached VMA has a count of 0: there an unconditional add of a
//! reader that comes too late would make the VMA look attached ([`super::AtomicMsb`] says how), so that the two would have to
//! differ in the values of the word as well.

use super::{AtomicMsb, AtomicMsbVma, BIAS, has_bias};
use bench_core::lock::{Declined, LockFacts};
use bench_core::machine::{Machine, Word};
use std::fmt::Debug;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// How a reader counts up.
pub trait CountUp: Debug + Send + Sync + 'static {
    /// What the lock is.
    const INFO: LockFacts;

    /// R1.
    ///
    /// # Errors
    /// Why the reader is not counted.
    fn count_up<M: Machine>(vma: &AtomicMsbVma<M>) -> Result<(), Declined>;
}

/// Why a reader is declined by a count that has BIAS.
#[inline(always)]
fn why(old: u32) -> Declined {
    // A writer's count is at least BIAS + 2.
    if old < BIAS + 2 {
        Declined::Detached
    } else {
        Declined::WriterBit
    }
}

/// An unconditional add, undone when the writer's bias was there.
#[derive(Debug)]
pub struct AddThenLook;

impl AddThenLook {
    /// The count `old` had the writer's bias: undoes the add.
    #[cold]
    pub(super) fn back_off<M: Machine>(vma: &AtomicMsbVma<M>, old: u32) -> Declined {
        vma.put();
        why(old)
    }
}

impl CountUp for AddThenLook {
    const INFO: LockFacts = LockFacts {
        name: "atomic-msb",
        summary: "an atomic count with the writer's bias 0x80000000; new VMAs are stamped and counted, not write-locked",
        source: "Message-ID 20241213092223.GB2484@noisy.programming.kicks-ass.net",
        excludes: true,
    };

    #[inline(always)]
    fn count_up<M: Machine>(vma: &AtomicMsbVma<M>) -> Result<(), Declined> {
        // Acquire: pairs with Release in `attach` and in W4.
        let old = vma.count.fetch_add(1, Acquire);
        if has_bias(old) {
            return Err(Self::back_off(vma, old));
        }
        Ok(())
    }
}

/// A loop of exchanges, from a count without the writer's bias only.
#[derive(Debug)]
pub struct LookThenExchange;

impl CountUp for LookThenExchange {
    const INFO: LockFacts = LockFacts {
        name: "atomic-msb-cmpxchg",
        summary: "as atomic-msb, but a reader counts up by a loop of exchanges and not by an unconditional add",
        source: "this project, after the loop of Linux 6.15",
        excludes: true,
    };

    #[inline(always)]
    fn count_up<M: Machine>(vma: &AtomicMsbVma<M>) -> Result<(), Declined> {
        vma.count_up_unless(|old| has_bias(old).then(|| why(old)))
    }
}

/// The lock.
pub type AtomicMsbCmpxchg<M> = AtomicMsb<M, LookThenExchange>;

impl<M: Machine> AtomicMsbVma<M> {
    /// Counts up from a count that does not decline the reader.
    #[inline(always)]
    pub(super) fn count_up_unless(
        &self,
        declines: impl Fn(u32) -> Option<Declined>,
    ) -> Result<(), Declined> {
        // Relaxed: only a guess; the exchange decides.
        let mut old = self.count.load(Relaxed);
        loop {
            if let Some(reason) = declines(old) {
                return Err(reason);
            }
            // Acquire: pairs with Release in `attach` and in W4.
            match self
                .count
                .compare_exchange_weak(old, old + 1, Acquire, Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(now) => old = now,
            }
        }
    }
}
