//! The index of the VMAs of an mm: from an address to the number of the slot that holds its VMA.
//!
//! It has the shape of the kernel's maple tree (Liam Howlett and Matthew Wilcox, merged for 6.1; the index of VMAs since
//! then): a B-tree of 256-byte nodes that writers copy and readers walk without a lock or a store, so that the cost of a
//! lookup grows with the number of VMAs as it does there.
//!
//! # Shape
//! A node has 12 entries in ascending order. An entry of a leaf is a range with the slot that it maps to; an entry of an
//! inner node is a child. A pivot is the first address behind the range, or behind what the child covers; the pivot of
//! the last child of the last node of a level is `u64::MAX`. A node is searched from the left. A link holds the number of
//! a node in the pool and whether it is a leaf.
//!
//! # Protocol
//! Reader: loads the root (Acquire), finds its way by the pivots, loads each link (Acquire), and ends at the leaf's slot.
//!
//! Writer: (1) sees to it that there are enough free nodes; (2) works out the new content of the leaf; (3) writes it into
//! one or two new nodes, joined with a neighbour's content if an `erase` left few entries; (4) if that changes the
//! entries of the parent in more than one link, does the same to the parent, and so on up; (5) publishes all by one store
//! of one link or of the root; (6) retires the nodes that it replaced, to be used again after a grace period.
//!
//! # Invariants
//! 1. A node that readers can reach does not change, but for the store of one link to a child that covers the same
//!    addresses. So a reader never sees a half-changed node, and every way down ends at a leaf.
//! 2. An operation becomes visible by one store. A range that is in the index all the time is found all the time.
//! 3. Ranges do not overlap; all addresses of a range are covered by the leaf that holds it.
//! 4. A node is filled only while no reader can be in it: first it is out of reach, then a grace period passes.
//! 5. Every node but the root and the last of its level has at least 4 entries; an inner node has 2 children or more. This
//!    bounds the number of nodes.
//!
//! # Memory ordering
//! - Links and the root: Release store by the writer, Acquire load by the reader. A reader that finds a node finds what
//!   was written into it.
//! - All other words of a node, and all words of the pool: Relaxed. Readers are ordered by the link, and for reuse by the
//!   grace period (see [`crate::rcu`]); writers by the mmap lock, which one releases and the next acquires.
//!
//! # Progress
//! A reader takes at most one step per level. A writer waits only when the pool is used up by nodes in wait of a grace
//! period, for every online reader to announce.
//!
//! # What differs from the maple tree
//! - A leaf entry has a start of its own, and the empty space between ranges takes no entry. There, space takes entries,
//!   so that 16 slots of a leaf hold 8 to 16 VMAs; here it is 12 whatever lies between. An inner node there has 10 slots
//!   and 9 pivots, besides the sizes of the largest gaps, since the tree also finds free address space; not needed here.
//! - Links are numbers in a fixed pool, not pointers: safe, half as wide, and one addition more per level.
//! - A node has no link to its parent: a writer keeps its path. No dead mark either: readers never climb back, and a
//!   grace period covers the whole walk. A reader begins at the root each time (no cursor to forget to reset; the bug of
//!   6.18, syzbot 131f9eb2b5807573275c).
//! - Nodes are not allocated: a pool holds the most that the ranges can need, and some that wait for a grace period.
//! - An `erase` joins only within one parent, and the maple tree overwrites a leaf in place when it only appends to it.

mod content;
mod edit;
mod node;
mod pool;
#[cfg(test)]
mod tests;

use crate::lock::WriteSection;
use crate::machine::{Machine, Word};
use crate::rcu::Rcu;
use content::Content;
use node::{Entry, Link, Node};
use pool::Pool;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use thiserror::Error;

/// The most levels: every level has at most a quarter of the nodes of the one below, and fewer than 2^31 fit in all.
const HEIGHT: usize = 18;

/// Nodes beyond those of the tree, for those that wait for a grace period: about 3,000 changes while one reader does not
/// run. 1 MiB.
const SPARE_NODES: u32 = 4096;

/// Why a range was not inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IndexError {
    /// The range ends where it starts, or before.
    #[error("the range holds no address")]
    Empty,
    /// Some of its addresses are in the index: erase that range first.
    #[error("the range overlaps one that is in the index")]
    Overlap,
    /// The index holds the number of ranges it was made for: make it larger.
    #[error("the index is full")]
    Full,
}

/// A map from address ranges that do not overlap to slot numbers. One per mm; several may share an [`Rcu`].
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Index<M: Machine> {
    /// The link to the root.
    root: M::U32,
    nodes: Box<[Node<M>]>,
    pool: Pool<M>,
    /// Ranges in the index. Relaxed throughout: as the pool, it belongs to writers.
    ranges: M::U32,
    max_ranges: u32,
}

impl<M: Machine> Index<M> {
    /// An empty index that has room for `max_ranges` ranges. It allocates here and never again.
    ///
    /// # Panics
    /// When that takes 2^31 nodes or more.
    #[must_use]
    pub fn with_capacity(max_ranges: u32) -> Self {
        Self::with_spare_nodes(max_ranges, SPARE_NODES)
    }

