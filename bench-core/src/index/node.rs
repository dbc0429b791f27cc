//! A node of the index, and the link from a node to a child.

use crate::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Entries of a node: ranges of a leaf, children of an inner node.
pub(super) const SLOTS: usize = 12;

/// The pivot and the start of an entry that is not in use: no range begins there, so it holds no address.
const UNUSED: u64 = u64::MAX;

/// Marks the link to a leaf. As in the kernel's encoded node pointers, the kind of a node is in the link to it.
const LEAF: u32 = 1 << 31;

/// A link to a node: its number in the pool, and its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(pub(super) u32);

impl Link {
    pub(super) fn new(number: u32, is_leaf: bool) -> Self {
        Self(if is_leaf { number | LEAF } else { number })
    }

    #[inline]
    pub(super) fn is_leaf(self) -> bool {
        self.0 & LEAF != 0
    }

    #[inline]
    pub(super) fn number(self) -> usize {
        (self.0 & !LEAF) as usize
    }
}

/// One entry, outside a node: the end of its range or child, the start of its range (0 for a child), the slot or link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) slot: u32,
}

/// A node of 256 bytes on a 256-byte boundary, as in the maple tree.
///
/// All words but the links of an inner node are written only while no reader can reach the node (invariant 1 of the
/// index), so that Relaxed is enough for them: the Acquire load of the link that led to the node orders them.
#[derive(Debug)]
#[repr(C, align(256))]
pub(super) struct Node<M: Machine> {
    /// The first address behind each range, or behind what each child covers, in ascending order.
    pivots: [M::U64; SLOTS],
    /// The first address of each range; not used in an inner node.
    starts: [M::U64; SLOTS],
    /// The slot of each range, or the link to each child.
    slots: [M::U32; SLOTS],
    /// Entries in use; for writers, since a reader goes by the pivots.
    len: M::U32,
}

impl<M: Machine> Node<M> {
    pub(super) fn new() -> Self {
        Self {
            pivots: std::array::from_fn(|_| M::U64::new(UNUSED)),
            starts: std::array::from_fn(|_| M::U64::new(UNUSED)),
            slots: std::array::from_fn(|_| M::U32::new(0)),
            len: M::U32::new(0),
        }
    }

    /// The child for an address, in an inner node. `None` only for `u64::MAX`, which no range holds.
    #[inline]
    pub(super) fn child(&self, address: u64) -> Option<Link> {
        let place = self.position(address)?;
        // Pairs with the Release in `publish` and in the store of the link's node: the child's words are those that the
        // writer of the link wrote.
        Some(Link(self.slots[place].load(Acquire)))
    }

    /// The slot of the range that holds an address, in a leaf.
    #[inline]
    pub(super) fn slot(&self, address: u64) -> Option<u32> {
        let place = self.position(address)?;
        // Relaxed: the words of a reachable leaf do not change.
        (self.starts[place].load(Relaxed) <= address).then(|| self.slots[place].load(Relaxed))
    }

    /// The first entry with a pivot beyond the address: from the left with an early exit, as the maple tree searches.
    #[inline]
    pub(super) fn position(&self, address: u64) -> Option<usize> {
        // Relaxed: the pivots of a reachable node do not change.
        self.pivots
            .iter()
            .position(|pivot| address < pivot.load(Relaxed))
    }

    /// Puts another child in the place of one that covers the same addresses. The only store to a node that readers reach.
    pub(super) fn publish(&self, place: usize, link: Link) {
        // Pairs with the Acquire in `child`: publishes the words of the new child.
        self.slots[place].store(link.0, Release);
    }

    /// Entries in use.
    pub(super) fn len(&self) -> usize {
        // Relaxed: as all of a node's words; and the caller is a writer.
        self.len.load(Relaxed) as usize
    }

    /// One entry in use.
    pub(super) fn entry(&self, place: usize) -> Entry {
        // Relaxed: for a writer, whom the mmap lock orders after the writers before it.
        Entry {
            start: self.starts[place].load(Relaxed),
            end: self.pivots[place].load(Relaxed),
            slot: self.slots[place].load(Relaxed),
        }
    }

    /// Fills a node that no reader can reach.
    pub(super) fn fill(&self, entries: &[Entry]) {
        // Relaxed: nobody looks until the Release store of a link to this node. That no reader from before is still
        // looking is the grace period's doing.
        for place in 0..SLOTS {
            let unused = Entry {
                start: UNUSED,
                end: UNUSED,
                slot: 0,
            };
            let entry = entries.get(place).copied().unwrap_or(unused);
            self.starts[place].store(entry.start, Relaxed);
            self.pivots[place].store(entry.end, Relaxed);
            self.slots[place].store(entry.slot, Relaxed);
        }
        let len = u32::try_from(entries.len()).expect("a node has at most 12 entries");
        self.len.store(len, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Link, Node};
    use crate::machine::Solo;

    #[test]
    fn a_node_has_the_size_of_a_maple_node() {
        assert_eq!(size_of::<Node<Solo>>(), 256);
        assert_eq!(align_of::<Node<Solo>>(), 256);
    }

    #[test]
    fn a_link_keeps_number_and_kind() {
        for number in [0, 1, 77] {
            for is_leaf in [false, true] {
                let link = Link::new(number, is_leaf);
                assert_eq!((link.number(), link.is_leaf()), (number as usize, is_leaf));
            }
        }
    }

    #[test]
    fn unused_entries_hold_no_address() {
        let node = Node::<Solo>::new();
        assert_eq!(node.slot(0), None);
        let whole = Entry {
            start: 5,
            end: u64::MAX,
            slot: 9,
        };
        node.fill(&[whole]);
        let found = [4, 5, u64::MAX - 1, u64::MAX].map(|address| node.slot(address));
        assert_eq!(found, [None, Some(9), Some(9), None]);
    }
}
