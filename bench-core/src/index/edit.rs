//! How a writer changes the tree: a path down, new content for the leaf, and copies up to one store that publishes all.

use super::content::Content;
use super::node::{Entry, Link, SLOTS};
use super::pool::LEAST;
use super::{HEIGHT, Index};
use crate::machine::{Machine, Word};
use std::sync::atomic::Ordering::{Relaxed, Release};

/// The way from the root to a leaf.
#[derive(Debug)]
pub(super) struct Path {
    steps: [Step; HEIGHT],
    depth: usize,
}

/// One node of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) link: Link,
    /// The first address behind what the node covers.
    pub(super) bound: u64,
    /// Its place in its parent; 0 for the root.
    place: usize,
}

impl Path {
    /// The leaf.
    pub(super) fn leaf(&self) -> Step {
        self.steps[self.depth - 1]
    }
}

impl<M: Machine> Index<M> {
    /// The way to the leaf that covers an address.
    pub(super) fn path(&self, address: u64) -> Path {
        // Relaxed, here and for the links: the caller is a writer, whom the mmap lock orders after the ones before it.
        let root = Step {
            link: Link(self.root.load(Relaxed)),
            bound: u64::MAX,
            place: 0,
        };
        let mut path = Path {
            steps: [root; HEIGHT],
            depth: 1,
        };
        while !path.leaf().link.is_leaf() {
            let above = path.leaf();
            let node = self.node(above.link);
            let place = node
                .position(address)
                .expect("the last child covers all addresses of a range");
            let entry = node.entry(place);
            path.steps[path.depth] = Step {
                link: Link(entry.slot),
                bound: entry.end,
                place,
            };
            path.depth += 1;
        }
        path
    }

    /// Puts new content in the place of the leaf at the end of a path, and publishes it.
    ///
    /// The content's bound may be beyond the leaf's, when no range begins in between: the parents' pivots follow.
    pub(super) fn replace_leaf(&self, path: &Path, mut content: Content) {
        for level in (1..path.depth).rev() {
            let old = path.steps[level];
            let parent = path.steps[level - 1];
            let (mut from, mut to) = (old.place, old.place + 1);
            self.retire(old.link);
            let shrank = content.entries().len() < self.node(old.link).len();
            if shrank && content.entries().len() < LEAST {
                (from, to) = self.join_neighbour(&mut content, parent.link, old.place);
            }
            let (parts, count) = self.write(&content, old.link.is_leaf());
            if (to - from, count, content.bound) == (1, 1, old.bound) {
                self.node(parent.link).publish(from, Link(parts[0].slot));
                return;
            }
            content = Content::read(self.node(parent.link), parent.bound);
            content.splice(from, to, &parts[..count]);
            content.bound = content.entries()[content.entries().len() - 1].end;
        }
        self.replace_root(path.steps[0].link, &content);
    }

    /// Joins content with that of a neighbour under the same parent. Returns the places of both in the parent.
    fn join_neighbour(&self, content: &mut Content, parent: Link, place: usize) -> (usize, usize) {
        let parent = self.node(parent);
        let neighbour = if place > 0 { place - 1 } else { place + 1 };
        let entry = parent.entry(neighbour);
        let mut other = Content::read(self.node(Link(entry.slot)), entry.end);
        self.retire(Link(entry.slot));
        if place > 0 {
            other.append(content);
            *content = other;
            (neighbour, place + 1)
        } else {
            content.append(&other);
            (place, neighbour + 1)
        }
    }

    /// Writes content into one new node, or two, and returns their entries in the parent.
    fn write(&self, content: &Content, is_leaf: bool) -> ([Entry; 2], usize) {
        let entries = content.entries();
        let write = |part: &[Entry], end| {
            let number = self.pool.allocate();
            self.nodes[number as usize].fill(part);
            Entry {
                start: 0,
                end,
                slot: Link::new(number, is_leaf).0,
            }
        };
        if entries.len() <= SLOTS {
            return ([write(entries, content.bound), Entry::default()], 1);
        }
        // The last node of a level grows at its right end when ranges come in ascending order: leave the left part full.
        let last = content.bound == u64::MAX;
        let left = if last { SLOTS - 1 } else { entries.len() / 2 };
        let (left, right) = entries.split_at(left);
        let middle = left[left.len() - 1].end;
        ([write(left, middle), write(right, content.bound)], 2)
    }

    /// Puts new content in the place of the root.
    fn replace_root(&self, old: Link, content: &Content) {
        self.retire(old);
        let only = content
            .entries()
            .first()
            .filter(|_| content.entries().len() == 1);
        let root = match only {
            // An inner node with a single child is no use: the child becomes the root.
            Some(child) if !old.is_leaf() => Link(child.slot),
            _ => match self.write(content, old.is_leaf()) {
                ([node, _], 1) => Link(node.slot),
                (halves, _) => {
                    let number = self.pool.allocate();
                    self.nodes[number as usize].fill(&halves);
                    Link::new(number, false)
                }
            },
        };
        // Pairs with the Acquire in `lookup`: publishes the words of every new node.
        self.root.store(root.0, Release);
    }

    fn retire(&self, link: Link) {
        self.pool
            .retire(u32::try_from(link.number()).expect("a link holds 31 bits"));
    }
}
