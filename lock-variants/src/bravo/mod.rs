//! `bravo`: a bias towards readers around an rwsem. While it lasts a reader touches no word of the lock: it makes itself
//! visible in a table that all locks share, and a writer searches the table.
//!
//! Upstream: BRAVO, Dave Dice and Alex Kogan, USENIX ATC 2019 (arXiv 1810.01553), there also around the kernel's rwsem. Not merged.
//!
//! # State
//!
//! | word | meaning |
//! |---|---|
//! | `underlying` | an rwsem: readers that find no bias, and writers |
//! | `bias` | 1: readers go by the table (`RBias`) |
//! | `inhibit_until_ns` | until then no reader sets the bias (`InhibitUntil`) |
//! | a slot of the `table.rs` | the identity of the lock that a task holds for reading by this slot; 0: free |
//!
//! # Protocol
//! Reader: (R1) when `bias` is 1, exchange 0 for the lock's identity in the slot of this task and this lock; light barrier; go
//! on when `bias` is still 1, else free the slot. (R2) Without bias, or when the slot is taken: try the underlying lock, and
//! with it set `bias` when it is 0 and may be set again. To end, free the slot, or unlock the underlying lock.
//!
//! Writer: (W1) lock the underlying lock; when `bias` is 1, revoke it: clear it; heavy barrier; wait in each slot of the table until
//! it does not hold the lock's identity; inhibit the bias for 9 times as long as that took. (W2) Stamp or detach. (W3)
//! Unlock the underlying lock.
//!
//! # Invariants
//! 1. `bias` becomes 1 only under the underlying lock held for reading, and 0 only under it held for writing.
//! 2. While a writer has the underlying lock and has revoked the bias, no slot holds the lock's identity but for a moment, of a reader
//!    that is about to free it.
//! 3. A slot is made 0 only by who made it not 0.
//!
//! # Memory ordering
//! - R1 with the revocation, light with heavy barrier: the writer finds the slot, or the reader finds `bias` cleared (or set
//!   again since, under the lock that the writer has unlocked).
//! - `bias` set with Release, R1's second look Acquire: a reader that goes by the bias sees what writers did before it was set.
//! - A slot is freed with Release, and the search loads it with Acquire: what a reader did comes before the writer (P7). The
//!   exchange in R1 is Acquire too: a slot that changes hands, also between locks, hands on what its last reader did, since
//!   the search may find only the next one's words in it.
//! - The rwsem has its own. The numbers and the flag: [`crate::sequence`], [`crate::adapter`].
//!
//! # Progress
//! A reader never waits: R1 is one exchange and R2 one try. A writer that revokes reads the whole table and waits for each
//! reader in it by looking again and again, with the CPU given up in between after a while; nobody wakes it. New readers do
//! not make it wait: they find neither bias nor the underlying lock. The inhibition bounds the time that writers spend on
//! revocations to about a tenth.
//!
//! # What differs from the paper and the kernel
//! - The paper's two full fences are the asymmetric pair of [`Machine`]. On x86-64, where the exchange is a full barrier by itself,
//!   that makes no reader faster and adds the heavy barrier to each revocation and so to each inhibition; elsewhere it saves the reader a fence.
//! - The underlying lock is only tried: who fails goes to the mmap lock, where the paper's reader waits.
//! - A lock's identity is a number and not its address: 8 bytes besides the paper's two words. The table, one for the process as in
//!   the paper, is 32 KiB, which are no VMA's and so in no VMA's bytes.
//! - Tasks with numbers in a row never share a slot of one lock; with the paper's hash of addresses they may.
//! - Time is in nanoseconds of the machine's clock, which a reader without bias reads each time.

mod table;
#[cfg(test)]
mod tests;

use crate::adapter::PlainLock;
use bench_core::lock::LockFacts;
use bench_core::machine::{Machine, Word};
use bench_core::rwsem::RwSem;
use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use table::FREE;

/// Readers go by the table.
const BIASED: u32 = 1;
/// They do not.
const UNBIASED: u32 = 0;
/// The bias is inhibited for so many times the duration of its revocation (`N` of the paper).
const INHIBITION: u64 = 9;
/// A writer looks so often at a slot before it gives up its CPU: the reader has probably lost its own.
const LOOKS_BEFORE_YIELD: u32 = 128;

/// The VMA's part of the lock.
pub struct Bravo<M: Machine> {
    underlying: RwSem<M>,
    /// See the table of the module.
    bias: M::U32,
    /// What a slot holds while a reader of this lock has it.
    identity: u64,
    /// On [`Machine::now_ns`]'s clock.
    inhibit_until_ns: M::U64,
}

/// A lock held by a reader.
pub struct BravoGuard<'lock, M: Machine> {
    lock: &'lock Bravo<M>,
    /// The slot by which it is held; `None`: by the underlying lock.
    slot: Option<&'static M::U64>,
}

