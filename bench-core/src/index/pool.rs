//! The nodes that the tree does not use: free, retired since the last grace period began, and waiting for its end.

use super::node::SLOTS;
use crate::machine::{Machine, Word};
use crate::rcu::Rcu;
use std::sync::atomic::Ordering::Relaxed;

/// The least entries of a node that is neither the root nor the last of its level: one that an `erase` left with fewer is
/// joined with a neighbour.
pub(super) const LEAST: usize = SLOTS / 3;

/// A grace period is started for this many retired nodes at a time, so that readers announce seldom.
const BATCH: u32 = 32;

/// Ends a list.
const NONE: u32 = u32::MAX;

/// The lists of nodes that are not in the tree, as the kernel's `rcu_segcblist`: next, waiting, done.
///
/// The mmap lock orders all writers of an index: what one wrote before it released the lock, the next one reads after it
/// acquired it. Every word here belongs to writers, and so is Relaxed throughout.
#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct Pool<M: Machine> {
    /// The node behind each node in its list.
    links: Box<[M::U32]>,
    /// Nodes that no reader can be in.
    free: List<M>,
    /// Nodes that were retired after the grace period with `epoch` began.
    next: List<M>,
    /// Nodes that may be used when the grace period with `epoch` is over.
    waiting: List<M>,
    epoch: M::U64,
    /// Free nodes that one operation may use up.
    needed: u32,
    /// Retired nodes for which a grace period is started.
    batch: u32,
}

/// A list of nodes: the first one, and how many.
#[derive(Debug)]
struct List<M: Machine> {
    first: M::U32,
    len: M::U32,
}

impl<M: Machine> List<M> {
    fn new() -> Self {
        Self {
            first: M::U32::new(NONE),
            len: M::U32::new(0),
        }
    }

    fn len(&self) -> u32 {
        self.len.load(Relaxed)
    }

    fn push(&self, links: &[M::U32], number: u32) {
        links[number as usize].store(self.first.load(Relaxed), Relaxed);
        self.first.store(number, Relaxed);
        self.len.store(self.len() + 1, Relaxed);
    }

    fn pop(&self, links: &[M::U32]) -> Option<u32> {
        let number = self.first.load(Relaxed);
        let link = links.get(number as usize)?;
        self.first.store(link.load(Relaxed), Relaxed);
        self.len.store(self.len() - 1, Relaxed);
        Some(number)
    }

    /// Takes over all nodes of another list; this one is empty.
    fn take(&self, other: &Self) {
        self.first.store(other.first.load(Relaxed), Relaxed);
        self.len.store(other.len(), Relaxed);
        other.first.store(NONE, Relaxed);
        other.len.store(0, Relaxed);
    }
}

impl<M: Machine> Pool<M> {
    /// A pool for a tree of at most `max_ranges` ranges, with all nodes free.
    ///
    /// On every level all nodes but the last have at least [`LEAST`] entries. An operation copies each node on its path
    /// and splits it or joins it with a neighbour, and may add a root.
    pub(super) fn new(max_ranges: u32, spare_nodes: u32) -> Self {
        let mut level = u64::from(max_ranges);
        let (mut height, mut live) = (0, 0);
        while level > 1 || height == 0 {
            level = level / LEAST as u64 + 1;
            live += level;
            height += 1;
        }
        let needed = 2 * height + 1;
        let count = u32::try_from(live + u64::from(needed) + u64::from(spare_nodes))
            .ok()
            .filter(|count| count >> 31 == 0)
            .expect("the nodes of an index are fewer than 2^31");
        let pool = Self {
            links: (0..count).map(|_| M::U32::new(NONE)).collect(),
            free: List::new(),
            next: List::new(),
            waiting: List::new(),
            epoch: M::U64::new(0),
            needed,
            batch: BATCH.min(spare_nodes / 4).max(1),
        };
        pool.reset();
        pool
    }

    /// Takes all nodes back, in the order of a new pool. No reader and no writer is left.
    pub(super) fn reset(&self) {
        for list in [&self.free, &self.next, &self.waiting] {
            list.first.store(NONE, Relaxed);
            list.len.store(0, Relaxed);
        }
        for number in (0..self.links.len() as u32).rev() {
            self.free.push(&self.links, number);
        }
    }

    /// How many nodes there are.
    pub(super) fn count(&self) -> usize {
        self.links.len()
    }

    /// Nodes that are in no list: those of the tree.
    #[cfg(test)]
    pub(super) fn live(&self) -> usize {
        self.count() - (self.free.len() + self.next.len() + self.waiting.len()) as usize
    }

    /// Makes sure that one operation finds enough free nodes; waits for a grace period if it has to.
    ///
    /// The only place where a grace period is started: between two operations, when all that was retired is out of the
    /// readers' reach. The caller has no node in hand either, so that its own read section may end here.
    pub(super) fn prepare(&self, rcu: &Rcu<M>, reader: usize) {
        if self.next.len() >= self.batch {
            self.advance(rcu);
        }
        if self.free.len() < self.needed {
            rcu.offline_during(reader, || {
                while self.free.len() < self.needed {
                    if !self.advance(rcu) {
                        M::yield_now();
                    }
                }
            });
        }
    }

    /// Frees the waiting nodes if their grace period is over, and starts one for the next nodes. Returns whether it did
    /// anything.
    fn advance(&self, rcu: &Rcu<M>) -> bool {
        if self.waiting.len() > 0 {
            if !rcu.is_over(self.epoch.load(Relaxed)) {
                return false;
            }
            while let Some(number) = self.waiting.pop(&self.links) {
                self.free.push(&self.links, number);
            }
        }
        if self.next.len() > 0 {
            self.waiting.take(&self.next);
            self.epoch.store(rcu.start_grace_period(), Relaxed);
        }
        true
    }

    /// A free node. There is one: `prepare` and the size of the pool see to it.
    pub(super) fn allocate(&self) -> u32 {
        self.free
            .pop(&self.links)
            .expect("`prepare` left enough free nodes for one operation")
    }

    /// Takes back a node that the tree no longer uses once the operation is done.
    pub(super) fn retire(&self, number: u32) {
        self.next.push(&self.links, number);
    }
}
