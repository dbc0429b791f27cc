//! A node of the index that was found in one read section is not used in another (P13).
//!
//! In the kernel a fault that had left its read section went on with the cursor that it had made in it (the bug of 6.18,
//! syzbot 131f9eb2b5807573275c). Here a lookup is one walk from the root, and the section ends only at
//! [`Rcu::quiescent`], so that there is no cursor to forget. What that rests on is modelled: nodes are used anew as soon as
//! every reader has announced, and a walk between two announcements never meets one. The planted fault is somebody who
//! announces for a reader in the middle of its walk: what a reader does that ends its section there.

use crate::explore::{explore, failure_of};
use crate::machine::{Shuttle, ShuttleU32};
use crate::threads::{join, spawn};
use bench_core::index::Index;
use bench_core::machine::Word;
use bench_core::rcu::Rcu;
use bench_core::space::Mm;
use lock_variants::mmap_lock::MmapLock;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use shuttle::thread;
use std::sync::atomic::Ordering::Relaxed;

const READERS: u32 = 2;
const WRITER: usize = READERS as usize;
/// At least so many by a reader.
const LOOKUPS: u32 = 3;
const CHANGES: usize = 16;

/// Ranges of ten addresses. So many are always there, in two leaves below an inner node; one of them is looked up.
const RANGES: u32 = 14;
const LOOKED_UP: u32 = 6;
/// These two come and go, in the first leaf and in the last: so that the node of one leaf is used anew for the other.
const COMES: [u32; 2] = [0, RANGES + 1];

fn start(range: u32) -> u64 {
    u64::from(range) * 10
}

struct Walked {
    mm: Mm<MmapLock<Shuttle>>,
    index: Index<Shuttle>,
    rcu: Rcu<Shuttle>,
    /// 1 once nothing is changed any more.
    is_done: ShuttleU32,
}

impl Walked {
    /// All readers are online.
    fn new(spare_nodes: u32) -> Arc<Self> {
        let walked = Self {
            mm: Mm::new(),
            index: Index::with_spare_nodes(RANGES + 2, spare_nodes),
            rcu: Rcu::new(READERS as usize + 1),
            is_done: ShuttleU32::new(0),
        };
        for range in 1..=RANGES {
            walked.insert(range);
        }
        for reader in 0..READERS as usize {
            walked.rcu.online(reader);
        }
        Arc::new(walked)
    }

    fn insert(&self, range: u32) {
        let guard = self.mm.write_lock();
        let (start, end) = (start(range), start(range + 1));
        let inserted = self
            .index
            .insert(start, end, range, guard.section(), &self.rcu, WRITER);
        drop(guard);
        inserted.expect("it is not there");
    }

    fn erase(&self, range: u32) {
        let guard = self.mm.write_lock();
        let erased = self
            .index
            .erase(start(range), guard.section(), &self.rcu, WRITER);
        drop(guard);
        assert_eq!(erased, Some(range));
    }

    /// Looks as long as something is changed.
    fn look(&self, reader: usize) {
        let mut looked = 0;
        while looked < LOOKUPS || self.is_done.load(Relaxed) == 0 {
            let found = self.index.lookup(start(LOOKED_UP) + 5);
            assert_eq!(found, Some(LOOKED_UP), "a node that was used anew");
            self.rcu.quiescent(reader);
            looked += 1;
            thread::yield_now();
        }
    }

    fn change(&self, with_fault: bool) {
        for number in 0..CHANGES {
            if with_fault {
                self.announce_for_others();
            }
            let range = COMES[number % 2];
            if number / 2 % 2 == 0 {
                self.insert(range);
            } else {
                self.erase(range);
            }
        }
        self.is_done.store(1, Relaxed);
    }

    /// Says for the readers what they have not said.
    fn announce_for_others(&self) {
        for reader in 0..READERS as usize {
            self.rcu.quiescent(reader);
        }
    }
}

/// `spare_nodes`: with none a writer waits for the readers again and again; with a few it does not have to.
fn walk(spare_nodes: u32, with_fault: bool) {
    let walked = Walked::new(spare_nodes);
    let mut threads = Vec::new();
    for reader in 0..READERS as usize {
        let walked = Arc::clone(&walked);
        threads.push(spawn(move || walked.look(reader)));
    }
    let writer = Arc::clone(&walked);
    threads.push(spawn(move || writer.change(with_fault)));
    join(threads);
}

#[test]
fn a_walk_meets_no_node_that_was_used_anew() {
    let test = "sections::a_walk_meets_no_node_that_was_used_anew";
    explore(test, 1000, || walk(8 * thread_rng().gen_range(0..2), false));
}

#[test]
fn a_section_that_ends_in_the_middle_of_a_walk_is_noticed() {
    let failure = failure_of(4000, || walk(8, true)).expect("it is noticed");
    assert!(failure.contains("a node that was used anew"), "{failure}");
}
