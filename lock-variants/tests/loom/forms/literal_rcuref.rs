//! `rcuref` by the letter of `lib/rcuref.c`, where a failed get stores DEAD: right as long as an object is set up again only
//! after a grace period, and wrong once VMAs are recycled at once.
//!
//! It exists to be broken by the models, which is why `rcuref` departs from the letter.

use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use lock_variants::rcuwait::Rcuwait;
use lock_variants::sequence::{MmSequence, VmaSequence};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const BIAS: u32 = 0x8000_0000;
const DEAD_ZONE: u32 = 0xc000_0000;
const DEAD: u32 = 0xe000_0000;

#[derive(Debug)]
pub(crate) struct LiteralRcuref<M: Machine>(MmSequence<M>);

#[derive(Debug)]
pub(crate) struct Vma<M: Machine> {
    count: M::U32,
    sequence: VmaSequence<M>,
    writer: Rcuwait<M>,
}

impl<M: Machine> Vma<M> {
    fn put(&self) {
        self.count.fetch_sub(1, Release);
        self.writer.wake();
    }

    fn die(&self, count: u32) -> bool {
        let exchanged = self.count.compare_exchange(count, DEAD, Acquire, Relaxed);
        exchanged.is_ok()
    }
}

impl<M: Machine> VmaLock for LiteralRcuref<M> {
    type Machine = M;
    type Vma = Vma<M>;
    type Token<'vma> = ();

    const INFO: LockFacts = LockFacts {
        name: "literal-rcuref",
        summary: "to be broken",
        source: "lib/rcuref.c at 50501936288d",
        excludes: true,
    };

    fn new() -> Self {
        Self(MmSequence::new())
    }

    fn new_vma() -> Self::Vma {
        Vma {
            count: M::U32::new(DEAD),
            sequence: VmaSequence::new(),
            writer: Rcuwait::new(),
        }
    }

    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        vma.count.swap(0, Release);
    }

    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        if !vma.die(0) {
            vma.count.fetch_add(BIAS, Relaxed);
            vma.writer.wait_until(|| vma.die(BIAS));
        }
    }

    fn start_read(&self, vma: &Self::Vma, _address: u64) -> Result<(), Declined> {
        let sum = vma.count.fetch_add(1, Acquire).wrapping_add(1);
        if sum >= DEAD_ZONE {
            vma.count.store(DEAD, Relaxed);
            return Err(Declined::Detached);
        }
        let reason = match sum {
            BIAS.. => Declined::WriterBit,
            _ if vma.sequence.is_locked(&self.0) => Declined::LateSeq,
            _ => return Ok(()),
        };
        vma.put();
        Err(reason)
    }

    fn end_read(&self, vma: &Self::Vma, _token: ()) -> ReadEnd {
        vma.put();
        ReadEnd::Committed
    }

    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        if vma.sequence.is_stamped(&self.0) {
            return Ok(());
        }
        if vma.count.load(Relaxed) >= DEAD_ZONE {
            vma.sequence.stamp(&self.0);
        } else {
            vma.count.fetch_add(BIAS, Relaxed);
            vma.writer.wait_until(|| vma.count.load(Acquire) == BIAS);
            vma.sequence.stamp(&self.0);
            vma.count.fetch_sub(BIAS, Release);
        }
        Ok(())
    }

    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.0.end_section();
    }
}
