//! `atomic-inverted`: a count per VMA that readers count down from 0x80000000; whether it is above 0 is the whole answer.
//!
//! Upstream: Wilcox's counter-proposal to `atomic-two-bit` in November 2024 (Message-ID
//! `ZzLgZTH9v5io1Elx@casper.infradead.org`): one control bit, and for readers one read-modify-write whose sign answers,
//! without a loop. Never merged.
//!
//! # State
//!
//! | `count` | meaning |
//! |---|---|
//! | FREE = 0x80000000 | nobody is inside |
//! | FREE - n, n >= 1, down to 1 | n readers; some may be about to back off |
//! | 0 | a writer owns it: it stamps or detaches |
//! | -n, n >= 1, down to 0x80000001 | a writer waits for n readers, or owns it and n readers are about to back off |
//!
//! Around it, as around every [`PlainLock`]: `vm_lock_seq` and the flag `detached`, see [`crate::adapter`].
//!
//! # Protocol
//! Steps R0, R2, W0 and detach: [`crate::adapter`].
//!
//! Reader: (R1) subtract 1; inside when the result, as a signed number, is above 0, else undo it as at the end. To end, add
//! 1; who leaves 0 wakes the writer, should it wait.
//!
//! Writer: (W1) subtract FREE; when the result is not 0, wait until it is; (W2) stamp or detach; (W3) add FREE.
//!
//! # Invariants
//! 1. FREE is taken away and put back only by the one writer.
//! 2. What each task added or subtracted it takes back by an addition, never by a store: a reader that is about to back off
//!    may be in the count at W3, and a store would lose it, so that the count would be one too high for ever.
//! 3. The count is 0 only with a writer. (A reader that finds 1, the last place of all, makes it 0 for a moment; there are
//!    not 2^31 tasks.)
//!
//! # Memory ordering
//! - R1 Acquire with W3 Release: R2 sees the stamp and the flag.
//! - End of read Release with W1 Acquire: what a reader did comes before the writer (P7). W1's subtraction is Acquire too,
//!   since with no reader inside it is all there is.
//! - The wait and the wake: [`crate::rcuwait`]. The numbers and the flag: [`crate::sequence`], [`crate::adapter`].
//!
//! # Progress
//! A reader never waits, and needs one read-modify-write however many readers meet. A writer that waits keeps new readers
//! out, but it waits for an exact value, and readers that back off change it for a moment each. Each that restores it
//! wakes the writer: the undo of a reader that failed may be the wake that counts. So no wake is lost, but there is no
//! bound on how often the writer looks in vain. A reader that backs off from a writer that owns the word wakes nobody, for
//! a full barrier and a look.
//!
//! # What differs from the kernel
//! - It was never in the kernel. The mail gives the values of the word and the two operations of each side; orderings,
//!   wait and wake are filled in here.
//! - The slot of the waiting writer is in the VMA, and touching it after the undo is harmless: [`crate::rcuwait`].
//! - `detached` was a flag at that time and is one here. `detach` also owns the count for a moment: [`crate::adapter`].

use crate::adapter::PlainLock;
use crate::rcuwait::Rcuwait;
use bench_core::lock::{Declined, LockFacts};
use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The count with nobody inside.
const FREE: u32 = 0x8000_0000;

/// The lock word, and the slot of the writer that waits.
#[derive(Debug)]
pub struct AtomicInverted<M: Machine> {
    /// See the table of the module.
    count: M::U32,
    /// The writer that waits for readers.
    writer: Rcuwait<M>,
}

/// A count held by a reader.
#[derive(Debug)]
pub struct AtomicInvertedGuard<'lock, M: Machine>(&'lock AtomicInverted<M>);

impl<M: Machine> Drop for AtomicInvertedGuard<'_, M> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.give_back();
    }
}

impl<M: Machine> AtomicInverted<M> {
    /// Ends a read, or undoes one that failed.
    #[inline(always)]
    fn give_back(&self) {
        // Release: pairs with Acquire in W1; what the reader did comes before the writer.
        let left = self.count.fetch_add(1, Release).wrapping_add(1);
        if left == 0 {
            self.writer.wake();
        }
    }

    /// R1 failed.
    #[cold]
    fn back_off(&self) {
        self.give_back();
    }

    /// W1, first half: announces the writer. Returns whether it owns the word.
    fn announce(&self) -> bool {
        // Acquire: pairs with the Release of each reader's end (P7). All of them are in one release sequence.
        self.count.fetch_sub(FREE, Acquire) == FREE
    }

    /// W1, second half: whether the readers are gone.
    fn is_owned(&self) -> bool {
        // Acquire: as in `announce`.
        self.count.load(Acquire) == 0
    }
}

impl<M: Machine> PlainLock for AtomicInverted<M> {
    type Guard<'lock> = AtomicInvertedGuard<'lock, M>;

