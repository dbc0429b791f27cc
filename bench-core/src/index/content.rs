//! The entries that a node is about to have, while a writer works them out.

use super::node::{Entry, Node, SLOTS};
use crate::machine::Machine;

/// Room for two full nodes that are joined, and for what is put in.
const ROOM: usize = 2 * SLOTS + 2;

/// The entries of one node, or of two that are joined; more than a node holds before they are split.
#[derive(Debug)]
pub(super) struct Content {
    entries: [Entry; ROOM],
    len: usize,
    /// The first address behind what the node covers.
    pub(super) bound: u64,
}

impl Content {
    /// The entries of a node that covers the addresses up to `bound`.
    pub(super) fn read<M: Machine>(node: &Node<M>, bound: u64) -> Self {
        let mut content = Self {
            entries: [Entry::default(); ROOM],
            len: node.len(),
            bound,
        };
        for place in 0..content.len {
            content.entries[place] = node.entry(place);
        }
        content
    }

    /// The entries.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries[..self.len]
    }

    /// Replaces the entries `from..to` with others.
    pub(super) fn splice(&mut self, from: usize, to: usize, with: &[Entry]) {
        self.entries.copy_within(to..self.len, from + with.len());
        self.entries[from..from + with.len()].copy_from_slice(with);
        self.len = self.len + with.len() - (to - from);
    }

    /// Puts the entries of the right neighbour behind these.
    pub(super) fn append(&mut self, right: &Self) {
        self.splice(self.len, self.len, right.entries());
        self.bound = right.bound;
    }
}
