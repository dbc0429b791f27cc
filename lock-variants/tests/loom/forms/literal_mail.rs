//! `atomic-msb` by the letter of the mail, with a detached VMA at 0, unconditional adds and a store of 1 to attach: right as
//! long as no reader can find a VMA that was detached, and wrong once VMAs are recycled at once.
//!
//! It exists to be broken by the models, which is why `atomic-msb` departs from the mail.

use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use lock_variants::rcuwait::Rcuwait;
use lock_variants::sequence::{MmSequence, VmaSequence};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const BIAS: u32 = 0x8000_0000;

#[derive(Debug)]
pub(crate) struct LiteralMail<M: Machine>(MmSequence<M>);

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
}

impl<M: Machine> VmaLock for LiteralMail<M> {
    type Machine = M;
    type Vma = Vma<M>;
    type Token<'vma> = ();

    const INFO: LockFacts = LockFacts {
        name: "literal-mail",
        summary: "to be broken",
        source: "Message-ID 20241213092223.GB2484@noisy.programming.kicks-ass.net",
        excludes: true,
    };

    fn new() -> Self {
        Self(MmSequence::new())
    }

    fn new_vma() -> Self::Vma {
        Vma {
            count: M::U32::new(0),
            sequence: VmaSequence::new(),
            writer: Rcuwait::new(),
        }
    }

    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        vma.count.store(1, Release);
    }

    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        vma.count.fetch_sub(1, Acquire);
        vma.writer.wait_until(|| vma.count.load(Acquire) == 0);
    }

    fn start_read(&self, vma: &Self::Vma, _address: u64) -> Result<(), Declined> {
        let old = vma.count.fetch_add(1, Acquire);
        let reason = match old {
            0 => Declined::Detached,
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
        // Only a writer makes an attached VMA of a detached one, so that a count of 0 is one; so is, here, the 1 of a reader.
        if vma.count.load(Relaxed) != 0 {
            vma.count.fetch_add(BIAS + 1, Relaxed);
            vma.writer
                .wait_until(|| vma.count.load(Acquire) == BIAS + 2);
            vma.sequence.stamp(&self.0);
            vma.count.fetch_sub(BIAS + 1, Release);
        } else {
            vma.sequence.stamp(&self.0);
        }
        Ok(())
    }

    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.0.end_section();
    }
}
