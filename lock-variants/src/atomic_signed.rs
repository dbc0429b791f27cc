//! `atomic-signed`: a signed count per VMA, readers above 0, the writer at -1. A writer that waits leaves no mark.
//!
//! Upstream: the first proposal to replace the rwsem of a VMA by an atomic count, patch 41 of 41 of 9 Jan 2023 (Message-ID
//! `20230109205336.3665937-42-surenb@google.com`). Dropped in review because a writer can starve; Linux 6.4 came with the
//! rwsem. Here for comparison, with that defect in it.
//!
//! # State
//!
//! | `count` | meaning |
//! |---|---|
//! | 0 | nobody is inside |
//! | 1 ..= 0x7fffffff | that many readers. Whether a writer waits for them cannot be seen |
//! | -1 | a writer owns it: it stamps or detaches |
//!
//! Around it, as around every [`PlainLock`]: `vm_lock_seq` and the flag `detached`, see [`crate::adapter`].
//!
//! # Protocol
//! Steps R0, R2, W0 and detach: [`crate::adapter`].
//!
//! Reader: (R1) count up unless the count is negative, or at its limit. To end, count down; who leaves 0 wakes the
//! writer, should there be one.
//!
//! Writer: (W1) exchange 0 for -1; when that fails, wait until it does not; (W2) stamp or detach; (W3) store 0.
//!
//! # Invariants
//! 1. Only a writer makes the count -1, only from 0, and only it changes the count from there: so that W3 is a store.
//! 2. A reader that is declined leaves no trace in the count, not even for a moment.
//!
//! # Memory ordering
//! - R1 Acquire with W3 Release: R2 sees the stamp and the flag.
//! - Count down Release with W1 Acquire: what a reader did comes before the writer (P7).
//! - The wait and the wake: [`crate::rcuwait`]. The numbers and the flag: [`crate::sequence`], [`crate::adapter`].
//!
//! # Progress
//! A reader never waits; its loop may repeat while others succeed.
//!
//! **A writer can starve.** While it waits nothing keeps new readers out: neither the count, which does not show it, nor
//! the numbers, since it stamps only at W2. Readers that overlap, each coming before the last one leaves, keep the count
//! above 0 for as long as they like. All that time the writer holds the mmap lock, so that whoever needs that waits too.
//!
//! # What differs from the kernel
//! - The patch's reader found the mm, and in it the writer's wait queue, through the VMA after it had counted down, when
//!   the VMA could have been freed: a touch after release (P11), found in review. The reader here touches the VMA after it
//!   counted down as well, for [`Rcuwait`] lies in it. That is harmless: VMAs are type-stable, so that the slot is always
//!   a slot, and a wake that comes late, after the VMA was recycled, is only spurious.
//! - The last reader woke a wait queue and took its lock, whether anyone waited or not; here it pays a full barrier and a
//!   look at the slot.
//! - Counting up stops at the limit; the patch counted past it and then undid that.
//! - `detached` was a flag at that time and is one here. `detach` also owns the count for a moment: [`crate::adapter`].

use crate::adapter::PlainLock;
use crate::rcuwait::Rcuwait;
use bench_core::lock::{Declined, LockFacts};
use bench_core::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The count of a writer: -1.
const WRITER: u32 = u32::MAX;
/// The count of so many readers that no other fits.
const LIMIT: u32 = i32::MAX.cast_unsigned();

/// The lock word, and the slot of the writer that waits.
#[derive(Debug)]
pub struct AtomicSigned<M: Machine> {
    /// See the table of the module.
    count: M::U32,
    /// The writer that waits for readers.
    writer: Rcuwait<M>,
}

/// A count held by a reader.
#[derive(Debug)]
pub struct AtomicSignedGuard<'lock, M: Machine>(&'lock AtomicSigned<M>);

