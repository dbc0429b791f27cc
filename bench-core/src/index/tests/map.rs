//! The index against a map of the standard library, and the shape of the tree.

use crate::index::node::{Link, SLOTS};
use crate::index::pool::LEAST;
use crate::index::{Index, IndexError};
use crate::lock::WriteSection;
use crate::machine::Solo;
use crate::rcu::Rcu;
use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// Ranges of the map: the end and the slot by the start.
type Model = BTreeMap<u64, (u64, u32)>;

#[derive(Clone, Debug)]
enum Step {
    Insert(u64, u64),
    Erase(u64),
    /// Erases the range that is so many places, modulo their number, from the left.
    EraseNth(usize),
}

/// Addresses that are near each other, so that ranges meet, and the two ends of the address space.
fn address(space: u64) -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0..space, 1 => u64::MAX - 3..=u64::MAX]
}

fn step(space: u64) -> impl Strategy<Value = Step> {
    let insert = (address(space), 0_u64..9)
        .prop_map(|(start, length)| Step::Insert(start, start.saturating_add(length)));
    prop_oneof![
        6 => insert,
        1 => address(space).prop_map(Step::Erase),
        4 => (0_usize..1000).prop_map(Step::EraseNth),
    ]
}

/// An index with the one reader number of its one thread.
struct Fixture {
    index: Index<Solo>,
    rcu: Rcu<Solo>,
    model: Model,
    room: usize,
}

impl Fixture {
    fn new(max_ranges: u32, spare_nodes: u32) -> Self {
        Self {
            index: Index::with_spare_nodes(max_ranges, spare_nodes),
            rcu: Rcu::new(1),
            model: Model::new(),
            room: max_ranges as usize,
        }
    }

    fn insert(&mut self, start: u64, end: u64, slot: u32) -> Result<(), IndexError> {
        let result = self
            .index
            .insert(start, end, slot, &WriteSection::new(), &self.rcu, 0);
        let before = self.model.range(..end).next_back();
        let expected = if start >= end {
            Err(IndexError::Empty)
        } else if before.is_some_and(|(_, (before_end, _))| *before_end > start) {
            Err(IndexError::Overlap)
        } else if self.model.len() == self.room {
            Err(IndexError::Full)
        } else {
            self.model.insert(start, (end, slot));
            Ok(())
        };
        assert_eq!(result, expected, "insert {start}..{end}");
        result
    }

    fn erase(&mut self, start: u64) {
        let slot = self.index.erase(start, &WriteSection::new(), &self.rcu, 0);
        assert_eq!(
            slot,
            self.model.remove(&start).map(|(_, slot)| slot),
            "erase {start}"
        );
    }

    fn lookup_in_model(&self, address: u64) -> Option<u32> {
        let (_, (end, slot)) = self.model.range(..=address).next_back()?;
        (address < *end).then_some(*slot)
    }

    fn apply(&mut self, step: &Step, slot: u32) {
        match *step {
            // Whether it is refused, and why, was compared with the model.
            Step::Insert(start, end) => {
                let _ = self.insert(start, end, slot);
            }
            Step::Erase(start) => self.erase(start),
            Step::EraseNth(place) => {
                let start = self
                    .model
                    .keys()
                    .nth(place % self.model.len().max(1))
                    .copied();
                start.into_iter().for_each(|start| self.erase(start));
            }
        }
    }

    /// Compares every range's ends and its neighbours, then looks at the shape of the tree.
    fn check(&self) {
        let ends = self
            .model
            .iter()
            .flat_map(|(start, (end, _))| [start.saturating_sub(1), *start, end - 1, *end]);
        for address in ends.chain([0, u64::MAX - 1, u64::MAX]) {
            assert_eq!(
                self.index.lookup(address),
                self.lookup_in_model(address),
                "at {address}"
            );
        }
        let root = Link(self.index.root.load(Ordering::Relaxed));
        let mut nodes = 0;
        let mut ranges = Vec::new();
        self.check_node(root, (0, u64::MAX), true, &mut nodes, &mut ranges);
        assert!(
            ranges
                .iter()
                .copied()
                .eq(self.model.iter().map(|(s, (e, n))| (*s, *e, *n)))
        );
        assert_eq!(
            nodes,
            self.index.pool.live(),
            "a node is lost, or used twice"
        );
    }

    /// Invariants 3 and 5 for a node that covers `span`. Returns its height.
    fn check_node(
        &self,
        link: Link,
        span: (u64, u64),
        is_root: bool,
        nodes: &mut usize,
        ranges: &mut Vec<(u64, u64, u32)>,
    ) -> usize {
        *nodes += 1;
        let node = self.index.node(link);
        let is_last = span.1 == u64::MAX;
        let least = match (is_root, is_last, link.is_leaf()) {
            (true, _, true) => 0,
            (true, _, false) | (false, true, _) => 2,
            (false, false, _) => LEAST,
        };
        assert!(
            (least..=SLOTS).contains(&node.len()),
            "{} entries",
            node.len()
        );
        let mut low = span.0;
        let mut heights = Vec::new();
        for entry in (0..node.len()).map(|place| node.entry(place)) {
            assert!(entry.end <= span.1 && entry.end > low);
            if link.is_leaf() {
                assert!(entry.start >= low && entry.start < entry.end);
                ranges.push((entry.start, entry.end, entry.slot));
                heights.push(0);
            } else {
                let below = (low, entry.end);
                heights.push(self.check_node(Link(entry.slot), below, false, nodes, ranges));
            }
            low = entry.end;
        }
        assert!(
            link.is_leaf() || low == span.1,
            "the last child covers the rest"
        );
        assert!(
            heights.windows(2).all(|pair| pair[0] == pair[1]),
            "not balanced"
        );
        1 + heights.first().copied().unwrap_or(0)
    }

