//! `refcount-prestamp`: detached implies write-locked.

use super::RefcountVma;
use crate::sequence::MmSequence;
use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::Machine;
use std::sync::atomic::Ordering::Relaxed;

/// The merged design with new VMAs write-locked from the start.
///
/// Zijlstra's proposal of 13 Dec 2024 (Message-ID `20241213092223.GB2484@noisy.programming.kicks-ass.net`): nobody can see
/// a VMA before it is added, so stamp it, count it and insert it, without the writer's bit. Taken up again by Falcato in
/// June 2026 (Message-ID `akZHWwVgJfqCwA2W@pedro-suse.lan`) as the rule that a detached VMA is write-locked.
///
/// So `start_write` of a detached VMA does nothing, and `attach` stamps and then counts. Counting in `start_write` already,
/// as the proposal has it, would make a VMA readable that was write-locked and then given up.
#[derive(Debug)]
pub struct RefcountPrestamp<M: Machine> {
    sequence: MmSequence<M>,
}

impl<M: Machine> VmaLock for RefcountPrestamp<M> {
    type Machine = M;
    type Vma = RefcountVma<M>;
    type Token<'vma> = ();

    const INFO: LockFacts = LockFacts {
        name: "refcount-prestamp",
        summary: "as refcount, but a detached VMA counts as write-locked and is stamped by attach",
        source: "Message-ID 20241213092223.GB2484@noisy.programming.kicks-ass.net, akZHWwVgJfqCwA2W@pedro-suse.lan",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            sequence: MmSequence::new(),
        }
    }

    fn new_vma() -> Self::Vma {
        RefcountVma::new()
    }

    #[inline]
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        vma.sequence.stamp(&self.sequence);
        // Its Release publishes the stamp to R1.
        vma.attach();
    }

    #[inline]
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        debug_assert!(
            vma.sequence.is_stamped(&self.sequence),
            "detached without write-lock"
        );
        vma.detach();
    }

    #[inline]
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        _address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        vma.start_read(&self.sequence)
    }

    #[inline]
    fn end_read<'vma>(&self, vma: &'vma Self::Vma, _token: Self::Token<'vma>) -> ReadEnd {
        vma.put();
        ReadEnd::Committed
    }

    #[inline]
    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        // Relaxed: only writers change the count from or to 0, and the mmap lock orders them.
        let detached = vma.count.read(Relaxed) == 0;
        if !detached && !vma.sequence.is_stamped(&self.sequence) {
            let attached = vma.drain_and_stamp(&self.sequence);
            debug_assert!(attached, "detached without the mmap lock");
        }
        Ok(())
    }

    #[inline]
    fn end_write_all(&self, _section: &WriteSection<'_>) {
        self.sequence.end_section();
    }

    fn describe(&self, vma: &Self::Vma) -> String {
        vma.describe(&self.sequence)
    }
}
