//! A read-copy-update domain by quiescent states: what keeps the nodes of the index in place while a reader walks them.
//!
//! The kernel's RCU, of which this is the part that the lookup of a VMA needs, came with 2.5.43; the form here is the
//! quiescent-state-based one (QSBR) of Desnoyers, McKenney, Stern, Dagenais and Walpole, "User-Level Implementations of
//! Read-Copy Update", IEEE TPDS 23(2), 2012. It is the nearest to a kernel built with `PREEMPT_NONE`, where
//! `rcu_read_lock()` is no instruction at all and a context switch is the quiescent state.
//!
//! **There is no `read_lock` call.** Everything that an online reader does between two calls of [`Rcu::quiescent`] is one
//! read section, and what it took from a shared structure in one section must not be used in the next.
//!
//! # State
//!
//! | word | value | meaning |
//! |---|---|---|
//! | `counter` | `n >= 1` | `n - 1` grace periods have been started |
//! | `seen` of a reader | 0 | offline: in no read section |
//! | | `n >= 1` | online; when it last announced, `counter` was `n` |
//!
//! # Protocol
//! Writer: (1) takes an object out of every place a reader can find it; (2) [`Rcu::start_grace_period`] adds 1 to
//! `counter` and gives the new value, the epoch; (3) once [`Rcu::is_over`] holds for the epoch, reuses the object.
//!
//! Reader, [`Reader::quiescent`]: (1) loads `counter`; (2) returns if `seen` equals it; (3) else stores it to `seen`.
//!
//! # Invariants
//! 1. `counter` only grows, and only by read-modify-writes. It has 64 bits and does not wrap.
//! 2. `seen` of a reader is written by that reader only, and never exceeds `counter`.
//! 3. If a reader's `seen` is at least `n`, all that it does after that store happens after all that came before the
//!    start of the grace period with epoch `n`.
//! 4. A grace period that is over stays over.
//!
//! # Memory ordering
//! - `counter`: the bump's Release pairs with the load and the fence behind it in `quiescent` and in `online`. A reader that
//!   saw epoch `n` does not find what was taken out before it. A load of a later value pairs with the earlier bumps too:
//!   read-modify-writes continue a release sequence (invariant 1).
//! - `seen`: the reader's Release store pairs with the Acquire load in `is_over`. The last section's reads of an object
//!   come before the writes of whoever reuses it. An unchanged `seen` needs no store: nothing was retired since.
//! - A reader that comes online has the shape of Dekker's algorithm: it stores `seen`, then looks for objects, while the
//!   writer takes an object out, then loads `seen`. The SeqCst fence in `online` pairs with the one in
//!   `start_grace_period`: either `is_over` sees the reader, or the reader does not find the object. Two online states in
//!   a row need no such fence, because `is_over` waits for the reader in any case.
//!
//! # Progress
//! A reader never waits. A writer that waits for a grace period waits for every online reader, so a thread that may sleep
//! ([`Rcu::offline_during`]), above all for a lock that such a writer holds, has to be offline or both wait for ever.
//!
//! # What differs from the kernel
//! - Readers say where they are quiescent; the kernel infers it from context switches, idle and user mode. A thread that
//!   is preempted in a read section holds up the grace period, as a task does with `PREEMPT_RCU`.
//! - The grace period is found out by the writer that wants it, by a scan of all readers: no grace-period thread, no tree
//!   of nodes, no callbacks, and so none of their latency (milliseconds there, microseconds here).
//! - `rcu_dereference()` is ordered by the address dependency; Rust has no such ordering, so readers use Acquire, which
//!   costs nothing on x86-64 and `ldar` or `ldapr` in place of `ldr` on arm64.

use crate::machine::{Machine, Word};
use std::fmt::Write;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

/// `seen` of a reader that is in no read section.
const OFFLINE: u64 = 0;

/// A read-copy-update domain with a fixed number of readers, numbered from 0. One thread at a time uses a number.
///
/// `counter` shares its line only with the place of the readers: it changes when something is retired and at no other time.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Rcu<M: Machine> {
    counter: M::U64,
    readers: Box<[Seat<M>]>,
}

/// A reader's word, on its own pair of cache lines: it writes there, and only a writer that waits for it reads there.
#[derive(Debug)]
#[repr(C, align(128))]
struct Seat<M: Machine> {
    seen: M::U64,
}

/// A reader of a domain, as its own thread has it.
#[derive(Debug)]
pub struct Reader<'rcu, M: Machine> {
    counter: &'rcu M::U64,
    seen: &'rcu M::U64,
}