    fn height(&self) -> usize {
        let root = Link(self.index.root.load(Ordering::Relaxed));
        self.check_node(root, (0, u64::MAX), true, &mut 0, &mut Vec::new())
    }
}

proptest! {
    #[test]
    fn agrees_with_a_map(
        steps in vec(step(700), 1..400),
        room in prop_oneof![1_u32..8, 100_u32..300],
        spare in prop_oneof![0_u32..2, 8_u32..64],
    ) {
        let mut fixture = Fixture::new(room, spare);
        for (slot, step) in (0_u32..).zip(&steps) {
            fixture.apply(step, slot);
            fixture.check();
        }
    }

    #[test]
    fn a_refused_insert_changes_nothing(starts in vec(0_u64..200, 1..60), at in 0_u64..200) {
        let mut fixture = Fixture::new(100, 8);
        for (slot, start) in (0_u32..).zip(starts) {
            let _ = fixture.insert(start, start + 3, slot);
        }
        let before: Vec<_> = (0..210).map(|address| fixture.index.lookup(address)).collect();
        let section = WriteSection::new();
        let refused = fixture.index.insert(at, at + 300, 0, &section, &fixture.rcu, 0);
        let free = fixture.model.range(..at + 300).next_back().is_none_or(|(_, (end, _))| *end <= at);
        prop_assert_eq!(refused.is_ok(), free);
        if !free {
            let after = (0..210).map(|address| fixture.index.lookup(address));
            prop_assert!(after.eq(before));
        }
    }
}

#[test]
fn fills_empties_and_refills_in_every_order() {
    const RANGES: u64 = 1000;
    let orders: [fn(u64) -> u64; 4] = [
        |n| n,
        |n| RANGES - 1 - n,
        |n| n * 387 % RANGES,
        |n| (n % 2) * (RANGES / 2) + n / 2,
    ];
    let mut fixture = Fixture::new(1000, 16);
    for fill in orders {
        for empty in orders {
            for n in (0..RANGES).map(fill) {
                // Every third range touches the next one.
                let start = n * 0x3000;
                let length = if n % 3 == 0 { 0x3000 } else { 0x1000 };
                let slot = u32::try_from(n).expect("1000 ranges");
                assert_eq!(fixture.insert(start, start + length, slot), Ok(()));
            }
            fixture.check();
            let one_more = fixture.insert(RANGES * 0x3000, RANGES * 0x3000 + 1, 0);
            assert_eq!(one_more, Err(IndexError::Full));
            for (erased, n) in (0..RANGES).map(empty).enumerate() {
                fixture.erase(n * 0x3000);
                if erased % 97 == 0 {
                    fixture.check();
                }
            }
            fixture.check();
            assert_eq!(fixture.height(), 1);
        }
    }
}

#[test]
fn height_grows_with_the_number_of_ranges() {
    let mut fixture = Fixture::new(1000, 16);
    let mut heights = Vec::new();
    for n in 0..1000_u64 {
        fixture
            .insert(n * 0x2000, n * 0x2000 + 0x1000, 0)
            .expect("no overlap");
        heights.push(fixture.height());
    }
    assert_eq!(
        [
            heights[0],
            heights[11],
            heights[12],
            heights[63],
            heights[999]
        ],
        [1, 1, 2, 2, 3]
    );
}

#[test]
fn a_range_may_be_put_where_erased_ones_left_a_pivot() {
    let mut fixture = Fixture::new(300, 8);
    for n in 0..300 {
        fixture.insert(n * 10, n * 10 + 10, 0).expect("no overlap");
    }
    // Whatever leaves the ranges 1 to 298 were in, one range now spans the pivots between them.
    (1..299).for_each(|n| fixture.erase(n * 10));
    fixture.insert(10, 2990, 7).expect("no overlap");
    fixture.check();
    assert_eq!(fixture.index.lookup(1500), Some(7));
}

#[test]
fn a_reset_index_is_as_a_new_one() {
    let place = |fixture: &Fixture, address| fixture.index.path(address).leaf().link;
    let mut fixture = Fixture::new(300, 8);
    let fresh = place(&fixture, 0);
    for n in 0..300 {
        fixture.insert(n * 10, n * 10 + 5, 0).expect("no overlap");
    }
    fixture.index.reset();
    fixture.model.clear();
    fixture.check();
    assert_eq!(
        place(&fixture, 0),
        fresh,
        "other nodes are at other addresses"
    );
    for n in 0..300 {
        fixture
            .insert(n * 10, n * 10 + 5, 0)
            .expect("as much room as before");
    }
    fixture.check();
}
