//! `refcount`, and the locks that change one thing of it: the merged VMA lock, a reference count with a writer's bit.
//!
//! Upstream: merged for Linux 6.15 as f35ab95ca0af (series v10 of 13 Feb 2025, Message-ID
//! `20250213224655.1680278-1-surenb@google.com`), with VMAs that are recycled at once (SLAB_TYPESAFE_BY_RCU, 3104138517fc).
//!
//! # State
//! `vm_refcnt`, a [`RefcountT`]:
//!
//! | value | meaning |
//! |---|---|
//! | 0 | detached; only `attach` counts up from it |
//! | 1 | attached; write-locked or not, as the sequence numbers say |
//! | 2 ..= LIMIT | that many readers, less one; some may be about to back off |
//! | OFFSET | detaching: the last reader is gone |
//! | OFFSET + 1 | a writer waits no more, or a detacher waits for one reader |
//! | above | a writer or a detacher waits for readers |
//!
//! # Protocol
//! Reader: (R0) decline when the numbers are equal; (R1) count up, unless the count is 0, or at or above LIMIT, which a
//! writer's bit makes it; (R2) when the numbers are equal now, count down and decline. To end, count down; who leaves
//! OFFSET or OFFSET + 1 wakes the writer.
//!
//! Writer: (W0) done when the numbers are equal; (W1) add OFFSET, unless the count is 0; (W2) wait until the count is
//! OFFSET + 1; (W3) stamp; (W4) subtract OFFSET. The end of the section adds one to the mm's number.
//!
//! Attach: set the count to 1. Detach: count down; when that does not reach 0, some reader is about to back off: add
//! OFFSET, wait until the count is OFFSET, subtract OFFSET.
//!
//! This is the text of [`Refcount`]. What it leaves open is its [`Form`]: [`spin`], [`v6`], [`plain`] and [`seq64`] change one
//! thing for all VMAs, [`lock_detached`], [`prestamp`] and [`stamp_new`] how a new one is write-locked ([`NewVma`]).
//!
//! # Invariants
//! 1. Only `attach` changes the count from 0, in a write section: R1, W1 and detach count up from other values only.
//! 2. While OFFSET is in the count nobody counts up, since LIMIT is below OFFSET.
//! 3. A VMA is stamped only while the count is OFFSET + 1, or 0.
//! 4. Both tests of a reader are needed: between W1 and W3 only the bit keeps it out, after W4 only the number.
//!
//! # Memory ordering
//! - R1 Acquire with W4 Release: R2 sees the stamp (in v9 it was Relaxed, which let R2 be answered too early; P8).
//! - R1 Acquire with attach Release: the reader of a recycled VMA sees its new fields (P9).
//! - End of read Release with W2 Acquire: what a reader did comes before the writer (P7). W1 is Relaxed: W2 orders it.
//! - The wait and the wake: [`crate::rcuwait`]. The numbers: [`crate::sequence`].
//!
//! # Progress
//! A reader never waits; its count-up may repeat while others succeed. A writer waits for the readers that are inside,
//! and for no new ones. It parks at once, without spinning. A wake at OFFSET + 1 while a detacher waits for OFFSET is
//! spurious.
//!
//! # What differs from the kernel
//! - W2's last load is Acquire. The kernel's is relaxed, with a full barrier before it and a control dependency after it,
//!   which on paper does not keep the writer's later loads behind the drain (P7, a hypothesis).
//! - The mm's number counts sections by one; from 6.14 on the kernel's is a sequence count that is odd in a section.
//! - The slot of the waiting writer is in the VMA, not in the mm: [`crate::rcuwait`] says why. [`per_mm`] has it in the mm.
//! - Identity is checked by the address space after `start_read`, as in 6.15 and 6.16; [`per_mm`] checks the mm itself.

pub mod lock_detached;
mod merged;
mod new_vma;
pub mod per_mm;
pub mod plain;
pub mod prestamp;
pub mod seq64;
pub mod spin;
pub mod stamp_new;
#[cfg(test)]
mod tests;
pub mod v6;

pub use merged::{Merged, Refcount};
pub use new_vma::{NewVma, TryCount};
pub use prestamp::RefcountPrestamp;

use crate::rcuwait::{Rcuwait, Spin};
use crate::refcount_t::{Checks, RefcountT, Refused};
use crate::sequence::{self, MmSequence, PlusOne, VmaSequence, Width};
use bench_core::lock::{Declined, LockFacts};
use bench_core::machine::Machine;
use std::fmt::Debug;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// The writer's bit (`VMA_LOCK_OFFSET`).
pub const OFFSET: u32 = 0x4000_0000;
/// The highest count that a reader may make (`VMA_REF_LIMIT`).
pub const LIMIT: u32 = OFFSET - 1;