impl<M: Machine> Reader<'_, M> {
    /// Ends the read section of an online reader and begins the next. Two loads and a compare unless a grace period was
    /// started since the last call.
    ///
    /// # Panics
    /// In debug builds, when the reader is offline.
    #[inline(always)]
    pub fn quiescent(&self) {
        // Relaxed: an old value only makes this reader announce later; a new one is followed by the fence in `announce`.
        let now = self.counter.load(Relaxed);
        // Relaxed: only this thread writes it (invariant 2).
        if self.seen.load(Relaxed) != now {
            self.announce(now);
        }
    }

    #[cold]
    fn announce(&self, now: u64) {
        // Relaxed: only this thread writes it.
        debug_assert_ne!(
            self.seen.load(Relaxed),
            OFFLINE,
            "an offline reader in a read section"
        );
        // With the load of `counter` before it, pairs with the Release in `start_grace_period`: what was taken out before
        // that is not found after this.
        M::fence(Acquire);
        // Pairs with the Acquire in `is_over`: the reads of the section that ends come before what the writer does next.
        self.seen.store(now, Release);
    }
}

impl<M: Machine> Rcu<M> {
    /// A domain of `readers` readers, all of them offline.
    #[must_use]
    pub fn new(readers: usize) -> Self {
        let seat = || Seat {
            seen: M::U64::new(OFFLINE),
        };
        Self {
            counter: M::U64::new(1),
            readers: std::iter::repeat_with(seat).take(readers).collect(),
        }
    }

    /// How many readers there are.
    #[must_use]
    pub fn readers(&self) -> usize {
        self.readers.len()
    }

    /// Ends the read section of an online reader and begins the next: [`Reader::quiescent`].
    ///
    /// # Panics
    /// When there is no such reader; in debug builds, when it is offline.
    #[inline]
    pub fn quiescent(&self, reader: usize) {
        self.reader(reader).quiescent();
    }

