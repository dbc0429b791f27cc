//! That a node stays as it is while a reader may be in it, step by step in one thread.

use crate::index::Index;
use crate::index::node::Link;
use crate::lock::WriteSection;
use crate::machine::Solo;
use crate::rcu::Rcu;
use std::sync::atomic::Ordering::Relaxed;

/// The range that stays in the index all the time.
const STABLE: (u64, u64, u32) = (1000, 2000, 11);

const READER: usize = 0;
const WRITER: usize = 1;

struct Fixture {
    index: Index<Solo>,
    rcu: Rcu<Solo>,
}

impl Fixture {
    /// One leaf with the stable range in it, and spare nodes for two grace periods of 16 nodes.
    fn new() -> Self {
        let fixture = Self {
            index: Index::with_spare_nodes(4, 64),
            rcu: Rcu::new(2),
        };
        let (start, end, slot) = STABLE;
        let section = WriteSection::new();
        fixture
            .index
            .insert(start, end, slot, &section, &fixture.rcu, WRITER)
            .expect("empty");
        fixture.rcu.online(READER);
        fixture
    }

    /// What a reader has in hand between two of its steps.
    fn begin_walk(&self) -> Link {
        Link(self.index.root.load(Relaxed))
    }

    fn end_walk(&self, link: Link) -> Option<u32> {
        self.index.node(link).slot(STABLE.0)
    }

    /// Changes the leaf so many times. The range comes first, so that a node that is used anew maps the stable range's
    /// address elsewhere for a moment.
    fn churn(&self, changes: u32, rcu: &Rcu<Solo>) {
        let section = WriteSection::new();
        for n in 0..changes {
            if n % 2 == 0 {
                self.index
                    .insert(0, 500, 99, &section, rcu, WRITER)
                    .expect("no overlap");
            } else {
                assert_eq!(self.index.erase(0, &section, rcu, WRITER), Some(99));
            }
        }
    }

    /// Whether the node that a walk has in hand is written to while the index is changed so many times.
    fn is_reused(&self, link: Link, changes: u32, rcu: &Rcu<Solo>) -> bool {
        let content = || {
            let node = self.index.node(link);
            (node.len(), node.entry(0), node.entry(1))
        };
        let before = content();
        (0..changes / 2).any(|_| {
            self.churn(2, rcu);
            content() != before
        })
    }
}

#[test]
fn a_reader_that_does_not_announce_keeps_its_node() {
    let fixture = Fixture::new();
    let walk = fixture.begin_walk();
    assert!(!fixture.is_reused(walk, 60, &fixture.rcu));
    assert_eq!(fixture.end_walk(walk), Some(STABLE.2));
}

#[test]
fn a_node_is_used_again_once_the_reader_announces() {
    let fixture = Fixture::new();
    let walk = fixture.begin_walk();
    fixture.churn(60, &fixture.rcu);
    fixture.rcu.quiescent(READER);
    let mut rounds = 0..10;
    assert!(rounds.any(|_| {
        fixture.rcu.quiescent(READER);
        fixture.is_reused(walk, 16, &fixture.rcu)
    }));
}

#[test]
fn an_offline_reader_keeps_no_node() {
    let fixture = Fixture::new();
    let walk = fixture.begin_walk();
    fixture.rcu.offline(READER);
    assert!(fixture.is_reused(walk, 400, &fixture.rcu));
}

#[test]
fn the_writer_does_not_wait_for_itself() {
    let fixture = Fixture::new();
    fixture.rcu.offline(READER);
    fixture.rcu.online(WRITER);
    fixture.churn(400, &fixture.rcu);
    assert!(fixture.rcu.is_online(WRITER));
}

/// The fault that the other tests guard against: a writer that waits for no reader, since it asks a domain with none.
#[test]
fn without_a_grace_period_a_node_changes_under_its_reader() {
    let fixture = Fixture::new();
    let nobody = Rcu::new(2);
    let walk = fixture.begin_walk();
    assert!(fixture.is_reused(walk, 60, &nobody));
}