/// What the forms of the design differ in.
pub trait Form: Debug + Send + Sync + 'static {
    /// What the lock is.
    const INFO: LockFacts;
    /// What a writer adds, and a detacher that has to wait: OFFSET, and its own count where it has one.
    const WRITER: u32 = OFFSET;
    /// The highest count that a reader may make.
    const LIMIT: u32 = LIMIT;
    /// What a writer does before it parks.
    type Spin: Spin;
    /// How wide the sequence numbers are.
    type Width: Width;
    /// Whether the count looks for values that no correct use produces.
    type Checks: Checks;
    /// How a new VMA is write-locked.
    type NewVma: NewVma;

    /// Whether a reader that counted up from `old` has to back off.
    #[inline(always)]
    #[must_use]
    fn backs_off(old: u32) -> bool {
        let _ = old;
        false
    }
}

/// The VMA's half of all forms.
#[derive(Debug)]
pub struct RefcountVma<M: Machine, F: Form = Merged> {
    /// `vm_refcnt`, see the table of the module.
    count: RefcountT<M, F::Checks>,
    /// `vm_lock_seq`.
    sequence: VmaSequence<M, F::Width>,
    /// The writer that waits for readers.
    writer: Rcuwait<M, F::Spin>,
}

/// The mm's number in a form.
pub type MmNumber<M, F> = MmSequence<M, PlusOne, <F as Form>::Width>;

impl<M: Machine, F: Form> RefcountVma<M, F> {
    fn new() -> Self {
        Self {
            count: RefcountT::new(0),
            sequence: VmaSequence::new(),
            writer: Rcuwait::new(),
        }
    }

    /// R0 to R2.
    #[inline(always)]
    fn start_read(&self, mm: &MmNumber<M, F>) -> Result<(), Declined> {
        if self.sequence.seems_locked(mm) {
            return Err(Declined::EarlySeq);
        }
        match self.count.inc_not_zero_limited_acquire(F::LIMIT) {
            Err(refused) => return Err(why(&self.count, F::LIMIT, refused)),
            Ok(old) if F::backs_off(old) => {
                self.put();
                return Err(Declined::WriterBit);
            }
            Ok(_) => {}
        }
        if self.sequence.is_locked(mm) {
            self.put();
            return Err(Declined::LateSeq);
        }
        Ok(())
    }

    /// Counts down, and wakes the writer that waits for it.
    #[inline(always)]
    fn put(&self) {
        let left = self.count.sub_return(1);
        if left == F::WRITER || left == F::WRITER + 1 {
            self.writer.wake();
        }
    }

    /// W1 to W4; `false` when the VMA is detached, and then nothing was done.
    #[inline]
    fn drain_and_stamp(&self, mm: &MmNumber<M, F>) -> bool {
        if !self.count.add_not_zero(F::WRITER) {
            return false;
        }
        // Acquire: pairs with the Release of each reader's count down (P7). All of them are in one release sequence.
        self.writer
            .wait_until(|| self.count.read(Acquire) == F::WRITER + 1);
        self.sequence.stamp(mm);
        // Its Release publishes the stamp to R1.
        let left = self.count.sub_return(F::WRITER);
        debug_assert_ne!(left, 0, "a write-locked VMA lost its own count");
        true
    }

    #[inline]
    fn detach(&self) {
        if !self.count.dec_and_test() {
            self.wait_for_transient_readers();
        }
    }

    /// Some reader counted up and is about to back off, or belongs to another mm.
    #[cold]
    fn wait_for_transient_readers(&self) {
        if self.count.add_not_zero(F::WRITER) {
            // Relaxed: the subtraction that follows leaves 0, and is Acquire then: it pairs with each reader's count down.
            self.writer
                .wait_until(|| self.count.read(Relaxed) == F::WRITER);
            let left = self.count.sub_return(F::WRITER);
            debug_assert_eq!(left, 0, "a reader entered a detached VMA");
        } else {
            // The last reader took it to 0 meanwhile, which was seen. Acquire: pairs with the Release of its count down.
            M::fence(Acquire);
        }
    }

    fn describe(&self, mm: &MmNumber<M, F>) -> String {
        // Relaxed: for descriptions only.
        let count = self.count.read(Relaxed);
        let numbers = sequence::describe(&self.sequence, mm);
        format!("vm_refcnt={count:#x} ({}) {numbers}", decode::<F>(count))
    }
}

/// Why R1 did not count up.
#[cold]
fn why<M: Machine, C: Checks>(count: &RefcountT<M, C>, limit: u32, refused: Refused) -> Declined {
    match refused {
        Refused::Zero => Declined::Detached,
        // Relaxed: the word may have changed since it was refused; it only names the reason.
        Refused::Limit if count.read(Relaxed) == limit => Declined::Limit,
        Refused::Limit => Declined::WriterBit,
    }
}

/// A count in words.
fn decode<F: Form>(count: u32) -> String {
    match count {
        0 => "detached".to_owned(),
        1 => "attached, no reader".to_owned(),
        2..OFFSET => crate::plural(count - 1, "reader"),
        0x8000_0000.. => "saturated".to_owned(),
        _ if count == F::WRITER => "detaching, no reader left".to_owned(),
        _ if count == F::WRITER + 1 => F::NewVma::WRITER_AND_ONE.to_owned(),
        _ => format!(
            "writer waits for {}",
            crate::plural(count.saturating_sub(F::WRITER + 1), "reader")
        ),
    }
}
