//! Any reader-writer lock as the lock of a VMA: two sequence numbers and a flag around it, as Linux 6.4 around its rwsem.
//!
//! This is also the door for a lock of your own. Implement [`PlainLock`]; [`Sequenced`] makes a
//! [`VmaLock`] of it:
//!
//! ```
//! use bench_core::lock::{LockFacts, VmaLock};
//! use bench_core::machine::Solo;
//! use lock_variants::adapter::{PlainLock, Sequenced};
//! use std::sync::{Mutex, MutexGuard};
//!
//! #[derive(Debug)]
//! struct OneAtATime(Mutex<()>);
//!
//! impl PlainLock for OneAtATime {
//!     type Guard<'lock> = MutexGuard<'lock, ()>;
//!     const INFO: LockFacts = LockFacts {
//!         name: "one-at-a-time",
//!         summary: "a mutex, so that readers exclude each other too",
//!         source: "this example",
//!         excludes: true,
//!     };
//!     fn new() -> Self {
//!         Self(Mutex::new(()))
//!     }
//!     fn try_read(&self) -> Option<MutexGuard<'_, ()>> {
//!         self.0.try_lock().ok()
//!     }
//!     fn with_write(&self, stamp: impl FnOnce()) {
//!         let _guard = self.0.lock();
//!         stamp();
//!     }
//! }
//!
//! let lock = Sequenced::<Solo, OneAtATime>::new();
//! let vma = Sequenced::<Solo, OneAtATime>::new_vma();
//! assert!(lock.start_read(&vma, 0x1000).is_err(), "a new VMA is detached");
//! ```
//!
//! [`Design`] is what the designs around one plain lock differ in; [`Original`] is what is described here.
//!
//! # State
//!
//! | word | meaning |
//! |---|---|
//! | the plain lock | held shared by readers; held exclusively only while a writer stamps or detaches |
//! | `vm_lock_seq` | equal to `mm_lock_seq`: write-locked |
//! | `detached` | 1: readers are declined |
//!
//! # Protocol
//! Reader: (R0) decline when the numbers are equal; (R1) try to lock shared, decline when that fails; (R2) decline when
//! the numbers are equal now, or the VMA is detached. Writer: (W0) done when the numbers are equal and the VMA is attached;
//! (W1) lock exclusively, which waits for readers; (W2) stamp; (W3) unlock. The end of the section adds one to the mm's
//! number.
//!
//! # Invariants
//! 1. A number is stamped only while the plain lock is held exclusively.
//! 2. `detached` changes from 0 to 1 only while the plain lock is held exclusively, and back only in a write section.
//! 3. The number on an attached VMA is one of its own mm's, stamped since the VMA was last detached. The number on a
//!    detached one may be another mm's.
//!
//! # Memory ordering
//! - The plain lock's own Acquire (R1) and Release (W3) make R2 see the stamp and the flag. A [`PlainLock`] has to
//!   provide them.
//! - The flag is Relaxed everywhere. `detach` sets it with the plain lock held. `attach` clears it behind a stamp that the
//!   plain lock published: who sees it cleared too early is declined by the second look, and who is not declined sees the
//!   end of that section, and so what the recycled VMA is now (P9).
//! - [`crate::sequence`] has the rest.
//!
//! # Progress
//! A reader never waits. Whether readers can starve a writer is up to the plain lock.
//!
//! # What differs from the kernel
//! `detach` also takes the plain lock exclusively once, to wait out a reader of another mm that found the VMA before it
//! was recycled: the contract asks for it, since there is no grace period before reuse. In 6.4 it only set the flag.
//!
//! W0 does not trust the number on a detached VMA, for the same reason; in 6.4 equal numbers were enough. A reader of the
//! new mm that found the VMA before may be between its two tests of R2: it saw numbers that differed then, and sections
//! of its mm have ended since, which can bring the mm's number to the one that the old mm left. Without W1 nothing would
//! wait for that reader, and after `attach` it would hold the VMA in the middle of the section.

use crate::sequence::{
    self, Bits, EqualTwice, Looks, MmSequence, PlusOne, Step, VmaSequence, Width,
};
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::Relaxed;

