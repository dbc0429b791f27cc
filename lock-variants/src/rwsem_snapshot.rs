//! `rwsem-snapshot`: as `rwsem`, with a late check that compares the VMA's number with what the early check saw of it.
//!
//! Upstream: proposed by Baghdasaryan in July 2023, while the per-VMA locks of 6.4 were made stable, so that a reader also
//! notices a VMA that was locked, detached and unlocked between its two checks. Not taken.
//!
//! # State
//! As in [`crate::adapter`].
//!
//! # Protocol
//! Reader: (R0) keep the VMA's number, and decline unless it is older than the mm's; (R1) try to lock shared, decline when
//! that fails; (R2) decline when the VMA is detached, or its number is not what R0 kept. Writer: as in
//! [`crate::adapter`].
//!
//! # Invariants
//! Those of [`crate::adapter`], and
//! 3. An mm's number only grows (see Progress), and a VMA that it write-locks gets its number of then. So a VMA whose number is
//!    older than one that its mm had at R0 was not write-locked in the section that was then going on, nor later.
//! 4. R0 alone decides whether the VMA was free, and R2 that nobody has stamped it since. Neither does without the other.
//!
//! # Memory ordering
//! - End of a section Release with R0's load of the mm's number Acquire. In `rwsem` that pair is with R2, and R0 is a
//!   filter that may be wrong; here R2 does not look at the mm's number, so that R0 has to be right.
//! - R0 may read the VMA's number in any order with the mm's: a stale one is not what R2 finds.
//! - The plain lock's Release (W3) with its Acquire (R1): R2 sees the stamp.
//!
//! # Progress
//! As `rwsem`, and a reader is declined for nothing when the VMA was write-locked and unlocked between R0 and R1. A VMA that
//! nobody write-locked for 2^31 sections seems locked, for as many sections, until a writer stamps it.
//!
//! # What differs from the kernel
//! - R0 wants "older", where the proposal had "not equal". Upstream a VMA was not reused before the readers that had found it
//!   were done, and the check was argued with every load in order. Here slots are recycled at once, so that another mm may have
//!   stamped the VMA with a number that its new mm is about to reach: W0 then finds it stamped already, and R2 finds it
//!   unchanged. "Not equal" also needs the loads of R0 ordered, the VMA's first. A test has the proposal's form and a
//!   model breaks it.
//! - The rest as in [`crate::adapter`].

use crate::adapter::{Design, Sequenced};
use crate::sequence::{Bits, PlusOne, UnchangedSince};
use bench_core::lock::LockFacts;
use bench_core::machine::Machine;
use bench_core::rwsem::RwSem;

/// What it changes of `rwsem`.
#[derive(Debug)]
pub struct Snapshot;

impl<M: Machine> Design<RwSem<M>> for Snapshot {
    const INFO: LockFacts = LockFacts {
        name: "rwsem-snapshot",
        summary: "as rwsem, but the late check fails when the VMA's number has changed since the early one",
        source: "proposed by Baghdasaryan, July 2023",
        excludes: true,
    };
    type Step = PlusOne;
    type Looks = UnchangedSince;
    type Width = Bits<32>;
}

/// The lock.
pub type RwsemSnapshot<M> = Sequenced<M, RwSem<M>, Snapshot>;

#[cfg(test)]
mod tests {
    use super::RwsemSnapshot;
    use bench_core::lock::{Declined, VmaLock};
    use bench_core::machine::Solo;
    use bench_core::space::Mm;

    type Lock = RwsemSnapshot<Solo>;

    fn map(mm: &Mm<Lock>, vma: &<Lock as VmaLock>::Vma) {
        let guard = mm.write_lock();
        mm.lock().start_write(vma, guard.section()).unwrap();
        mm.lock().attach(vma, guard.section());
    }

    /// A read: `None` when it held the VMA.
    fn declined(mm: &Mm<Lock>, vma: &<Lock as VmaLock>::Vma) -> Option<Declined> {
        match mm.lock().start_read(vma, 0) {
            Err(reason) => Some(reason),
            Ok(token) => {
                let _ = mm.lock().end_read(vma, token);
                None
            }
        }
    }

    #[test]
    fn each_reason_to_decline() {
        let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
        assert_eq!(declined(&mm, &vma), Some(Declined::Detached));
        map(&mm, &vma);
        assert_eq!(declined(&mm, &vma), None);
        let guard = mm.write_lock();
        assert_eq!(
            declined(&mm, &vma),
            None,
            "a section that has not touched it"
        );
        mm.lock().start_write(&vma, guard.section()).unwrap();
        assert_eq!(declined(&mm, &vma), Some(Declined::EarlySeq));
        drop(guard);
        assert_eq!(declined(&mm, &vma), None);
    }

    /// The number of the other mm's section is ahead of this one's.
    #[test]
    fn a_number_that_is_ahead_declines() {
        let (mm, ahead, vma) = (Mm::<Lock>::new(), Mm::<Lock>::new(), Lock::new_vma());
        for _ in 0..3 {
            drop(ahead.write_lock());
        }
        map(&ahead, &vma);
        assert_eq!(declined(&ahead, &vma), None);
        assert_eq!(declined(&mm, &vma), Some(Declined::EarlySeq));
    }
}
