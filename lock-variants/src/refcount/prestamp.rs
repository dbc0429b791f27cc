//! `refcount-prestamp`: as `refcount`, with new VMAs that count as write-locked from the start. A detached VMA is write-locked
//! because nobody can read it, and `attach` stamps it.
//!
//! Upstream: Zijlstra's proposal of 13 Dec 2024 (Message-ID `20241213092223.GB2484@noisy.programming.kicks-ass.net`): nobody
//! can see a VMA before it is added, so stamp it, count it and insert it, without the writer's bit. Taken up again by Falcato in
//! June 2026 (Message-ID `akZHWwVgJfqCwA2W@pedro-suse.lan`) as the rule that a detached VMA is write-locked.
//!
//! # State
//! As in [the module](super). The number on a detached VMA means nothing.
//!
//! # Protocol
//! As in [the module](super), but `start_write` looks at the count before the numbers, and does nothing when it is 0; `attach`
//! stamps and then counts.
//!
//! # What differs from the mail
//! It counts in what is `start_write` here. That would make a VMA readable that was write-locked and then given up, so that both
//! steps are in `attach`.

use super::new_vma::NewVma;
use super::{Form, MmNumber, Refcount, RefcountVma};
use crate::rcuwait::NoSpin;
use crate::refcount_t::Saturating;
use crate::sequence::Bits;
use bench_core::lock::LockFacts;
use bench_core::machine::Machine;
use std::sync::atomic::Ordering::Relaxed;

/// What it changes of `refcount`.
#[derive(Debug)]
pub struct Prestamp;

impl Form for Prestamp {
    const INFO: LockFacts = LockFacts {
        name: "refcount-prestamp",
        summary: "as refcount, but a detached VMA counts as write-locked and is stamped by attach",
        source: "Message-ID 20241213092223.GB2484@noisy.programming.kicks-ass.net, akZHWwVgJfqCwA2W@pedro-suse.lan",
        excludes: true,
    };
    type Spin = NoSpin;
    type Width = Bits<32>;
    type Checks = Saturating;
    type NewVma = StampByAttach;
}

/// Leave it alone; `attach` stamps it.
#[derive(Debug)]
pub struct StampByAttach;

impl NewVma for StampByAttach {
    #[inline(always)]
    fn start_write<M: Machine, F: Form>(vma: &RefcountVma<M, F>, mm: &MmNumber<M, F>) {
        // Relaxed: only writers change the count from or to 0, and the mmap lock orders them, or what hands a detached VMA on to
        // another mm.
        let detached = vma.count.read(Relaxed) == 0;
        if !detached && !vma.sequence.is_stamped(mm) {
            let attached = vma.drain_and_stamp(mm);
            debug_assert!(attached, "detached without the mmap lock");
        }
    }

    #[inline(always)]
    fn attach<M: Machine, F: Form>(vma: &RefcountVma<M, F>, mm: &MmNumber<M, F>) {
        vma.sequence.stamp(mm);
        vma.count_in();
    }
}

/// The lock.
pub type RefcountPrestamp<M> = Refcount<M, Prestamp>;

#[cfg(test)]
mod tests {
    use super::super::tests::new_vma_steps;
    use super::RefcountPrestamp;
    use bench_core::machine::Solo;

    #[test]
    fn it_stamps_when_it_attaches() {
        let new = (0, u32::MAX);
        assert_eq!(
            new_vma_steps::<RefcountPrestamp<Solo>, _>(),
            [new, new, new, (1, 2)]
        );
    }
}
