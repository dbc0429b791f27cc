//! `rcuref`: the count of an `rcuref_t` as the lock of a VMA. A reader is one unconditional add and a test of the sign.
//!
//! Upstream: `lib/rcuref.c` (read at 50501936288d), the reference count that networking uses where many CPUs count at once:
//! it exchanges a loop for one add, because a loop of n CPUs takes of the order of n^2 tries, and keeps a dead object
//! dead by a zone of values wide enough that adds to it change nothing. It was never the lock of a VMA. This is what
//! `atomic-msb` ([`crate::atomic_msb`], Message-ID `20241210223850.GA2484@noisy.programming.kicks-ass.net`) becomes with
//! that encoding: the writer's bias from there, the dead zone from here.
//!
//! # State
//!
//! | `count` | meaning | in `rcuref_t` |
//! |---|---|---|
//! | 0 | attached; write-locked or not, as the sequence numbers say | one reference |
//! | n, 1 ..= 0x7fffffff | n readers; some may be about to back off | n more references |
//! | BIAS = 0x80000000 | a writer owns it | saturated |
//! | BIAS + n, up to 0xbfffffff | a writer waits for n readers, or owns it and n are about to back off | saturated |
//! | the dead zone, 0xc0000000 and above; DEAD = 0xe0000000 | detached | released, dead |
//!
//! So the count is one less than the references, the VMA's own among them, and the sign bit says "not for readers".
//!
//! # Protocol
//! Reader: (R0) decline when the numbers are equal; (R1) add 1; inside when the sum is not negative; (R2) when the numbers
//! are equal now, end as below and decline. To end, subtract 1; who leaves BIAS wakes the writer. When the sum at R1 is
//! negative, that sum, and no later look, says what follows:
//! - in the dead zone: the add is not undone. Exchange the sum for DEAD; that this fails does not matter.
//! - else: a writer, which may count on the undo. Undo it as at the end.
//!
//! Writer: (W0) done when the numbers are equal; a dead VMA is only stamped; (W1) add BIAS; (W2) wait until the count is
//! BIAS; (W3) stamp; (W4) subtract BIAS. The end of the section adds one to the mm's number.
//!
//! Attach: set 0. Detach: exchange 0 for DEAD; when that fails, readers are about to back off: add BIAS, wait until BIAS
//! can be exchanged for DEAD.
//!
//! # Invariants
//! 1. Only detach leads into the dead zone, and only from exactly 0 or exactly BIAS: then nobody is inside or about to undo
//!    an add. Only attach leads out of it. Both happen in a write section.
//! 2. In the dead zone nobody owes an undo. So all its values mean the same, attach may overwrite them, and the exchange
//!    for DEAD may wipe out the adds of others.
//! 3. That exchange succeeds only on a value of the dead zone: a stale reader that comes to it late, when the VMA has been
//!    attached again, changes nothing.
//! 4. In the dead zone the count rises only by adds whose exchange failed because another add came between. From DEAD to
//!    the end there is room for 2^29 of them.
//! 5. BIAS is added and taken away only by the one writer; W4 keeps the adds of readers that are about to back off.
//! 6. There are fewer than 2^30 readers, so that BIAS + n stays below the dead zone: tasks are fewer (2^22).
//! 7. A VMA is stamped only while BIAS is in the count and no reader is, or while it is dead.
//! 8. Both tests of a reader are needed: between W1 and W3 only the sign keeps it out, after W4 only the number.
//!
//! # Memory ordering
//! - R1 Acquire with W4 Release: R2 sees the stamp (P8). R1 Acquire with attach Release: new fields are seen (P9).
//! - Count down Release with Acquire in W2 and in detach: what a reader did comes before the writer (P7, P12).
//! - The exchange in the dead zone is Relaxed: it publishes nothing and nobody relies on it.
//! - The wait and the wake: [`crate::rcuwait`]. The numbers: [`crate::sequence`].
//!
//! # Progress
//! A reader never waits and never loops, however many readers meet. A writer that waits keeps new readers out, but it waits
//! for an exact value, and readers that back off change it for a moment each. Each that restores it wakes the writer: no
//! wake is lost, but there is no bound on how often it looks in vain. Stale readers of a dead VMA disturb nobody.
//!
//! # What differs from the kernel
//! - The writer: `rcuref_t` has none. It takes the zone in which the kernel's count saturates. Saturation turns a count
//!   that is wrong into a leak; a lock that leaks hangs, and nobody here counts down who has not counted up.
//! - The kernel's failed get stores DEAD, whatever is there by then. That is right as long as the object is set up again
//!   only after a grace period. VMAs are recycled at once, and the store would kill a VMA that was attached meanwhile, with
//!   readers inside: so it is an exchange (invariant 3).
//! - The kernel's failed get looks at the count again to see why; here the sum itself decides, since a second look may find
//!   the VMA detached where an undo is owed, or the other way round.
//! - The kernel's last put finds the count below zero and exchanges that for DEAD, and a get that comes between revives
//!   the object. Detach does both in one step, from 0: no reader is to revive a VMA, and new ones are to stay out.
//! - The kernel's put must not be preempted before it is through; here nobody waits for a grace period of it.