/// A reader-writer lock that knows nothing of VMAs.
pub trait PlainLock: Debug + Send + Sync + 'static {
    /// What a reader keeps; dropping it unlocks, with Release.
    type Guard<'lock>;

    /// What the lock is. The name is that of the VMA lock made of it.
    const INFO: LockFacts;

    /// Bytes on the heap that each lock owns.
    const HEAP_BYTES: usize = 0;

    /// An unlocked lock.
    fn new() -> Self;

    /// Locks it shared if that needs no waiting, with Acquire.
    fn try_read(&self) -> Option<Self::Guard<'_>>;

    /// Locks it exclusively, waiting for readers, with Acquire; calls `stamp`; unlocks it, with Release.
    fn with_write(&self, stamp: impl FnOnce());

    /// Why [`PlainLock::try_read`] has just declined. The lock may have changed since: it only names the reason.
    #[cold]
    fn why_declined(&self) -> Declined {
        Declined::WriterBit
    }

    /// The words of the lock as they are now, for the report of a lock that hangs.
    fn describe(&self) -> String {
        format!("lock={self:?}")
    }
}

/// What the designs around one plain lock differ in.
pub trait Design<P>: Debug + Send + Sync + 'static {
    /// What the lock is.
    const INFO: LockFacts;
    /// How the mm's number counts.
    type Step: Step;
    /// How a reader finds out whether a VMA is write-locked.
    type Looks: Looks;
    /// How wide the numbers are.
    type Width: Width;
}

/// As in Linux 6.4.
#[derive(Debug)]
pub struct Original;

impl<P: PlainLock> Design<P> for Original {
    const INFO: LockFacts = P::INFO;
    type Step = PlusOne;
    type Looks = EqualTwice;
    type Width = Bits<32>;
}

/// A [`PlainLock`] as the lock of a VMA. This is the mm-wide half.
#[derive(Debug)]
pub struct Sequenced<M: Machine, P: PlainLock, D: Design<P> = Original> {
    sequence: MmSequence<M, D::Step, D::Width>,
    plain: PhantomData<fn() -> P>,
}

/// The VMA's half.
#[derive(Debug)]
pub struct SequencedVma<M: Machine, P, W: Width = Bits<32>> {
    plain: P,
    sequence: VmaSequence<M, W>,
    detached: M::U32,
}

impl<M: Machine, P: PlainLock, D: Design<P>> VmaLock for Sequenced<M, P, D> {
    type Machine = M;
    type Vma = SequencedVma<M, P, D::Width>;
    type Token<'vma> = P::Guard<'vma>;

    const INFO: LockFacts = D::INFO;
    const VMA_HEAP_BYTES: usize = P::HEAP_BYTES;

    fn new() -> Self {
        Self {
            sequence: MmSequence::new(),
            plain: PhantomData,
        }
    }

    fn new_vma() -> Self::Vma {
        SequencedVma {
            plain: P::new(),
            sequence: VmaSequence::new(),
            detached: M::U32::new(1),
        }
    }

    #[inline]
    fn begin_write(&self, _section: &WriteSection<'_>) {
        self.sequence.begin_section();
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        // Relaxed: a reader that holds the plain lock after it sees the stamp of this section, is declined until the section
        // ends, and then sees by the mm's number what was written in it.
        vma.detached.store(0, Relaxed);
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        // Relaxed: the unlock publishes it to every reader that locks the plain lock later; there is none inside.
        vma.plain.with_write(|| vma.detached.store(1, Relaxed));
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        _address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        let Some(seen) = D::Looks::before(&vma.sequence, &self.sequence) else {
            return Err(Declined::EarlySeq);
        };
        let Some(guard) = vma.plain.try_read() else {
            return Err(vma.plain.why_declined());
        };
        if D::Looks::after(&vma.sequence, &self.sequence, seen) {
            return Err(Declined::LateSeq);
        }
        // Relaxed: the plain lock orders it after the last `detach`, and the second look after the section of the last `attach`.
        if vma.detached.load(Relaxed) != 0 {
            return Err(Declined::Detached);
        }
        Ok(guard)
    }

    #[inline]
    fn end_read<'vma>(&self, _vma: &'vma Self::Vma, token: Self::Token<'vma>) -> ReadEnd {
        drop(token);
        ReadEnd::Committed
    }

    #[inline]
    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        // Invariant 3: on a detached VMA the number may be another mm's, which kept no reader of this one out. Relaxed: only
        // writers change the flag, and the mmap lock, or what hands a detached VMA on to another mm, orders them.
        let is_locked = vma.sequence.is_stamped(&self.sequence) && vma.detached.load(Relaxed) == 0;
        if !is_locked {
            vma.plain.with_write(|| vma.sequence.stamp(&self.sequence));
        }
        Ok(())
    }

    #[inline]
    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.sequence.end_section();
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        let plain = vma.plain.describe();
        let numbers = sequence::describe(&vma.sequence, &self.sequence);
        // Relaxed: for descriptions only.
        let detached = vma.detached.load(Relaxed);
        format!("{plain} {numbers} detached={detached}")
    }
}
