//! A lock with harm around it.

use super::Injected;
use crate::clock::Clock;
use crate::delay::{Calibration, chain};
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use std::cell::Cell;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What every [`Harmed`] lock of this process does.
static PLANTED: OnceLock<Planted> = OnceLock::new();
/// The number of the next thread that reads. Relaxed: only the numbers have to differ.
static NEXT_READER: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// Reads of this thread until the next that waits.
    static LEFT: Cell<u32> = const { Cell::new(1) };
    /// The number of this thread among those that read, from 0.
    static READER: u32 = NEXT_READER.fetch_add(1, Ordering::Relaxed);
}

/// Harm in turns of the delay.
#[derive(Clone, Copy, Debug)]
enum Planted {
    Tail { every: u32, turns: u64 },
    Unfair { turns: u64 },
}

/// Plants the harm for all [`Harmed`] locks of this process, once, before the first is used; calibrates it on the calling
/// thread. Harm that is not in a lock plants nothing.
pub fn plant(injected: &Injected, clock: &Clock) {
    let turns = |wait_ns: u64| Calibration::measure(clock).turns_for(wait_ns);
    let planted = match *injected {
        Injected::Slowdown(_) => return,
        Injected::Tail { every, wait_ns } => Planted::Tail {
            every: every.max(1),
            turns: turns(wait_ns),
        },
        Injected::Unfair { wait_ns } => Planted::Unfair {
            turns: turns(wait_ns),
        },
    };
    // The first one stays: threads may have begun to work with it.
    let _ = PLANTED.set(planted);
}

/// A lock that does what was [planted](plant) to its readers, and else what `L` does.
#[derive(Debug)]
pub struct Harmed<L>(L);

impl<L: VmaLock> VmaLock for Harmed<L> {
    type Machine = L::Machine;
    type Vma = L::Vma;
    type Token<'vma> = L::Token<'vma>;

    const INFO: LockFacts = L::INFO;
    const PER_VMA: bool = L::PER_VMA;
    const SPECULATIVE: bool = L::SPECULATIVE;
    const VMA_HEAP_BYTES: usize = L::VMA_HEAP_BYTES;
    const KILLABLE: bool = L::KILLABLE;

    fn new() -> Self {
        Self(L::new())
    }

    fn new_vma() -> Self::Vma {
        L::new_vma()
    }

    fn begin_write(&self, section: &WriteSection<'_>) {
        self.0.begin_write(section);
    }

    fn set_range(&self, vma: &Self::Vma, range: Range<u64>, section: &WriteSection<'_>) {
        self.0.set_range(vma, range, section);
    }

    fn attach(&self, vma: &Self::Vma, section: &WriteSection<'_>) {
        self.0.attach(vma, section);
    }

    fn detach(&self, vma: &Self::Vma, section: &WriteSection<'_>) {
        self.0.detach(vma, section);
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        let token = self.0.start_read(vma, address)?;
        if let Some(Planted::Tail { every, turns }) = PLANTED.get() {
            wait_now_and_then(*every, *turns);
        }
        Ok(token)
    }

    #[inline]
    fn end_read<'vma>(&self, vma: &'vma Self::Vma, token: Self::Token<'vma>) -> ReadEnd {
        let end = self.0.end_read(vma, token);
        if let Some(Planted::Unfair { turns }) = PLANTED.get()
            && READER.with(|number| *number == 0)
        {
            chain(*turns);
        }
        end
    }

    fn start_write(&self, vma: &Self::Vma, section: &WriteSection<'_>) -> Result<(), Interrupted> {
        self.0.start_write(vma, section)
    }

    fn end_write_all(&self, section: &WriteSection<'_>) {
        self.0.end_write_all(section);
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        self.0.describe(vma)
    }
}

/// Waits in one call of `every`.
#[inline]
fn wait_now_and_then(every: u32, turns: u64) {
    LEFT.with(|left| {
        left.set(left.get() - 1);
        if left.get() == 0 {
            left.set(every);
            chain(turns);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{Harmed, Injected, LEFT, Planted, plant};
    use crate::clock::Clock;
    use crate::native::Native;
    use crate::verify::verify;
    use bench_core::lock::VmaLock;
    use lock_variants::refcount::Refcount;

    type Lock = Harmed<Refcount<Native>>;

    /// One test, since harm is planted once in a process.
    #[test]
    fn a_harmed_lock_keeps_the_contract_and_harms() {
        let wait_ns = 2_000;
        plant(&Injected::Tail { every: 3, wait_ns }, &Clock::calibrate());
        let planted = super::PLANTED.get().copied();
        assert!(
            matches!(planted, Some(Planted::Tail { every: 3, turns }) if turns > 0),
            "{planted:?}"
        );
        for finding in verify::<Lock>() {
            assert_eq!(finding.seen, None, "{}", finding.rule);
        }
        // Another thread has read; this one has not begun to count.
        assert_eq!(LEFT.get(), 1);
        super::wait_now_and_then(3, 0);
        let left: Vec<u32> = (0..4)
            .map(|_| {
                super::wait_now_and_then(3, 0);
                LEFT.get()
            })
            .collect();
        assert_eq!(left, [2, 1, 3, 2], "one call in three waits");
        assert_eq!(Lock::INFO.name, Refcount::<Native>::INFO.name);
    }
}