#[cfg(test)]
mod tests;

use crate::rcuwait::Rcuwait;
use crate::sequence::{self, MmSequence, VmaSequence};
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The writer's bias.
const BIAS: u32 = 0x8000_0000;
/// The lowest value of the dead zone (`RCUREF_RELEASED`).
const DEAD_ZONE: u32 = 0xc000_0000;
/// The value that a dead VMA is given, in the middle of the zone (`RCUREF_DEAD`).
const DEAD: u32 = 0xe000_0000;

/// The mm's half.
#[derive(Debug)]
pub struct Rcuref<M: Machine> {
    sequence: MmSequence<M>,
}

/// The VMA's half.
#[derive(Debug)]
pub struct RcurefVma<M: Machine> {
    /// See the table of the module.
    count: M::U32,
    /// `vm_lock_seq`.
    sequence: VmaSequence<M>,
    /// The writer that waits for readers.
    writer: Rcuwait<M>,
}

/// Whether a count is in the dead zone.
#[inline(always)]
fn is_dead(count: u32) -> bool {
    count >= DEAD_ZONE
}

impl<M: Machine> RcurefVma<M> {
    /// R1: counts up.
    #[inline(always)]
    fn get(&self) -> Result<(), Declined> {
        // Acquire: pairs with Release in `attach` and in W4.
        let sum = self.count.fetch_add(1, Acquire).wrapping_add(1);
        if sum.cast_signed() < 0 {
            return Err(self.get_failed(sum));
        }
        Ok(())
    }

    /// The add made a negative sum.
    #[cold]
    fn get_failed(&self, sum: u32) -> Declined {
        if is_dead(sum) {
            // Relaxed: it only keeps the count in the middle of the zone; when it fails, another add came after this one,
            // whose task tries as well, or the VMA has been attached.
            let _ = self.count.compare_exchange(sum, DEAD, Relaxed, Relaxed);
            return Declined::Detached;
        }
        self.put();
        if sum == BIAS {
            // From 0x7fffffff: a writer's count is BIAS before the add.
            Declined::Limit
        } else {
            Declined::WriterBit
        }
    }

    /// Counts down, and wakes the writer that waits for it.
    #[inline(always)]
    fn put(&self) {
        // Release: pairs with Acquire where a writer waits; what the reader did comes before the writer.
        let left = self.count.fetch_sub(1, Release).wrapping_sub(1);
        if left == BIAS {
            self.writer.wake();
        }
    }