    const INFO: LockFacts = LockFacts {
        name: "atomic-inverted",
        summary: "a count that readers take down from 0x80000000, one unconditional subtraction each, and a writer to 0",
        source: "Message-ID ZzLgZTH9v5io1Elx@casper.infradead.org",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            count: M::U32::new(FREE),
            writer: Rcuwait::new(),
        }
    }

    /// R1.
    #[inline(always)]
    fn try_read(&self) -> Option<Self::Guard<'_>> {
        // Acquire: pairs with Release in W3.
        let left = self.count.fetch_sub(1, Acquire).wrapping_sub(1);
        if left.cast_signed() <= 0 {
            self.back_off();
            return None;
        }
        Some(AtomicInvertedGuard(self))
    }

    /// W1 to W3.
    #[inline]
    fn with_write(&self, stamp: impl FnOnce()) {
        if !self.announce() {
            self.writer.wait_until(|| self.is_owned());
        }
        stamp();
        // Release: pairs with Acquire in R1; publishes what `stamp` did.
        self.count.fetch_add(FREE, Release);
    }

    #[cold]
    fn why_declined(&self) -> Declined {
        // Relaxed: the word may have changed since; it only names the reason.
        if self.count.load(Relaxed) == 1 {
            Declined::Limit
        } else {
            Declined::WriterBit
        }
    }

    fn describe(&self) -> String {
        // Relaxed: for descriptions only.
        let count = self.count.load(Relaxed);
        let words = match count {
            FREE => "nobody inside".to_owned(),
            1..FREE => crate::plural(FREE - count, "reader"),
            0 => "writer owns it".to_owned(),
            _ => format!(
                "writer waits for {}",
                crate::plural(count.wrapping_neg(), "reader")
            ),
        };
        format!("count={count:#x} ({words})")
    }
}

#[cfg(test)]
mod tests {
    use super::{AtomicInverted, FREE};
    use crate::adapter::PlainLock;
    use bench_core::lock::Declined;
    use bench_core::machine::Solo;
    use std::sync::atomic::Ordering::Relaxed;

    type Lock = AtomicInverted<Solo>;

    fn count(lock: &Lock) -> u32 {
        lock.count.load(Relaxed)
    }

    #[test]
    fn the_count_after_each_step() {
        let lock = Lock::new();
        assert_eq!(count(&lock), FREE);
        let (first, second) = (lock.try_read(), lock.try_read());
        assert_eq!(count(&lock), 0x7fff_fffe);
        drop(first);
        assert_eq!(count(&lock), 0x7fff_ffff);
        drop(second);
        assert_eq!(count(&lock), FREE);
        lock.with_write(|| {
            assert_eq!(count(&lock), 0);
            assert!(lock.try_read().is_none());
            assert_eq!(lock.why_declined(), Declined::WriterBit);
            assert_eq!(count(&lock), 0, "who is declined leaves no trace");
        });
        assert_eq!(count(&lock), FREE);
    }

    /// What `atomic-signed` lacks: no reader gets past the writer that waits.
    #[test]
    fn a_writer_that_waits_keeps_new_readers_out() {
        let lock = Lock::new();
        let (first, second) = (lock.try_read().unwrap(), lock.try_read().unwrap());
        assert!(!lock.announce());
        assert_eq!(count(&lock), 0xffff_fffe);
        assert!(lock.try_read().is_none());
        assert_eq!(lock.why_declined(), Declined::WriterBit);
        drop(first);
        assert!(!lock.is_owned());
        drop(second);
        assert!(lock.is_owned());
    }

    #[test]
    fn the_writer_keeps_the_count_of_a_reader_that_is_about_to_back_off() {
        let lock = Lock::new();
        assert!(lock.announce());
        lock.count.fetch_sub(1, Relaxed); // a reader, half way
        assert!(!lock.is_owned(), "its undo is the wake");
        lock.count.fetch_add(FREE, Relaxed); // the writer leaves
        assert_eq!(count(&lock), FREE - 1, "as if it were inside");
        lock.back_off();
        assert_eq!(count(&lock), FREE);
    }

    #[test]
    fn the_limit_is_reached_and_not_passed() {
        let lock = Lock::new();
        lock.count.store(2, Relaxed);
        let last = lock.try_read();
        assert_eq!((last.is_some(), count(&lock)), (true, 1));
        assert!(lock.try_read().is_none());
        assert_eq!(lock.why_declined(), Declined::Limit);
        assert_eq!(count(&lock), 1);
    }

    #[test]
    fn a_word_in_words() {
        let lock = Lock::new();
        let words = |count| {
            lock.count.store(count, Relaxed);
            lock.describe()
        };
        assert_eq!(words(FREE), "count=0x80000000 (nobody inside)");
        assert_eq!(words(FREE - 2), "count=0x7ffffffe (2 readers)");
        assert_eq!(words(0), "count=0x0 (writer owns it)");
        assert_eq!(
            words(u32::MAX),
            "count=0xffffffff (writer waits for 1 reader)"
        );
    }
}