impl<M: Machine> Drop for BravoGuard<'_, M> {
    #[inline(always)]
    fn drop(&mut self) {
        match self.slot {
            // Release: pairs with Acquire in `revoke`, and in the next exchange; what the reader did comes before the writer.
            Some(slot) => slot.store(FREE, Release),
            None => self.lock.underlying.read_unlock(),
        }
    }
}

impl<M: Machine> Bravo<M> {
    /// R1, once `bias` was seen at 1.
    #[inline(always)]
    fn try_by_table(&self) -> Option<&'static M::U64> {
        let slot = table::slot::<M>(M::current(), self.identity)?;
        // Acquire: pairs with Release of who had the slot before, whose end it hands on. Relaxed: who fails goes elsewhere.
        slot.compare_exchange(FREE, self.identity, Acquire, Relaxed)
            .ok()?;
        // Pairs with the heavy barrier in `revoke`.
        M::light_barrier();
        // Acquire: pairs with Release in `try_underlying`.
        if self.bias.load(Acquire) == BIASED {
            return Some(slot);
        }
        // Release: hands on what who had the slot before did.
        slot.store(FREE, Release);
        None
    }

    /// R2.
    #[inline]
    fn try_underlying(&self) -> Option<BravoGuard<'_, M>> {
        if !self.underlying.try_read_lock() {
            return None;
        }
        let guard = BravoGuard {
            lock: self,
            slot: None,
        };
        // Relaxed twice: only writers clear the one and write the other, and the underlying lock keeps them out.
        if self.bias.load(Relaxed) == UNBIASED && M::now_ns() >= self.inhibit_until_ns.load(Relaxed)
        {
            // Release: pairs with Acquire in `try_by_table`; hands on what the writers did that the underlying lock showed us.
            self.bias.store(BIASED, Release);
        }
        Some(guard)
    }

    /// Ends the bias and waits for the readers that went by it. The caller has the underlying lock for writing.
    #[cold]
    fn revoke(&self) {
        let began_ns = M::now_ns();
        // Relaxed: the barrier orders it before the search.
        self.bias.store(UNBIASED, Relaxed);
        // Pairs with the light barrier in `try_by_table`.
        M::heavy_barrier();
        for slot in table::slots::<M>() {
            let mut looks = 0;
            // Acquire: pairs with Release of the slot's readers (P7).
            while slot.load(Acquire) == self.identity {
                looks += 1;
                if looks < LOOKS_BEFORE_YIELD {
                    M::wait_while_u64(slot, self.identity);
                } else {
                    M::yield_now();
                }
            }
        }
        let now_ns = M::now_ns();
        let inhibited_ns = now_ns.saturating_sub(began_ns).saturating_mul(INHIBITION);
        // Relaxed: readers look at it under the underlying lock.
        self.inhibit_until_ns
            .store(now_ns.saturating_add(inhibited_ns), Relaxed);
    }
}

impl<M: Machine> PlainLock for Bravo<M> {
    type Guard<'lock> = BravoGuard<'lock, M>;

    const INFO: LockFacts = LockFacts {
        name: "bravo",
        summary: "an rwsem whose readers go by a slot of a table that all locks share, until a writer revokes that",
        source: "Dice and Kogan, USENIX ATC 2019, arXiv 1810.01553",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            underlying: RwSem::new(),
            bias: M::U32::new(UNBIASED),
            identity: table::next_identity::<M>(),
            inhibit_until_ns: M::U64::new(0),
        }
    }

    #[inline(always)]
    fn try_read(&self) -> Option<Self::Guard<'_>> {
        // Relaxed: `try_by_table` looks again.
        if self.bias.load(Relaxed) == BIASED
            && let slot @ Some(_) = self.try_by_table()
        {
            return Some(BravoGuard { lock: self, slot });
        }
        self.try_underlying()
    }

    /// W1 to W3.
    #[inline]
    fn with_write(&self, stamp: impl FnOnce()) {
        self.underlying.write_lock();
        // Relaxed: who set it had the underlying lock before us.
        if self.bias.load(Relaxed) == BIASED {
            self.revoke();
        }
        stamp();
        self.underlying.write_unlock();
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

impl<M: Machine> fmt::Debug for Bravo<M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: for descriptions only.
        let bias = self.bias.load(Relaxed);
        let of_this_lock = |slot: &&M::U64| slot.load(Relaxed) == self.identity;
        let by_table = table::slots::<M>().iter().filter(of_this_lock).count();
        let readers = crate::plural(by_table as u32, "reader");
        let underlying = &self.underlying;
        write!(out, "bias={bias} ({readers} by the table) {underlying:?}")
    }
}

impl<M: Machine> fmt::Debug for BravoGuard<'_, M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = if self.slot.is_some() {
            "the table"
        } else {
            "the underlying lock"
        };
        write!(out, "BravoGuard(by {by})")
    }
}
