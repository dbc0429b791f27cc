//! Every execution, under the C11 memory model, of a reader and a writer of one index or one object.

use super::loom_words::LoomWords as Loom;
use crate::index::Index;
use crate::index::node::SLOTS;
use crate::lock::WriteSection;
use crate::machine::{Machine, Word};
use crate::rcu::Rcu;
use loom::sync::Arc;
use loom::thread;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const READER: usize = 0;
const WRITER: usize = 1;

/// With `VMALOCK_MODELS=brief` without preemptions, for a machine on which the models are only to be shown to run.
fn explore(body: impl Fn() + Send + Sync + 'static) {
    let is_brief = std::env::var("VMALOCK_MODELS").is_ok_and(|word| word == "brief");
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(if is_brief { 0 } else { 3 });
    model.max_branches = 20_000;
    model.check(body);
}

/// Two objects, one of them current; what is written over the other must not be seen by who took it when it was current.
struct Objects {
    current: <Loom as Machine>::U32,
    objects: [<Loom as Machine>::U32; 2],
    /// 1 once the reader has read.
    has_read: <Loom as Machine>::U32,
    rcu: Rcu<Loom>,
}

impl Objects {
    const REUSED: u32 = 7;

    /// The reader is online.
    fn new() -> Self {
        let rcu = Rcu::new(2);
        rcu.online(READER);
        Self {
            current: Word::new(0),
            objects: [Word::new(0), Word::new(1)],
            has_read: Word::new(0),
            rcu,
        }
    }

    fn read(&self) {
        let current = self.current.load(Acquire);
        let object = self.objects[current as usize].load(Relaxed);
        assert_eq!(object, current, "the object was reused under its reader");
        self.has_read.store(1, Relaxed);
    }

    /// Reuses the first object if no reader may be in it any more.
    fn replace(&self) {
        self.current.store(1, Release);
        let epoch = self.rcu.start_grace_period();
        for _ in 0..2 {
            if self.rcu.is_over(epoch) {
                // loom has no load that sees a later store, so it would not show a read that came after the reuse; a
                // store of the same section stands for it.
                assert_eq!(
                    self.has_read.load(Relaxed),
                    1,
                    "the reader's section is not over"
                );
                self.objects[0].store(Self::REUSED, Relaxed);
                return;
            }
            thread::yield_now();
        }
    }
}

#[test]
fn an_object_is_not_reused_under_an_online_reader() {
    explore(|| {
        let shared = Arc::new(Objects::new());
        let writer = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.replace())
        };
        for _ in 0..2 {
            shared.read();
            shared.rcu.quiescent(READER);
        }
        shared.read();
        writer.join().expect("no panic");
    });
}

#[test]
fn an_object_is_not_reused_under_a_reader_that_comes_and_goes() {
    explore(|| {
        let shared = Arc::new(Objects::new());
        let reader = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.read();
                shared.rcu.offline(READER);
                shared.rcu.online(READER);
                shared.read();
                shared.rcu.offline(READER);
            })
        };
        shared.replace();
        reader.join().expect("no panic");
    });
}

/// Three changes of an index with no spare node: the second and third wait for a grace period and use a node anew.
#[test]
fn a_lookup_finds_a_range_that_stays_while_nodes_are_used_anew() {
    explore(|| {
        let index = Arc::new(Index::<Loom>::with_spare_nodes(1, 0));
        let rcu = Arc::new(Rcu::<Loom>::new(2));
        rcu.online(READER);
        let reader = {
            let (index, rcu) = (Arc::clone(&index), Arc::clone(&rcu));
            thread::spawn(move || {
                for _ in 0..2 {
                    let found = index.lookup(15);
                    assert!(matches!(found, None | Some(1)), "found {found:?}");
                    rcu.quiescent(READER);
                }
                rcu.offline(READER);
            })
        };
        let section = WriteSection::new();
        index
            .insert(10, 20, 1, &section, &rcu, WRITER)
            .expect("empty");
        index.erase(10, &section, &rcu, WRITER).expect("there");
        index
            .insert(0, 10, 2, &section, &rcu, WRITER)
            .expect("empty");
        reader.join().expect("no panic");
    });
}

/// The same below an inner node, whose links are what the writer stores.
#[test]
fn a_lookup_finds_its_way_through_an_inner_node_that_changes() {
    explore(|| {
        let index = Arc::new(Index::<Loom>::with_spare_nodes(SLOTS as u32 + 1, 0));
        let rcu = Arc::new(Rcu::<Loom>::new(2));
        let section = WriteSection::new();
        let ranges = SLOTS as u32 + 1;
        for n in 0..ranges {
            let start = u64::from(n) * 10;
            index
                .insert(start, start + 10, n, &section, &rcu, WRITER)
                .expect("no overlap");
        }
        rcu.online(READER);
        let reader = {
            let (index, rcu) = (Arc::clone(&index), Arc::clone(&rcu));
            thread::spawn(move || {
                assert_eq!(index.lookup(15), Some(1));
                rcu.offline(READER);
            })
        };
        // The first leaf is copied by each.
        index.erase(0, &section, &rcu, WRITER).expect("there");
        index
            .insert(0, 5, 99, &section, &rcu, WRITER)
            .expect("free");
        index.erase(0, &section, &rcu, WRITER).expect("there");
        reader.join().expect("no panic");
    });
}
