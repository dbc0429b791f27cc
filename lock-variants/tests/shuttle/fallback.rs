//! A fault ends, whatever others do (P23).
//!
//! A reader that finds a VMA detached looks it up again. In the kernel nothing bounds that; the argument is that each retry
//! means that another thread has detached a VMA since. Here [`Thread::fault`] looks 64 times and then takes the mmap lock.

use crate::locks::{Model, every_lock, every_lock_fails};
use crate::machine::{Shuttle, ShuttleU32};
use crate::threads::spawn;
use crate::twist::{Twist, Twisted};
use bench_core::lock::{Declined, VmaLock};
use bench_core::machine::Word;
use bench_core::outcome::Outcome;
use bench_core::space::{AddressSpace, Goal, Ground, PAGE_BYTES, Thread};
use bench_core::workload::Layout;
use shuttle::sync::Arc;
use shuttle::thread;
use std::sync::atomic::Ordering::Relaxed;

/// Lookups of one fault.
const LOOKUPS: u64 = 64;
/// The adversary replaces nodes for as long as the reader is in its read section, so that none is free meanwhile.
const SPARE_NODES: u32 = 4 * LOOKUPS as u32;

/// Locks that decline with "detached" until they attach a VMA, because they stamp it only then. A reader that finds it in
/// the index before that retries although nobody has detached anything.
const RETRIES_UNTIL_ATTACHED: [&str; 2] = ["atomic-msb", "refcount-prestamp"];

const READER: u32 = 0;
const ADVERSARY: u32 = 1;

fn space<L: VmaLock<Machine = Shuttle>>(spare_nodes: u32) -> Arc<AddressSpace<L>> {
    let bytes = AddressSpace::<L>::bytes(1, 1);
    let ground = Ground::with_spare_nodes(1, 2, 1, bytes, spare_nodes);
    Arc::new(AddressSpace::build(ground, 0, Layout::OwnLine, 1))
}

fn goal() -> Goal {
    Goal::new(PAGE_BYTES, 0)
}

fn map<L: VmaLock<Machine = Shuttle>>(thread: &mut Thread<'_, L>) {
    let slot = thread.map(PAGE_BYTES, 2 * PAGE_BYTES, &mut || ());
    assert_eq!(slot, Some(0), "nobody else maps");
}

fn unmap<L: VmaLock<Machine = Shuttle>>(thread: &mut Thread<'_, L>) {
    assert!(thread.unmap(PAGE_BYTES, &mut || ()), "nobody else unmaps");
}

/// One thread maps and unmaps all the time, the other faults. Returns how often the reader found the VMA detached, and
/// how often it had been.
fn map_and_unmap<L: VmaLock<Machine = Shuttle>>() -> (u64, u64) {
    const ROUNDS: u64 = 4;
    let space = space::<L>(0);
    let adversary = {
        let space = Arc::clone(&space);
        spawn(move || {
            let mut thread = Thread::new(&space, ADVERSARY, 0, vec![0]);
            thread.enter();
            for _ in 0..ROUNDS {
                map(&mut thread);
                unmap(&mut thread);
            }
        })
    };
    let mut thread = Thread::new(&space, READER, 0, Vec::new());
    thread.enter();
    for _ in 0..ROUNDS {
        thread.fault(goal(), || ());
    }
    let misses = thread.tally().misses;
    drop(thread); // a writer waits for a reader that is online
    adversary.join().expect("a panic ends the run before");
    (misses, ROUNDS)
}

fn every_retry_means_a_detach<L: VmaLock<Machine = Shuttle>>() {
    let (misses, detaches) = map_and_unmap::<L>();
    assert!(misses <= detaches, "{misses} retries, {detaches} detaches");
}

struct Retries;

impl Model for Retries {
    const TEST: &'static str = "fallback::every_retry_means_a_detach_meanwhile";
    const ITERATIONS: usize = 400;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        L::INFO.excludes && !RETRIES_UNTIL_ATTACHED.contains(&L::INFO.name)
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        every_retry_means_a_detach::<L>();
    }
}

#[test]
fn every_retry_means_a_detach_meanwhile() {
    every_lock::<Retries>();
}

struct RetriesUntilAttached;

impl Model for RetriesUntilAttached {
    const TEST: &'static str =
        "fallback::a_vma_that_is_not_attached_yet_is_looked_up_again_and_again";
    const ITERATIONS: usize = 5000;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        RETRIES_UNTIL_ATTACHED.contains(&L::INFO.name)
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        every_retry_means_a_detach::<L>();
    }
}