    /// An empty index with a given number of nodes beyond those that the ranges need. With 0, an operation often waits for
    /// a grace period; the index of a model is small so.
    ///
    /// # Panics
    /// When that takes 2^31 nodes or more.
    #[must_use]
    pub fn with_spare_nodes(max_ranges: u32, spare_nodes: u32) -> Self {
        let pool = Pool::new(max_ranges, spare_nodes);
        let nodes = std::iter::repeat_with(Node::new)
            .take(pool.count())
            .collect();
        let root = Link::new(pool.allocate(), true);
        Self {
            root: M::U32::new(root.0),
            nodes,
            pool,
            ranges: M::U32::new(0),
            max_ranges,
        }
    }

    /// Empties the index. The next ranges then get the same nodes in the same order as in a new one, so that what was in
    /// it before is not a hidden variable.
    pub fn reset(&mut self) {
        self.pool.reset();
        let root = Link::new(self.pool.allocate(), true);
        self.node(root).fill(&[]);
        // Relaxed, as all words here: nobody else has the index.
        self.root.store(root.0, Relaxed);
        self.ranges.store(0, Relaxed);
    }

    /// The slot of the range that holds an address. Without a lock or a store.
    ///
    /// The caller is an online reader of the [`Rcu`] that the writers pass ([`Rcu::online`]), and the walk lies between two
    /// of its quiescent points. The range may be erased, and its slot used anew, as soon as this returns.
    #[inline(always)]
    #[must_use]
    pub fn lookup(&self, address: u64) -> Option<u32> {
        // Pairs with the Release in `replace_root`: the root's words are those that its writer wrote.
        let mut link = Link(self.root.load(Acquire));
        while !link.is_leaf() {
            link = self.node(link).child(address)?;
        }
        self.node(link).slot(address)
    }

    /// Maps the addresses from `start` up to and without `end` to a slot.
    ///
    /// The caller holds the mmap lock for writing. `reader` is the caller's own number in `rcu`, online or not: this call is
    /// a quiescent point of it, and may wait for a grace period.
    ///
    /// # Errors
    /// When the range is empty, overlaps another, or is one too many. Nothing is changed then.
    ///
    /// # Panics
    /// When there is no such reader.
    pub fn insert(
        &self,
        start: u64,
        end: u64,
        slot: u32,
        section: &WriteSection<'_>,
        rcu: &Rcu<M>,
        reader: usize,
    ) -> Result<(), IndexError> {
        let _ = section;
        if start >= end {
            return Err(IndexError::Empty);
        }
        self.pool.prepare(rcu, reader);
        let path = self.path(start);
        let leaf = path.leaf();
        let mut content = Content::read(self.node(leaf.link), leaf.bound);
        let place = content
            .entries()
            .partition_point(|entry| entry.end <= start);
        let behind = content
            .entries()
            .get(place)
            .copied()
            .or_else(|| self.first_behind(leaf.bound));
        if behind.is_some_and(|range| range.start < end) {
            return Err(IndexError::Overlap);
        }
        let ranges = self.ranges.load(Relaxed);
        if ranges == self.max_ranges {
            return Err(IndexError::Full);
        }
        content.splice(place, place, &[Entry { start, end, slot }]);
        content.bound = content.bound.max(end);
        self.replace_leaf(&path, content);
        self.ranges.store(ranges + 1, Relaxed);
        Ok(())
    }

    /// Takes out the range that starts at `start`; returns the slot it was mapped to, `None` if there is no such range.
    ///
    /// The caller holds the mmap lock for writing. `reader` is as for [`insert`](Self::insert). A reader may still return
    /// the slot after this, from a walk that it began before.
    ///
    /// # Panics
    /// When there is no such reader.
    pub fn erase(
        &self,
        start: u64,
        section: &WriteSection<'_>,
        rcu: &Rcu<M>,
        reader: usize,
    ) -> Option<u32> {
        let _ = section;
        self.pool.prepare(rcu, reader);
        if start == u64::MAX {
            return None;
        }
        let path = self.path(start);
        let leaf = path.leaf();
        let mut content = Content::read(self.node(leaf.link), leaf.bound);
        let place = content
            .entries()
            .iter()
            .position(|entry| entry.start == start)?;
        let slot = content.entries()[place].slot;
        content.splice(place, place + 1, &[]);
        self.replace_leaf(&path, content);
        self.ranges.store(self.ranges.load(Relaxed) - 1, Relaxed);
        Some(slot)
    }

    /// The first range that lies behind what a leaf covers.
    fn first_behind(&self, bound: u64) -> Option<Entry> {
        (bound != u64::MAX).then(|| self.node(self.path(bound).leaf().link).entry(0))
    }

    #[inline]
    fn node(&self, link: Link) -> &Node<M> {
        &self.nodes[link.number()]
    }
}
