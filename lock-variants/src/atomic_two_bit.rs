//! `atomic-two-bit`: a count per VMA with two control bits, one for the writer that owns it and one for the one that waits.
//!
//! Upstream: patch 3 of 4 of 11 Nov 2024 (Message-ID `20241111205506.3404479-4-surenb@google.com`), which was to replace the
//! rwsem of the VMA. The discussion of it led to `atomic-inverted`, `atomic-msb` and, at last, `refcount`.
//!
//! # State
//!
//! | `count` | meaning |
//! |---|---|
//! | 0 | nobody is inside |
//! | 1 ..= 0x3fffffff | that many readers |
//! | WAITING (bit 30) + n | n readers, for which a writer waits |
//! | WAITING | the last of them has left; the writer has not yet seen it |
//! | LOCKED (bit 31) | a writer owns it: it stamps or detaches |
//!
//! Around it, as around every [`PlainLock`]: `vm_lock_seq` and the flag `detached`, see [`crate::adapter`].
//!
//! # Protocol
//! Steps R0, R2, W0 and detach: [`crate::adapter`].
//!
//! Reader: (R1) count up unless a control bit is set, or would be by counting. To end, count down; who leaves WAITING
//! wakes the writer. Both are loops.
//!
//! Writer: (W1) exchange 0 for LOCKED, or, with readers inside, set WAITING, and wait until WAITING can be exchanged for
//! LOCKED; (W2) stamp or detach; (W3) store 0.
//!
//! # Invariants
//! 1. At most one control bit is set, by the one writer.
//! 2. Nobody counts up while a control bit is set: so that LOCKED changes only by W3, which is a store.
//! 3. A reader that is declined leaves no trace in the count, not even for a moment.
//!
//! # Memory ordering
//! - R1 Acquire with W3 Release: R2 sees the stamp and the flag.
//! - Count down Release with W1 Acquire: what a reader did comes before the writer (P7).
//! - The wait and the wake: [`crate::rcuwait`]. The numbers and the flag: [`crate::sequence`], [`crate::adapter`].
//!
//! # Progress
//! A reader never waits, but both its loops may repeat while others succeed. A writer waits for the readers that are
//! inside and for no new ones, parked, and is woken once, by the last of them.
//!
//! # What differs from the kernel
//! - R1 is Acquire where the patch had a full barrier.
//! - The patch let userfaultfd count up past the limit, with a warning; a count down from no readers then wrapped back.
//!   The contract has no such reader, so that every count down finds one.
//! - The slot of the waiting writer is in the VMA, and touching it after the count down is harmless: [`crate::rcuwait`].
//! - `detached` was a flag at that time and is one here. `detach` also owns the count for a moment: [`crate::adapter`].

use crate::adapter::PlainLock;
use crate::rcuwait::Rcuwait;
use bench_core::lock::{Declined, LockFacts};
use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A writer owns the word.
const LOCKED: u32 = 0x8000_0000;
/// A writer waits for the readers.
const WAITING: u32 = 0x4000_0000;
/// The count of so many readers that one more would touch a control bit.
const LIMIT: u32 = WAITING - 1;

/// The lock word, and the slot of the writer that waits.
#[derive(Debug)]
pub struct AtomicTwoBit<M: Machine> {
    /// See the table of the module.
    count: M::U32,
    /// The writer that waits for readers.
    writer: Rcuwait<M>,
}

/// A count held by a reader.
#[derive(Debug)]
pub struct AtomicTwoBitGuard<'lock, M: Machine>(&'lock AtomicTwoBit<M>);

impl<M: Machine> Drop for AtomicTwoBitGuard<'_, M> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.count_down();
    }
}

impl<M: Machine> AtomicTwoBit<M> {
    /// A loop as in the patch, where it has to look at the count; one subtraction would do here.
    #[inline(always)]
    fn count_down(&self) {
        // Relaxed: only a guess; the exchange decides.
        let mut old = self.count.load(Relaxed);
        loop {
            debug_assert_ne!(old & LIMIT, 0, "a reader left that had not come");
            // Release: pairs with Acquire in W1; what the reader did comes before the writer.
            match self
                .count
                .compare_exchange_weak(old, old.wrapping_sub(1), Release, Relaxed)
            {
                Ok(_) => break,
                Err(now) => old = now,
            }
        }
        if old == WAITING + 1 {
            self.writer.wake();
        }
    }

    /// W1, first half: owns the word at once, or marks it. Returns whether it owns it.
    fn own_or_mark(&self) -> bool {
        // Relaxed: only a guess; the exchange decides.
        let mut old = self.count.load(Relaxed);
        loop {
            debug_assert!(old <= LIMIT, "two writers");
            let bit = if old == 0 { LOCKED } else { WAITING };
            // Acquire: pairs with the Release of each reader's count down (P7), when it owns the word now. All of them are
            // in one release sequence.
            match self
                .count
                .compare_exchange_weak(old, old | bit, Acquire, Relaxed)
            {
                Ok(_) => return bit == LOCKED,
                Err(now) => old = now,
            }
        }
    }

    /// W1, second half, one try: owns the word that it marked, if the readers are gone.
    fn own_marked(&self) -> bool {
        // Acquire: pairs with the Release of each reader's count down (P7). All of them are in one release sequence.
        // Relaxed: who fails sleeps.
        self.count
            .compare_exchange(WAITING, LOCKED, Acquire, Relaxed)
            .is_ok()
    }
}

