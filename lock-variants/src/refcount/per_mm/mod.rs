//! `refcount-6.17` and `refcount-6.19`: the merged lock as repaired in Linux 6.17, with the slot of the waiting writer in the mm, and
//! the same with a write lock that a fatal signal interrupts.
//!
//! Upstream: Message-ID `20250728175355.2282375-1-surenb@google.com`, which repairs a use after free of 6.15 and 6.16 (reported in
//! `CAG48ez0-deFbVH=E3jbkWx=X3uVbd8nWeo6kbJPQ0KoUD+m2tA@mail.gmail.com`; P10 in `kernel-locks.md`). The killable write lock: commits
//! 2197bb60f890, 7370f8e1b3a8, ecf371b2cabe and faf3c923523e of Linux 6.19.
//!
//! # State
//! Each VMA: `vm_refcnt`, with the values of [the table of `refcount`](super); `vm_lock_seq`; `vm_mm`, the number of the mm that it
//! belongs or last belonged to, 0 before the first. Each mm: its number, given once; `mm_lock_seq`, odd in a write section;
//! `vma_writer_wait`, the [slot](crate::rcuwait) of its waiting writer.
//!
//! # Protocol
//! As [`refcount`](super), with one step more for a reader, between R1 and R2:
//!
//! - R1 counted up. When the VMA's mm is not the reader's, the slot of the VMA was recycled since the reader found it. Another mm's
//!   writer may be waiting for this very count, and may free its mm as soon as the count is gone. So the reader grabs that mm,
//!   counts down, wakes that mm's writer if it is due, lets go of that mm (`mmgrab`, `vma_refcount_put`, `mmdrop`), and declines.
//! - Attach writes `vm_mm` before it sets the count to 1.
//!
//! In `refcount-6.19` the wait of W2 ends with a fatal signal too. The writer then leaves W3 out, does W4, and returns: the count is
//! what the readers make it, the numbers are what they were. A detached VMA is stamped without a wait, and detach waits as before,
//! signal or not.
//!
//! # Invariants
//! 1. Those of [`refcount`](super).
//! 2. `vm_mm` changes only while the count is 0: what a reader reads of it while it is counted stays true until it counts down.
//! 3. An mm is found by its number as long as one of its VMAs is attached or counted: the mm detaches all of them before it goes
//!    away (rule 5 of [`VmaLock`](bench_core::lock::VmaLock)), and detach returns only when the count is 0. So the reader that is
//!    counted always finds the mm that it has to grab.
//! 4. OFFSET is subtracted as often as it was added, however W2 ended (P22).
//! 5. A VMA is stamped after its readers are gone and never before. Were it stamped before W2, a writer that was killed there would
//!    leave the number behind, W0 of the next call in the same section would take it for done, and readers would still be inside (P3).
//!    Where no signal ends W2 it would be unsafe all the same in weak memory: the numbers are Relaxed, so that a reader of one section
//!    may see that section's number in the mm and the next one's on the VMA, and stay, although nothing has told it that its section
//!    is over. Only with a Release fence before the stamp, and an Acquire fence behind the look, would it do no more than turn readers
//!    away.
//! 6. Nobody touches an mm's slot without either being a thread of that mm or having grabbed it before counting down.
//!
//! # Memory ordering
//! - `vm_mm` is Relaxed: attach writes it before its Release, which R1's Acquire pairs with (P9).
//! - The rest as in [`refcount`](super). The sequence count: [`OddInside`].
//!
//! # Progress
//! As [`refcount`](super). A reader of a foreign VMA takes a mutex of the process for a moment, where the kernel's only counts.
//! A wake may reach a writer that waits for another VMA of its mm by now, or that was killed; it looks again, or has gone on.
//!
//! # What differs from the kernel
//! - `vm_mm` is a number and not a pointer, as many bytes long: `mms` has the mm for it. The comparison of each fault costs
//!   the same; only the reader of a foreign VMA looks the number up.
//! - The slot is behind a pointer, so that it can outlive its mm, where the kernel keeps the whole `mm_struct`.
//! - The kernel drops the RCU read lock before it lets go of a foreign mm, since freeing it may sleep.
//! - That a signal is looked at after the count, and that W4 follows a wait that was interrupted as it follows one that was not, is
//!   how this text reads "subtract it again"; the repair faf3c923523e of the kernel's first version was not read.
//! - W2's last load is Acquire, as in [`refcount`](super) (P7).

mod lock;
#[cfg(test)]
mod tests;

pub use lock::{Linux617, Linux619, Refcount617, Refcount619, RefcountPerMm, Version};

use super::{LIMIT, Merged, OFFSET, decode, why};
use crate::mms::{self, Reachable};
use crate::rcuwait::Rcuwait;
use crate::refcount_t::RefcountT;
use crate::sequence::{self, MmSequence, OddInside, VmaSequence};
use bench_core::lock::{Declined, Interrupted};
use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The mm's half of all versions.
#[derive(Debug)]
struct MmHalf<M: Machine> {
    /// `mm_lock_seq`.
    sequence: MmSequence<M, OddInside>,
    /// `vma_writer_wait`.
    writer: Reachable<Rcuwait<M>>,
}

impl<M: Machine> MmHalf<M> {
    fn new() -> Self {
        Self {
            sequence: MmSequence::new(),
            writer: Reachable::new(Rcuwait::new()),
        }
    }
}