impl<M: Machine> Drop for AtomicSignedGuard<'_, M> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release: pairs with Acquire in W1; what the reader did comes before the writer.
        if self.0.count.fetch_sub(1, Release) == 1 {
            self.0.writer.wake();
        }
    }
}

impl<M: Machine> AtomicSigned<M> {
    /// W1, one try.
    fn try_own(&self) -> bool {
        // Acquire: pairs with the Release of each reader's count down (P7). All of them are in one release sequence.
        // Relaxed: who fails sleeps or gives up.
        self.count
            .compare_exchange(0, WRITER, Acquire, Relaxed)
            .is_ok()
    }
}

impl<M: Machine> PlainLock for AtomicSigned<M> {
    type Guard<'lock> = AtomicSignedGuard<'lock, M>;

    const INFO: LockFacts = LockFacts {
        name: "atomic-signed",
        summary: "a signed count with the writer at -1; a waiting writer leaves no mark and can starve",
        source: "Message-ID 20230109205336.3665937-42-surenb@google.com",
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
        // A negative count is above the limit too.
        while old < LIMIT {
            // Acquire: pairs with Release in W3.
            match self
                .count
                .compare_exchange_weak(old, old + 1, Acquire, Relaxed)
            {
                Ok(_) => return Some(AtomicSignedGuard(self)),
                Err(now) => old = now,
            }
        }
        None
    }

    /// W1 to W3.
    #[inline]
    fn with_write(&self, stamp: impl FnOnce()) {
        if !self.try_own() {
            self.writer.wait_until(|| self.try_own());
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
        let count = self.count.load(Relaxed).cast_signed();
        let words = match count {
            0 => "nobody inside".to_owned(),
            1.. => crate::plural(count.cast_unsigned(), "reader"),
            _ => "writer owns it".to_owned(),
        };
        format!("count={count} ({words})")
    }
}

#[cfg(test)]
mod tests {
    use super::{AtomicSigned, LIMIT, WRITER};
    use crate::adapter::PlainLock;
    use bench_core::lock::Declined;
    use bench_core::machine::Solo;
    use std::sync::atomic::Ordering::Relaxed;

    type Lock = AtomicSigned<Solo>;

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
            assert_eq!(count(&lock), WRITER);
            assert!(lock.try_read().is_none());
            assert_eq!(lock.why_declined(), Declined::WriterBit);
            assert_eq!(count(&lock), WRITER, "who is declined leaves no trace");
        });
        assert_eq!(count(&lock), 0);
    }

    #[test]
    fn the_limit_is_reached_and_not_passed() {
        let lock = Lock::new();
        lock.count.store(LIMIT - 1, Relaxed);
        let last = lock.try_read();
        assert_eq!((last.is_some(), count(&lock)), (true, LIMIT));
        assert!(lock.try_read().is_none());
        assert_eq!(lock.why_declined(), Declined::Limit);
        assert_eq!(count(&lock), LIMIT);
    }

    /// The defect for which it was dropped (P20): the writer's try fails as often as one likes, and each time the next
    /// reader gets in.
    #[test]
    fn overlapping_readers_keep_a_waiting_writer_out() {
        let lock = Lock::new();
        let mut inside = lock.try_read().unwrap();
        for _ in 0..1000 {
            assert!(!lock.try_own(), "a writer beside a reader");
            // The next one is in before the one before it leaves.
            inside = lock
                .try_read()
                .expect("the writer that waits leaves no mark");
            assert_eq!(count(&lock), 1);
        }
        assert!(!lock.try_own());
        drop(inside);
        assert!(lock.try_own(), "it gets in only once they stop");
    }

    #[test]
    fn a_word_in_words() {
        let lock = Lock::new();
        assert_eq!(lock.describe(), "count=0 (nobody inside)");
        let _one = lock.try_read();
        assert_eq!(lock.describe(), "count=1 (1 reader)");
        lock.count.store(WRITER, Relaxed);
        assert_eq!(lock.describe(), "count=-1 (writer owns it)");
    }
}