    /// W1 to W4, for a VMA that is attached.
    #[inline]
    fn drain_and_stamp(&self, mm: &MmSequence<M>) {
        // Relaxed: W2 orders what follows, and the mmap lock what came before.
        let old = self.count.fetch_add(BIAS, Relaxed);
        debug_assert!(old < BIAS, "write-locked while dead, or twice");
        // Acquire: pairs with the Release of each reader's count down (P7). All of them are in one release sequence.
        self.writer.wait_until(|| self.count.load(Acquire) == BIAS);
        self.sequence.stamp(mm);
        // Release: pairs with Acquire in R1; publishes the stamp.
        self.count.fetch_sub(BIAS, Release);
    }

    /// One try to make the VMA dead from a count in which no reader is.
    #[inline]
    fn die(&self, count: u32) -> bool {
        // Acquire: pairs with the Release of each reader's count down (P12). Relaxed: who fails waits, and tries again.
        self.count
            .compare_exchange(count, DEAD, Acquire, Relaxed)
            .is_ok()
    }

    /// Some reader counted up and is about to back off, or belongs to another mm.
    #[cold]
    fn wait_for_transient_readers(&self) {
        // Relaxed: `die` orders what follows.
        self.count.fetch_add(BIAS, Relaxed);
        self.writer.wait_until(|| self.die(BIAS));
    }
}

impl<M: Machine> VmaLock for Rcuref<M> {
    type Machine = M;
    type Vma = RcurefVma<M>;
    type Token<'vma> = ();

    const INFO: LockFacts = LockFacts {
        name: "rcuref",
        summary: "a count with rcuref_t's sign test and dead zone, and the writer's bias 0x80000000 of atomic-msb",
        source: "lib/rcuref.c at 50501936288d; as the lock of a VMA: this project",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            sequence: MmSequence::new(),
        }
    }

    fn new_vma() -> Self::Vma {
        RcurefVma {
            count: M::U32::new(DEAD),
            sequence: VmaSequence::new(),
            writer: Rcuwait::new(),
        }
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        debug_assert!(
            vma.sequence.is_stamped(&self.sequence),
            "attached without write-lock"
        );
        // Release: pairs with Acquire in R1; publishes the stamp and what the new VMA is. The adds of stale readers that it
        // wipes out are not undone (invariant 2). A store would do, since the word's own order puts it behind the exchange of
        // any reader that added before it; but loom does not derive that order for a store, and so could not check the rest.
        let old = vma.count.swap(0, Release);
        debug_assert!(is_dead(old), "attached twice");
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        debug_assert!(
            vma.sequence.is_stamped(&self.sequence),
            "detached without write-lock"
        );
        if !vma.die(0) {
            vma.wait_for_transient_readers();
        }
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        _address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        if vma.sequence.seems_locked(&self.sequence) {
            return Err(Declined::EarlySeq);
        }
        vma.get()?;
        if vma.sequence.is_locked(&self.sequence) {
            vma.put();
            return Err(Declined::LateSeq);
        }
        Ok(())
    }

    #[inline]
    fn end_read<'vma>(&self, vma: &'vma Self::Vma, _token: Self::Token<'vma>) -> ReadEnd {
        vma.put();
        ReadEnd::Committed
    }

    #[inline]
    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        if vma.sequence.is_stamped(&self.sequence) {
            return Ok(());
        }
        // Relaxed: only writers change whether it is dead, and the mmap lock orders them.
        if is_dead(vma.count.load(Relaxed)) {
            vma.sequence.stamp(&self.sequence);
        } else {
            vma.drain_and_stamp(&self.sequence);
        }
        Ok(())
    }

    #[inline]
    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.sequence.end_section();
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        // Relaxed: for descriptions only.
        let count = vma.count.load(Relaxed);
        let numbers = sequence::describe(&vma.sequence, &self.sequence);
        format!("count={count:#x} ({}) {numbers}", decode(count))
    }
}

/// A count in words.
fn decode(count: u32) -> String {
    match count {
        0 => "attached, no reader".to_owned(),
        1..BIAS => crate::plural(count, "reader"),
        BIAS => "writer owns it".to_owned(),
        DEAD_ZONE.. => "detached".to_owned(),
        _ => format!("writer waits for {}", crate::plural(count - BIAS, "reader")),
    }
}
