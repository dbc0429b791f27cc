//! `refcount-lock-detached`: as `refcount`, with new VMAs that are write-locked by a store of OFFSET + 1.
//!
//! Upstream: Baghdasaryan's interim answer to the mail of 13 Dec 2024 (Message-ID
//! `20241213092223.GB2484@noisy.programming.kicks-ass.net`): when the count is 0, set it to the writer's bit and one instead of
//! adding the bit. `atomic-msb-lock-detached` is the same on the mail's word.
//!
//! # State
//! As in [the module](super), and
//!
//! | count of a detached VMA | meaning |
//! |---|---|
//! | 0 | nobody has write-locked it, or its number, another mm's, equalled the writer's already |
//! | OFFSET + 1 | write-locked, until it is attached |
//!
//! # Protocol
//! As in [the module](super), but `start_write` of a detached VMA stores OFFSET + 1 and stamps. `attach` stores 1: the bit goes, and
//! the writer's count becomes the VMA's own. When the section ends without `attach` the count stays, which keeps readers out as
//! 0 does; the next writer only stamps.
//!
//! # Invariants
//! Those of [the module](super), the third with: or while the VMA is detached. No reader counts up from 0 or OFFSET + 1, so that
//! neither store replaces a reader's count. With an unconditional add it would (`atomic-msb` says how).

use super::new_vma::NewVma;
use super::{Form, MmNumber, Refcount, RefcountVma};
use crate::rcuwait::NoSpin;
use crate::refcount_t::Saturating;
use crate::sequence::Bits;
use bench_core::lock::LockFacts;
use bench_core::machine::Machine;
use std::sync::atomic::Ordering::{Relaxed, Release};

/// What it changes of `refcount`.
#[derive(Debug)]
pub struct LockDetached;

impl Form for LockDetached {
    const INFO: LockFacts = LockFacts {
        name: "refcount-lock-detached",
        summary: "as refcount, but new VMAs are write-locked by storing 0x40000001",
        source: "Message-ID 20241213092223.GB2484@noisy.programming.kicks-ass.net",
        excludes: true,
    };
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = StoreWriter;
}

/// Store what a writer's count would be.
#[derive(Debug)]
pub struct StoreWriter;

impl NewVma for StoreWriter {
    const WRITER_AND_ONE: &str =
        "detached and write-locked, writer owns it, or detacher waits for 1 reader";

    #[inline(always)]
    fn start_write<M: Machine, F: Form>(vma: &RefcountVma<M, F>, mm: &MmNumber<M, F>) {
        if vma.sequence.is_stamped(mm) {
            return;
        }
        // Relaxed: only writers store either, and the mmap lock orders them, or what hands a detached VMA on to another mm.
        let count = vma.count.read(Relaxed);
        if count != 0 && count != F::WRITER + 1 {
            let attached = vma.drain_and_stamp(mm);
            debug_assert!(attached, "detached without the mmap lock");
            return;
        }
        // Relaxed: readers decline at 0 as at OFFSET + 1, and `attach` publishes the stamp.
        vma.count.set(F::WRITER + 1, Relaxed);
        vma.sequence.stamp(mm);
    }

    #[inline(always)]
    fn attach<M: Machine, F: Form>(vma: &RefcountVma<M, F>, mm: &MmNumber<M, F>) {
        debug_assert!(vma.sequence.is_stamped(mm), "attached without write-lock");
        debug_assert!(
            [0, F::WRITER + 1].contains(&vma.count.read(Relaxed)),
            "attached twice"
        );
        // Release: pairs with Acquire in R1; publishes the stamp and what the new VMA is.
        vma.count.set(1, Release);
    }
}

/// The lock.
pub type RefcountLockDetached<M> = Refcount<M, LockDetached>;

#[cfg(test)]
mod tests {
    use super::super::tests::{count, counts, new_vma_steps};
    use super::super::{OFFSET, decode};
    use super::{LockDetached, RefcountLockDetached};
    use bench_core::lock::{Declined, VmaLock};
    use bench_core::machine::Solo;
    use bench_core::space::Mm;

    type Lock = RefcountLockDetached<Solo>;

    #[test]
    fn the_words_after_each_step() {
        let locked = OFFSET + 1;
        assert_eq!(counts::<Lock, LockDetached>(), [0, locked, 1, 3, 1, 1, 0]);
        assert_eq!(
            new_vma_steps::<Lock, _>(),
            [(0, u32::MAX), (0, u32::MAX), (locked, 2), (1, 2)]
        );
    }

    #[test]
    fn one_that_was_given_up_keeps_its_count_and_is_attached_later() {
        let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
        for _ in 0..2 {
            let guard = mm.write_lock();
            mm.lock().start_write(&vma, guard.section()).unwrap();
            drop(guard);
            assert_eq!(count(&vma), OFFSET + 1);
            assert_eq!(mm.lock().start_read(&vma, 0), Err(Declined::WriterBit));
        }
        let guard = mm.write_lock();
        mm.lock().start_write(&vma, guard.section()).unwrap();
        mm.lock().attach(&vma, guard.section());
        drop(guard);
        assert_eq!(mm.lock().start_read(&vma, 0), Ok(()));
        assert_eq!(count(&vma), 2);
    }

    #[test]
    fn a_word_in_words() {
        assert!(decode::<LockDetached>(OFFSET + 1).starts_with("detached and write-locked"));
    }
}
