//! `atomic-msb`, `atomic-msb-cmpxchg` and `atomic-msb-lock-detached`: a plain atomic count with the writer's bias in the top bit.
//!
//! Upstream: Zijlstra's proposal of 10 Dec 2024 (Message-ID `20241210223850.GA2484@noisy.programming.kicks-ass.net`),
//! discussed on 13 Dec 2024 (Message-ID `20241213092223.GB2484@noisy.programming.kicks-ass.net`). Meant for `atomic_t`: a
//! `refcount_t` takes the top bit for a sign of error ([`crate::refcount_t`]). Never merged in this form.
//!
//! # State
//!
//! | value | meaning |
//! |---|---|
//! | 1 | attached; write-locked or not, as the sequence numbers say |
//! | 2 ..= 0x7fffffff | that many readers, less one; some may be about to back off |
//! | BIAS + 2 | a writer owns it: the VMA's own count, and the writer's |
//! | above | a writer waits for readers |
//! | 0, BIAS, BIAS + 1 | detached; which of them means what differs, see [`AtomicMsb`] and [`AtomicMsbLockDetached`] |
//!
//! # Protocol
//! Writer: (W0) done when the numbers are equal; (W1) add BIAS + 1; (W2) wait until the count is BIAS + 2; (W3) stamp;
//! (W4) subtract BIAS + 1. The end of the section adds one to the mm's number.
//!
//! Detach: add BIAS - 1, which takes the VMA's own count away and keeps new readers out; wait until the count is BIAS.
//!
//! Reader: (R0) decline when the numbers are equal; (R1) count up, [`AtomicMsb`] without looking first, [`AtomicMsbCmpxchg`] and
//! [`AtomicMsbLockDetached`] only when that is allowed; (R2) when the numbers are equal now, count down and decline. To
//! end, count down. Who leaves a value that a writer may wait for wakes it.
//!
//! # Invariants
//! 1. BIAS is added and taken away only in a write section.
//! 2. A VMA is stamped only while BIAS is in the count and no reader is, or while it is detached.
//! 3. Both tests of a reader are needed: between W1 and W3 only BIAS keeps it out, after W4 only the number.
//!
//! # Memory ordering
//! - R1 Acquire with W4 Release: R2 sees the stamp (P8). R1 Acquire with attach Release: new fields are seen (P9).
//! - Count down Release with W2 Acquire: what a reader did comes before the writer (P7).
//! - The wait and the wake: [`crate::rcuwait`]. The numbers: [`crate::sequence`].
//!
//! # Progress
//! A reader never waits. A writer waits for the readers that are inside, parked, without spinning.
//!
//! # What differs from the kernel
//! It was never in the kernel. What differs from the mail stands with each design; the slot of the waiting writer is in
//! the VMA, as [`crate::rcuwait`] says.

mod count_up;
mod lock_detached;
mod stamp_first;
#[cfg(test)]
mod tests;

pub use count_up::{AddThenLook, AtomicMsbCmpxchg, CountUp, LookThenExchange};
pub use lock_detached::AtomicMsbLockDetached;
pub use stamp_first::AtomicMsb;

use crate::rcuwait::Rcuwait;
use crate::sequence::{self, MmSequence, VmaSequence};
use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The writer's bias.
pub const BIAS: u32 = 0x8000_0000;

/// The VMA's half of all of them.
#[derive(Debug)]
pub struct AtomicMsbVma<M: Machine> {
    /// See the table of the module.
    count: M::U32,
    /// `vm_lock_seq`.
    sequence: VmaSequence<M>,
    /// The writer that waits for readers.
    writer: Rcuwait<M>,
}

/// Whether BIAS is in a count.
#[inline(always)]
fn has_bias(count: u32) -> bool {
    count & BIAS != 0
}

impl<M: Machine> AtomicMsbVma<M> {
    /// A VMA whose count is `detached`.
    fn new(detached: u32) -> Self {
        Self {
            count: M::U32::new(detached),
            sequence: VmaSequence::new(),
            writer: Rcuwait::new(),
        }
    }

    /// Counts down, and wakes the writer that waits for it.
    #[inline(always)]
    fn put(&self) {
        // Release: pairs with Acquire where a writer waits; what the reader did comes before the writer.
        let left = self.count.fetch_sub(1, Release).wrapping_sub(1);
        if has_bias(left) {
            self.wake_if_awaited(left);
        }
    }

    #[cold]
    fn wake_if_awaited(&self, left: u32) {
        if left == BIAS || left == BIAS + 2 {
            self.writer.wake();
        }
    }

    /// W1 to W4, for a VMA that is attached.
    #[inline]
    fn drain_and_stamp(&self, mm: &MmSequence<M>) {
        // Relaxed: W2 orders what follows, and the mmap lock what came before.
        let old = self.count.fetch_add(BIAS + 1, Relaxed);
        debug_assert!(
            old != 0 && !has_bias(old),
            "write-locked while detached, or twice"
        );
        // Acquire: pairs with the Release of each reader's count down (P7). All of them are in one release sequence.
        self.writer
            .wait_until(|| self.count.load(Acquire) == BIAS + 2);
        self.sequence.stamp(mm);
        // Release: pairs with Acquire in R1; publishes the stamp.
        self.count.fetch_sub(BIAS + 1, Release);
    }

    /// Detach: leaves BIAS.
    #[inline]
    fn drain_for_detach(&self) {
        // Acquire: pairs with the Release of each reader's count down.
        if self.count.fetch_add(BIAS - 1, Acquire) != 1 {
            self.wait_for_transient_readers();
        }
    }

    /// Some reader counted up and is about to back off, or belongs to another mm.
    #[cold]
    fn wait_for_transient_readers(&self) {
        // Acquire: pairs with the Release of each reader's count down.
        self.writer.wait_until(|| self.count.load(Acquire) == BIAS);
    }

    fn describe(&self, mm: &MmSequence<M>) -> String {
        // Relaxed: for descriptions only.
        let count = self.count.load(Relaxed);
        let numbers = sequence::describe(&self.sequence, mm);
        format!("count={count:#x} ({}) {numbers}", decode(count))
    }
}

/// A count in words.
fn decode(count: u32) -> String {
    match count {
        0 | BIAS => "detached".to_owned(),
        1 => "attached, no reader".to_owned(),
        2..BIAS => crate::plural(count - 1, "reader"),
        _ if count == BIAS + 1 => "detached, write-locked or 1 reader about to back off".to_owned(),
        _ if count == BIAS + 2 => "writer owns it".to_owned(),
        _ => format!(
            "writer waits for {}",
            crate::plural(count - BIAS - 2, "reader")
        ),
    }
}