#[test]
fn a_vma_that_is_not_attached_yet_is_looked_up_again_and_again() {
    every_lock_fails::<RetriesUntilAttached>(|failure| failure.contains("retries"));
}

/// A lock that says detached when it means locked: who retries for it retries for nothing.
#[derive(Debug, Default)]
struct SaysDetached;

impl<L: VmaLock> Twist<L> for SaysDetached {
    fn start_read<'vma>(
        &self,
        lock: &L,
        vma: &'vma L::Vma,
        address: u64,
    ) -> Result<L::Token<'vma>, Declined> {
        let result = lock.start_read(vma, address);
        result.map_err(|_| Declined::Detached)
    }
}

struct RetriesForNothing;

impl Model for RetriesForNothing {
    const TEST: &'static str = "fallback::retries_without_a_detach_are_noticed";
    const ITERATIONS: usize = 400;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        L::INFO.excludes && L::PER_VMA
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        every_retry_means_a_detach::<Twisted<L, SaysDetached>>();
    }
}

#[test]
fn retries_without_a_detach_are_noticed() {
    every_lock_fails::<RetriesForNothing>(|failure| failure.contains("retries"));
}

/// Whatever the reader finds is unmapped before it tries it, and mapped again before it looks again: the schedule that no
/// random one ever comes to. The word says what the adversary is asked for.
#[derive(Debug)]
struct Adversary {
    asked: ShuttleU32,
}

const NOTHING: u32 = 0;
const UNMAP: u32 = 1;
const MAP: u32 = 2;
const END: u32 = 3;

impl Default for Adversary {
    fn default() -> Self {
        Self {
            asked: ShuttleU32::new(NOTHING),
        }
    }
}

impl Adversary {
    fn ask(&self, wish: u32) {
        self.asked.store(wish, Relaxed);
        while self.asked.load(Relaxed) != NOTHING {
            thread::yield_now();
        }
    }
}

impl<L: VmaLock> Twist<L> for Adversary {
    fn start_read<'vma>(
        &self,
        lock: &L,
        vma: &'vma L::Vma,
        address: u64,
    ) -> Result<L::Token<'vma>, Declined> {
        self.ask(UNMAP);
        let result = lock.start_read(vma, address);
        self.ask(MAP);
        result
    }
}

/// The other side of [`Adversary`]; returns how often it unmapped.
fn serve<L: VmaLock<Machine = Shuttle>>(space: &AddressSpace<Twisted<L, Adversary>>) -> u64 {
    let asked = &space.mm(0).lock().twist.asked;
    let mut thread = Thread::new(space, ADVERSARY, 0, vec![0]);
    thread.enter();
    map(&mut thread);
    let mut unmapped = 0;
    loop {
        asked.store(NOTHING, Relaxed);
        let wish = loop {
            match asked.load(Relaxed) {
                NOTHING => thread::yield_now(),
                wish => break wish,
            }
        };
        match wish {
            UNMAP => {
                unmap(&mut thread);
                unmapped += 1;
            }
            MAP => map(&mut thread),
            _ => return unmapped,
        }
    }
}

struct Cornered;

impl Model for Cornered {
    const TEST: &'static str = "fallback::a_fault_ends_by_the_mmap_lock_whatever_an_adversary_does";
    const ITERATIONS: usize = 4;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        L::INFO.excludes && L::PER_VMA
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        let space = space::<Twisted<L, Adversary>>(SPARE_NODES);
        let asked = &space.mm(0).lock().twist.asked;
        asked.store(MAP, Relaxed); // cleared once the VMA is there
        let adversary = {
            let space = Arc::clone(&space);
            spawn(move || serve(&space))
        };
        while asked.load(Relaxed) != NOTHING {
            thread::yield_now();
        }
        let mut thread = Thread::new(&space, READER, 0, Vec::new());
        thread.enter();
        let mut looks = 0;
        let outcome = thread.fault(goal(), || looks += 1);
        let misses = thread.tally().misses;
        drop(thread);
        asked.store(END, Relaxed);
        let unmapped = adversary.join().expect("a panic ends the run before");
        assert_eq!(
            (outcome, misses, unmapped, looks),
            (Outcome::Detached, LOOKUPS, LOOKUPS, 1)
        );
    }
}

#[test]
fn a_fault_ends_by_the_mmap_lock_whatever_an_adversary_does() {
    every_lock::<Cornered>();
}
