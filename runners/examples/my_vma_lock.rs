//! The whole contract of a VMA lock, for a design of your own; `my_lock.rs` beside it is the short way for a plain
//! reader-writer lock.
//!
//! `cargo run --release --example my_vma_lock -- verify --lock one-word` says whether it is right, and
//! `cargo run --release --example my_vma_lock -- run --preset quick --lock one-word,refcount` how it compares.
//!
//! The design: everything that a reader has to know of a VMA is in one 64-bit word, so that one compare-and-exchange both
//! looks and counts, and a reader never counts in vain.
//!
//! # State
//!
//! | bits of a VMA's word | meaning |
//! |---|---|
//! | 32 to 63 | the write section that last write-locked the VMA; it is write-locked while that section is the mm's |
//! | 31 | detached |
//! | 0 to 30 | readers inside |
//!
//! The mm has the number of its write section, and each VMA the task that waits for its readers.
//!
//! # Protocol
//! A reader loads the word, then the mm's section. If they differ, the VMA's section is over for good, since the mm's only
//! grows (a VMA that belongs to another mm meanwhile is found out by the address space, which checks after the count is
//! held). If the word still is the same in the compare-and-exchange, the reader is inside. A writer stamps its section
//! first, which makes every such exchange fail, and then waits until the readers are gone.
//!
//! # What it gives up
//! A section number comes again after 2^32 sections, as in the kernel.

use bench_core::lock::{Declined, Interrupted, LockFacts, ReadEnd, VmaLock, WriteSection};
use bench_core::machine::{Machine, Word};
use lock_variants::rcuwait::Rcuwait;
use runners::contender::{Contender, catalogue};
use runners::native::Native;
use std::process::ExitCode;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

const DETACHED: u64 = 1 << 31;
const READERS: u64 = DETACHED - 1;

fn section_of(word: u64) -> u32 {
    (word >> 32) as u32
}

/// The mm's half. Generic over the machine, so that a model checker could run it too.
#[derive(Debug)]
struct OneWord<M: Machine> {
    /// The number of the write section that is open, or else of the next one.
    section: M::U32,
}

/// The VMA's half.
#[derive(Debug)]
struct OneWordVma<M: Machine> {
    word: M::U64,
    writer: Rcuwait<M>,
}

impl<M: Machine> OneWordVma<M> {
    /// Sleeps until no reader is inside.
    fn wait_for_readers(&self) {
        // Acquire: pairs with the Release of `end_read`; what the readers did comes before the writer.
        self.writer
            .wait_until(|| self.word.load(Acquire) & READERS == 0);
    }
}

impl<M: Machine> VmaLock for OneWord<M> {
    type Machine = M;
    type Vma = OneWordVma<M>;
    /// What a reader keeps until it ends: nothing, its count is in the word.
    type Token<'vma> = ();

    const INFO: LockFacts = LockFacts {
        name: "one-word",
        summary: "section, detached bit and readers in one 64-bit word",
        source: "the example my_vma_lock",
        excludes: true,
    };

    /// A new mm. Sections count from 1: the 0 of a new VMA is no section's.
    fn new() -> Self {
        Self {
            section: M::U32::new(1),
        }
    }

    /// A slot that never held a VMA is detached.
    fn new_vma() -> Self::Vma {
        OneWordVma {
            word: M::U64::new(DETACHED),
            writer: Rcuwait::new(),
        }
    }

    /// Lets readers in from the end of the section on: the VMA was write-locked by the caller, so that it is stamped.
    fn attach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        // Release: pairs with the Acquire of the exchange in `start_read`, so that a reader sees what the new VMA is.
        vma.word.fetch_and(!DETACHED, Release);
    }

    /// Keeps readers out for good. The VMA is stamped, so that readers of this mm are out already; one of another mm, that
    /// found the VMA before it was recycled, may still be inside for a moment.
    fn detach(&self, vma: &Self::Vma, _section: &WriteSection<'_>) {
        // Relaxed: the wait below orders what follows, and the bit itself is in the word that readers exchange.
        vma.word.fetch_or(DETACHED, Relaxed);
        vma.wait_for_readers();
    }

    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        _address: u64,
    ) -> Result<Self::Token<'vma>, Declined> {
        // Acquire: the section below is loaded after it and so is not older: if it differs, this word's section is over.
        let mut word = vma.word.load(Acquire);
        loop {
            // Acquire: pairs with the Release of `end_write_all`; the reader sees all that was written in that section.
            if section_of(word) == self.section.load(Acquire) {
                return Err(Declined::WriterBit);
            }
            if word & DETACHED != 0 {
                return Err(Declined::Detached);
            }
            if word & READERS == READERS {
                return Err(Declined::Limit);
            }
            // Acquire twice: as the load above, and pairs with the Release of `attach`.
            match vma
                .word
                .compare_exchange_weak(word, word + 1, Acquire, Acquire)
            {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    fn end_read<'vma>(&self, vma: &'vma Self::Vma, (): Self::Token<'vma>) -> ReadEnd {
        // Release: pairs with the Acquire of `wait_for_readers`. Acquire: pairs with the Release of the stamp in
        // `start_write`, so that the section below is not older than the stamp.
        let left = vma.word.fetch_sub(1, AcqRel) - 1;
        // Only a writer that is in its section or a detacher waits. Relaxed: the Acquire above orders it.
        let writer = section_of(left) == self.section.load(Relaxed);
        if left & READERS == 0 && (writer || left & DETACHED != 0) {
            vma.writer.wake();
        }
        ReadEnd::Committed
    }

    fn start_write(&self, vma: &Self::Vma, _section: &WriteSection<'_>) -> Result<(), Interrupted> {
        // Relaxed twice: only writers change these bits, and the mmap lock orders writers.
        let section = self.section.load(Relaxed);
        let stamped = section_of(vma.word.load(Relaxed));
        // Equal: write-locked earlier in this section. Or it comes from another mm whose section had this number by chance:
        // then it is detached, so that no reader of this mm is inside either.
        if stamped != section {
            // The upper half becomes the section, whatever readers do to the lower one. Release: a reader that sees it sees
            // the section that the mm is in.
            let difference = u64::from(section.wrapping_sub(stamped)) << 32;
            vma.word.fetch_add(difference, Release);
            vma.wait_for_readers();
        }
        Ok(())
    }

    fn end_write_all(&self, _section: &WriteSection<'_>) {
        // Relaxed: only writers change it, and the mmap lock orders writers.
        let next = self.section.load(Relaxed).wrapping_add(1);
        // Release: pairs with the Acquire in `start_read`. One store unlocks every VMA that was stamped in the section.
        self.section.store(next, Release);
    }

    /// What the report of a hang shows.
    fn describe(&self, vma: &Self::Vma) -> String {
        // Relaxed twice: for descriptions only.
        let (word, section) = (vma.word.load(Relaxed), self.section.load(Relaxed));
        let readers = word & READERS;
        let detached = word & DETACHED != 0;
        format!(
            "section {} of {section}, {readers} readers, detached: {detached}",
            section_of(word)
        )
    }
}

fn main() -> ExitCode {
    let mut contenders = catalogue();
    contenders.push(Contender::of::<OneWord<Native>>());
    runners::main_with(&contenders)
}
