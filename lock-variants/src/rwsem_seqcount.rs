//! `rwsem-seqcount`: as `rwsem`, with the mm's number as a sequence count.
//!
//! Upstream: `mm_lock_seq` became a `seqcount_t` in Linux 6.14 (22 Nov 2024, Message-ID
//! `20241122174416.1367052-2-surenb@google.com`), so that others than VMA readers can speculate on the whole mm. The
//! per-VMA rwsem lived on until 6.15.
//!
//! # State
//! As in [`crate::adapter`], but the mm's number tells whether somebody write-holds the mmap lock:
//!
//! | `mm_lock_seq` | meaning |
//! |---|---|
//! | even | no write section; no VMA is write-locked |
//! | odd | a write section; a VMA with this number is write-locked |
//!
//! `vm_lock_seq` is odd once the VMA has been write-locked, and odd in a slot that never held a VMA (2^32 - 1).
//!
//! # Protocol
//! As in [`crate::adapter`]; in addition the beginning of a section adds one to the mm's number.
//!
//! # Invariants
//! 1. The mm's number is odd exactly while the mmap lock is held for writing and not yet about to be released or downgraded.
//! 2. Those of [`crate::adapter`].
//!
//! # Memory ordering
//! - Begin of a section Release with R2 Acquire. Without sequence counts a reader that relies on the end of a section sees
//!   the number that this end stored. Here it may see the next odd number instead, and a store that is not Release would
//!   hand it nothing of what was written in the section before. A model finds the torn read when it is Relaxed.
//! - The rest as in [`crate::adapter`] and [`crate::sequence`].
//!
//! # Progress
//! As `rwsem`. The number comes back to a value after 2^31 sections and not 2^32 (P4).
//!
//! # What differs from the kernel
//! - Upstream's begin is a plain store with a write barrier after it, for who speculates on the mm. Here nobody does, so
//!   that there is no barrier, and the store is Release for the readers of VMAs. In the kernel the order that they need
//!   comes from the end's write barrier and from the mmap lock on the way to the next begin.
//! - The rwsem is in the VMA, not in a slab object of its own. The rest as in [`crate::adapter`].

use crate::adapter::{Design, Sequenced};
use crate::sequence::{Bits, EqualTwice, OddInside};
use bench_core::lock::LockFacts;
use bench_core::machine::Machine;
use bench_core::rwsem::RwSem;

/// What it changes of `rwsem`.
#[derive(Debug)]
pub struct Seqcount;

impl<M: Machine> Design<RwSem<M>> for Seqcount {
    const INFO: LockFacts = LockFacts {
        name: "rwsem-seqcount",
        summary: "as rwsem, but the mm's number is a sequence count, odd while the mmap lock is write-held",
        source: "Linux 6.14, Message-ID 20241122174416.1367052-2-surenb@google.com",
        excludes: true,
    };
    type Step = OddInside;
    type Looks = EqualTwice;
    type Width = Bits<32>;
}

/// The lock.
pub type RwsemSeqcount<M> = Sequenced<M, RwSem<M>, Seqcount>;

#[cfg(test)]
mod tests {
    use super::RwsemSeqcount;
    use bench_core::lock::{Declined, VmaLock};
    use bench_core::machine::Solo;
    use bench_core::space::Mm;

    type Lock = RwsemSeqcount<Solo>;

    /// The three numbers at the end of a description.
    fn words(mm: &Mm<Lock>, vma: &<Lock as VmaLock>::Vma) -> String {
        let described = mm.lock().describe(vma);
        let at = described.find("vm_lock_seq").unwrap();
        described[at..].to_owned()
    }

    #[test]
    fn the_numbers_after_each_step() {
        let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
        assert_eq!(
            words(&mm, &vma),
            "vm_lock_seq=4294967295 mm_lock_seq=0 detached=1"
        );
        let guard = mm.write_lock();
        assert_eq!(
            words(&mm, &vma),
            "vm_lock_seq=4294967295 mm_lock_seq=1 detached=1"
        );
        mm.lock().start_write(&vma, guard.section()).unwrap();
        mm.lock().attach(&vma, guard.section());
        assert_eq!(words(&mm, &vma), "vm_lock_seq=1 mm_lock_seq=1 detached=0");
        assert_eq!(
            mm.lock().start_read(&vma, 0).err(),
            Some(Declined::EarlySeq)
        );
        let guard = guard.downgrade();
        assert_eq!(words(&mm, &vma), "vm_lock_seq=1 mm_lock_seq=2 detached=0");
        drop(guard);
        let guard = mm.write_lock();
        assert_eq!(words(&mm, &vma), "vm_lock_seq=1 mm_lock_seq=3 detached=0");
        let token = mm
            .lock()
            .start_read(&vma, 0)
            .expect("a section that has not touched it");
        let _ = mm.lock().end_read(&vma, token);
        mm.lock().start_write(&vma, guard.section()).unwrap();
        mm.lock().detach(&vma, guard.section());
        drop(guard);
        assert_eq!(words(&mm, &vma), "vm_lock_seq=3 mm_lock_seq=4 detached=1");
        assert_eq!(
            mm.lock().start_read(&vma, 0).err(),
            Some(Declined::Detached)
        );
    }
}