/// The VMA's half of all versions.
#[derive(Debug)]
pub struct PerMmVma<M: Machine> {
    /// `vm_mm`: the number of its mm.
    mm: M::U64,
    /// `vm_refcnt`.
    count: RefcountT<M>,
    /// `vm_lock_seq`.
    sequence: VmaSequence<M>,
}

impl<M: Machine> PerMmVma<M> {
    fn new() -> Self {
        Self {
            mm: M::U64::new(0),
            count: RefcountT::new(0),
            sequence: VmaSequence::new(),
        }
    }

    /// R0 to R2.
    #[inline(always)]
    fn start_read(&self, mm: &MmHalf<M>) -> Result<(), Declined> {
        if self.sequence.seems_locked(&mm.sequence) {
            return Err(Declined::EarlySeq);
        }
        if let Err(refused) = self.count.inc_not_zero_limited_acquire(LIMIT) {
            return Err(why(&self.count, LIMIT, refused));
        }
        // Relaxed: attach wrote it before the Release that the count up has acquired, and nobody writes it while it is counted.
        if self.mm.load(Relaxed) != mm.writer.number() {
            return Err(self.let_go_of_foreign());
        }
        if self.sequence.is_locked(&mm.sequence) {
            self.put(mm);
            return Err(Declined::LateSeq);
        }
        Ok(())
    }

    /// The VMA that is counted belongs to another mm by now.
    #[cold]
    fn let_go_of_foreign(&self) -> Declined {
        // Before the count down: afterwards nothing keeps that mm alive, and the VMA may be a third mm's. Relaxed: as before.
        let owner = mms::grab::<Rcuwait<M>>(self.mm.load(Relaxed))
            .expect("an mm goes away only after its VMAs are detached, which waits for this count");
        if self.count_down() {
            owner.wake();
        }
        Declined::WrongMm
    }

    /// Counts down, and wakes the mm's writer if it waits for that. The VMA belongs to `mm`, which is alive: it is the caller's.
    #[inline(always)]
    fn put(&self, mm: &MmHalf<M>) {
        if self.count_down() {
            mm.writer.part().wake();
        }
    }

    /// Whether a writer or a detacher waits for what is left.
    #[inline(always)]
    #[must_use]
    fn count_down(&self) -> bool {
        let left = self.count.sub_return(1);
        left == OFFSET || left == OFFSET + 1
    }

    /// W1 to W4; `false` when the VMA is detached, and then nothing was done.
    #[inline]
    fn drain_and_stamp<V: Version>(&self, mm: &MmHalf<M>) -> Result<bool, Interrupted> {
        if !self.count.add_not_zero(OFFSET) {
            return Ok(false);
        }
        let waited = self.wait_for_readers::<V>(mm);
        if waited.is_ok() {
            self.sequence.stamp(&mm.sequence);
        }
        // Its Release publishes the stamp to R1. Whoever is killed takes its bit back too, once.
        let left = self.count.sub_return(OFFSET);
        debug_assert_ne!(left, 0, "an attached VMA lost its own count");
        waited.map(|()| true)
    }

    /// W2.
    #[inline]
    fn wait_for_readers<V: Version>(&self, mm: &MmHalf<M>) -> Result<(), Interrupted> {
        // Acquire: pairs with the Release of each reader's count down (P7). All of them are in one release sequence.
        let drained = || self.count.read(Acquire) == OFFSET + 1;
        let writer = mm.writer.part();
        if V::KILLABLE {
            writer.wait_until_or_killed(drained)
        } else {
            writer.wait_until(drained);
            Ok(())
        }
    }

    fn attach(&self, mm: &MmHalf<M>) {
        debug_assert_eq!(self.count.read(Relaxed), 0, "attached twice");
        // Relaxed: the count publishes it.
        self.mm.store(mm.writer.number(), Relaxed);
        // Release: pairs with Acquire in R1; publishes what the new VMA is. Nobody else counts up from 0.
        self.count.set(1, Release);
    }

    #[inline]
    fn detach(&self, mm: &MmHalf<M>) {
        if !self.count.dec_and_test() {
            self.wait_for_transient_readers(mm);
        }
    }

    /// Some reader counted up and is about to back off, perhaps one of another mm.
    #[cold]
    fn wait_for_transient_readers(&self, mm: &MmHalf<M>) {
        if self.count.add_not_zero(OFFSET) {
            // Relaxed: the subtraction that follows leaves 0, and is Acquire then: it pairs with each reader's count down.
            let gone = || self.count.read(Relaxed) == OFFSET;
            mm.writer.part().wait_until(gone);
            let left = self.count.sub_return(OFFSET);
            debug_assert_eq!(left, 0, "a reader entered a detached VMA");
        } else {
            // The last reader took it to 0 meanwhile, which was seen. Acquire: pairs with the Release of its count down.
            M::fence(Acquire);
        }
    }

    fn describe(&self, mm: &MmHalf<M>) -> String {
        // Relaxed: for descriptions only.
        let (count, owner) = (self.count.read(Relaxed), self.mm.load(Relaxed));
        let whose = match owner {
            0 => "nobody's yet",
            _ if owner == mm.writer.number() => "this mm's",
            _ => "another mm's",
        };
        let words = decode::<Merged>(count);
        let numbers = sequence::describe(&self.sequence, &mm.sequence);
        format!("vm_refcnt={count:#x} ({words}, {whose}) {numbers}")
    }
}
