//! Readers that look while a writer changes the index, on real threads.

use crate::index::Index;
use crate::lock::WriteSection;
use crate::machine::{Machine, Solo, Task, TaskId};
use crate::rcu::Rcu;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::thread;

/// The words of std's atomics and the scheduler's yield; nothing here sleeps on a task.
#[derive(Clone, Copy, Debug)]
struct Threads;

impl Machine for Threads {
    type U32 = AtomicU32;
    type U64 = AtomicU64;
    type Parker = <Solo as Machine>::Parker;

    fn fence(order: Ordering) {
        fence(order);
    }
    fn spin_hint() {
        std::hint::spin_loop();
    }
    fn yield_now() {
        thread::yield_now();
    }
    fn now_ns() -> u64 {
        Solo::now_ns()
    }
    fn cpu() -> u32 {
        Solo::cpu()
    }
    fn current() -> TaskId {
        Solo::current()
    }
    fn task(_id: TaskId) -> &'static Task<Self> {
        unreachable!("neither the index nor the read sections put a task to sleep")
    }
}

/// Ranges that stay, each with room for a range that comes and goes behind it.
const STABLE: u64 = 64;
/// From one stable range to the next.
const STRIDE: u64 = 0x4000;
/// How long each range is.
const LENGTH: u64 = 0x1000;
/// Slots of the ranges that come and go: this much above those of the stable range before them.
const PASSING: u32 = 1000;

/// What a look at an address may give: the slot of a stable range always, that of a passing one or none.
fn is_right(address: u64, found: Option<u32>) -> bool {
    let slot = u32::try_from(address / STRIDE).expect("few ranges");
    match address % STRIDE / LENGTH {
        0 => found == Some(slot),
        1 | 2 => found.is_none() || found == Some(slot + PASSING),
        _ => found.is_none(),
    }
}

/// Makes the stable ranges, then churns the passing ones while two readers look. Returns how many looks went wrong.
fn run(changes: u64, spare_nodes: u32) -> u64 {
    let rcu = &Rcu::<Threads>::new(3);
    let index = Index::<Threads>::with_spare_nodes(2 * STABLE as u32, spare_nodes);
    let section = WriteSection::new();
    for n in 0..STABLE {
        index
            .insert(n * STRIDE, n * STRIDE + LENGTH, n as u32, &section, rcu, 2)
            .expect("no overlap");
    }
    let done = AtomicBool::new(false);
    let begin = Barrier::new(3);
    thread::scope(|scope| {
        let readers = [0, 1].map(|reader| {
            let (index, done, begin) = (&index, &done, &begin);
            scope.spawn(move || {
                rcu.online(reader);
                begin.wait();
                let mut wrong = 0;
                let mut address = reader as u64;
                // Relaxed: only says when to stop; the join orders the counts.
                while !done.load(Ordering::Relaxed) {
                    address = (address + 0x1357) % (STABLE * STRIDE);
                    wrong += u64::from(!is_right(address, index.lookup(address)));
                    rcu.quiescent(reader);
                    if address < 0x1357 {
                        thread::yield_now();
                    }
                }
                rcu.offline(reader);
                wrong
            })
        });
        begin.wait();
        let mut present = [false; STABLE as usize];
        for change in 0..changes {
            // All passing ranges go and come in turn, so that nodes are split and joined.
            let n = change * 7 % STABLE;
            let start = n * STRIDE + LENGTH;
            let slot = n as u32 + PASSING;
            if present[n as usize] {
                assert_eq!(index.erase(start, &section, rcu, 2), Some(slot));
            } else {
                index
                    .insert(start, start + 2 * LENGTH, slot, &section, rcu, 2)
                    .expect("free");
            }
            present[n as usize] = !present[n as usize];
        }
        done.store(true, Ordering::Relaxed);
        readers
            .map(|reader| reader.join().expect("a reader does not panic"))
            .iter()
            .sum()
    })
}

#[test]
fn stable_ranges_are_always_found() {
    for (spare_nodes, changes) in [(0, 500), (64, 20_000)] {
        assert_eq!(run(changes, spare_nodes), 0);
    }
}