    /// A reader's place, for a thread that ends sections often and does not look it up each time.
    ///
    /// # Panics
    /// When there is no such reader.
    #[must_use]
    pub fn reader(&self, reader: usize) -> Reader<'_, M> {
        Reader {
            counter: &self.counter,
            seen: &self.readers[reader].seen,
        }
    }

    /// Ends the read section of a reader, which then holds up no grace period. Does nothing to one that is offline.
    ///
    /// # Panics
    /// When there is no such reader.
    pub fn offline(&self, reader: usize) {
        // Pairs with the Acquire in `is_over`, as in `announce`.
        self.readers[reader].seen.store(OFFLINE, Release);
    }

    /// Begins a read section of a reader that was offline. A full barrier, so not for every operation.
    ///
    /// # Panics
    /// When there is no such reader.
    pub fn online(&self, reader: usize) {
        // Relaxed, since the fence below makes it an Acquire: with the Release in `start_grace_period` it sees to it that a
        // reader that announces an epoch from the start knows what came before it (invariant 3).
        let now = self.counter.load(Relaxed);
        // Pairs with the Acquire in `is_over`: a writer that sees this store and not the one in `offline` before it still
        // has to see the last section ended. The fence, not this, orders it before the section that begins.
        self.readers[reader].seen.store(now, Release);
        // Pairs with the fence in `start_grace_period`: either `is_over` sees this reader online, or this reader does not
        // find what was taken out.
        M::fence(SeqCst);
    }

    /// Begins a read section of a reader that was offline and now holds the lock, for reading or writing, under which all
    /// writers of this domain's structures work; the section may go on after the lock is released.
    ///
    /// Needs no full barrier, since the lock orders this thread with every writer: one that held the lock before has
    /// published what it took out, and one that holds it later sees this reader online.
    ///
    /// # Panics
    /// When there is no such reader.
    #[inline]
    pub fn online_under_lock(&self, reader: usize) {
        // Relaxed, both: ordered by the lock, as said above. The lock's Acquire is older than the load, so that the reader
        // announces no epoch whose objects it could still find; its Release comes after the store.
        let now = self.counter.load(Relaxed);
        self.readers[reader].seen.store(now, Relaxed);
    }

    /// Whether a reader, of which the caller is the thread, is online.
    ///
    /// # Panics
    /// When there is no such reader.
    #[must_use]
    pub fn is_online(&self, reader: usize) -> bool {
        // Relaxed: the caller wrote it.
        self.readers[reader].seen.load(Relaxed) != OFFLINE
    }

    /// Does `sleep` with the reader offline, then makes it what it was. For waits whose end may need a grace period: try
    /// the lock first, and call this only to wait for it.
    ///
    /// # Panics
    /// When there is no such reader.
    pub fn offline_during<T>(&self, reader: usize, sleep: impl FnOnce() -> T) -> T {
        if !self.is_online(reader) {
            return sleep();
        }
        self.offline(reader);
        let result = sleep();
        self.online(reader);
        result
    }

    /// Starts a grace period for everything that the caller has already taken out of the readers' reach. Returns the epoch
    /// to ask [`is_over`](Self::is_over) for.
    pub fn start_grace_period(&self) -> u64 {
        // Release: pairs with the loads and fences of `announce` and `online`; what was taken out before is not found by a
        // reader that saw this. Not Acquire: it reads nothing of other writers.
        let epoch = self.counter.fetch_add(1, Release) + 1;
        // Pairs with the fence in `online`: see there.
        M::fence(SeqCst);
        epoch
    }

    /// Whether every reader that may have been in a read section when the grace period was started has left it. Asked by
    /// the thread that started it or by one that synchronised with that thread since, by the mmap lock for instance.
    #[must_use]
    pub fn is_over(&self, epoch: u64) -> bool {
        self.readers.iter().all(|reader| {
            // Pairs with the Release stores in `announce` and `offline`: that reader's reads come before our reuse.
            let seen = reader.seen.load(Acquire);
            seen == OFFLINE || seen >= epoch
        })
    }

    /// The words as they are now, for the report of a run that hangs: `counter=3 seen=[3, offline, 2]`.
    #[must_use]
    pub fn describe(&self) -> String {
        // Relaxed: a look at words that may change meanwhile.
        let mut text = format!("counter={} seen=[", self.counter.load(Relaxed));
        for (number, reader) in self.readers.iter().enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            // Writing to a String does not fail.
            let _ = match reader.seen.load(Relaxed) {
                OFFLINE => write!(text, "{separator}offline"),
                seen => write!(text, "{separator}{seen}"),
            };
        }
        text.push(']');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Rcu;
    use crate::machine::Solo;

    #[test]
    fn an_online_reader_holds_up_a_grace_period_until_it_announces() {
        let rcu = Rcu::<Solo>::new(3);
        rcu.online(0);
        rcu.online(1);
        let epoch = rcu.start_grace_period();
        assert!(!rcu.is_over(epoch));
        rcu.quiescent(0);
        assert!(!rcu.is_over(epoch), "reader 1 is still in its section");
        rcu.quiescent(1);
        assert!(rcu.is_over(epoch));
        assert!(
            !rcu.is_over(rcu.start_grace_period()),
            "the next one begins anew"
        );
        assert!(rcu.is_over(epoch), "invariant 4");
    }

    #[test]
    fn offline_readers_hold_up_nothing_and_come_back_up_to_date() {
        let rcu = Rcu::<Solo>::new(2);
        rcu.online(0);
        let first = rcu.start_grace_period();
        rcu.offline(0);
        assert!(rcu.is_over(first));
        rcu.online(0);
        assert!(rcu.is_over(first));
        let second = rcu.start_grace_period();
        assert!(!rcu.is_over(second));
        assert!(rcu.offline_during(0, || rcu.is_over(second)));
        assert!(rcu.is_online(0));
        rcu.offline(0);
        rcu.offline_during(0, || ());
        assert!(!rcu.is_online(0));
    }

    #[test]
    fn one_announcement_answers_all_grace_periods_before_it() {
        let rcu = Rcu::<Solo>::new(1);
        rcu.online(0);
        let epochs = [(); 3].map(|()| rcu.start_grace_period());
        assert!(!epochs.iter().any(|&epoch| rcu.is_over(epoch)));
        rcu.quiescent(0);
        assert!(epochs.iter().all(|&epoch| rcu.is_over(epoch)));
    }

    #[test]
    fn description_names_counter_and_readers() {
        let rcu = Rcu::<Solo>::new(3);
        rcu.online(0);
        rcu.start_grace_period();
        rcu.online(2);
        assert_eq!(rcu.describe(), "counter=2 seen=[1, offline, 2]");
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "an offline reader in a read section")]
    fn an_offline_reader_has_no_section_to_end() {
        Rcu::<Solo>::new(1).quiescent(0);
    }

    #[test]
    fn the_words_of_two_readers_are_on_different_lines() {
        assert_eq!(size_of::<super::Seat<Solo>>(), 128);
        assert_eq!(size_of::<Rcu<Solo>>(), 128);
    }
}