impl<M: Machine> PlainLock for AtomicTwoBit<M> {
    type Guard<'lock> = AtomicTwoBitGuard<'lock, M>;

    const INFO: LockFacts = LockFacts {
        name: "atomic-two-bit",
        summary: "an atomic count with one bit for the writer that owns it and one for the writer that waits",
        source: "Message-ID 20241111205506.3404479-4-surenb@google.com",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            count: M::U32::new(0),
            writer: Rcuwait::new(),
        }
    }

    /// R1.
    #[inline(always)]
    fn try_read(&self) -> Option<Self::Guard<'_>> {
        // Relaxed: only a guess; the exchange decides.
        let mut old = self.count.load(Relaxed);
        // A count with a control bit is above the limit too.
        while old < LIMIT {
            // Acquire: pairs with Release in W3.
            match self
                .count
                .compare_exchange_weak(old, old + 1, Acquire, Relaxed)
            {
                Ok(_) => return Some(AtomicTwoBitGuard(self)),
                Err(now) => old = now,
            }
        }
        None
    }

    /// W1 to W3.
    #[inline]
    fn with_write(&self, stamp: impl FnOnce()) {
        if !self.own_or_mark() {
            self.writer.wait_until(|| self.own_marked());
        }
        stamp();
        // Release: pairs with Acquire in R1; publishes what `stamp` did.
        self.count.store(0, Release);
    }

    #[cold]
    fn why_declined(&self) -> Declined {
        // Relaxed: the word may have changed since; it only names the reason.
        if self.count.load(Relaxed) == LIMIT {
            Declined::Limit
        } else {
            Declined::WriterBit
        }
    }

    fn describe(&self) -> String {
        // Relaxed: for descriptions only.
        let count = self.count.load(Relaxed);
        let words = match count {
            0 => "nobody inside".to_owned(),
            1..=LIMIT => crate::plural(count, "reader"),
            LOCKED.. => "writer owns it".to_owned(),
            WAITING => "readers gone, writer about to own it".to_owned(),
            _ => format!(
                "writer waits for {}",
                crate::plural(count - WAITING, "reader")
            ),
        };
        format!("count={count:#x} ({words})")
    }
}

#[cfg(test)]
mod tests {
    use super::{AtomicTwoBit, LIMIT, LOCKED, WAITING};
    use crate::adapter::PlainLock;
    use bench_core::lock::Declined;
    use bench_core::machine::Solo;
    use std::sync::atomic::Ordering::Relaxed;

    type Lock = AtomicTwoBit<Solo>;

    fn count(lock: &Lock) -> u32 {
        lock.count.load(Relaxed)
    }

    #[test]
    fn the_count_after_each_step() {
        let lock = Lock::new();
        assert_eq!(count(&lock), 0);
        let (first, second) = (lock.try_read(), lock.try_read());
        assert_eq!(count(&lock), 2);
        drop(first);
        assert_eq!(count(&lock), 1);
        drop(second);
        assert_eq!(count(&lock), 0);
        lock.with_write(|| {
            assert_eq!(count(&lock), LOCKED);
            assert!(lock.try_read().is_none());
            assert_eq!(lock.why_declined(), Declined::WriterBit);
            assert_eq!(count(&lock), LOCKED, "who is declined leaves no trace");
        });
        assert_eq!(count(&lock), 0);
    }

    /// What `atomic-signed` lacks: with the mark no reader gets past the writer that waits.
    #[test]
    fn a_writer_that_waits_keeps_new_readers_out() {
        let lock = Lock::new();
        let (first, second) = (lock.try_read().unwrap(), lock.try_read().unwrap());
        assert!(!lock.own_or_mark());
        assert_eq!(count(&lock), WAITING + 2);
        assert!(lock.try_read().is_none());
        assert_eq!(lock.why_declined(), Declined::WriterBit);
        drop(first);
        assert!(!lock.own_marked());
        assert_eq!(count(&lock), WAITING + 1);
        drop(second);
        assert_eq!(count(&lock), WAITING);
        assert!(
            lock.try_read().is_none(),
            "no reader between the last one and the writer"
        );
        assert!(lock.own_marked());
        assert_eq!(count(&lock), LOCKED);
    }

    #[test]
    fn the_limit_is_reached_and_not_passed() {
        let lock = Lock::new();
        lock.count.store(LIMIT - 1, Relaxed);
        let last = lock.try_read();
        assert_eq!((last.is_some(), count(&lock)), (true, LIMIT));
        assert!(
            lock.try_read().is_none(),
            "one more would set the bit of a waiting writer"
        );
        assert_eq!(lock.why_declined(), Declined::Limit);
        assert_eq!(count(&lock), LIMIT);
        assert!(!lock.own_or_mark());
        drop(last);
        assert_eq!(
            count(&lock),
            WAITING + LIMIT - 1,
            "a full count and the mark keep apart"
        );
    }

    #[test]
    fn a_word_in_words() {
        let lock = Lock::new();
        let words = |count| {
            lock.count.store(count, Relaxed);
            lock.describe()
        };
        assert_eq!(words(0), "count=0x0 (nobody inside)");
        assert_eq!(words(2), "count=0x2 (2 readers)");
        assert_eq!(
            words(WAITING + 1),
            "count=0x40000001 (writer waits for 1 reader)"
        );
        assert_eq!(
            words(WAITING),
            "count=0x40000000 (readers gone, writer about to own it)"
        );
        assert_eq!(words(LOCKED), "count=0x80000000 (writer owns it)");
    }
}
