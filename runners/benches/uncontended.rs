//! What the operations of each lock cost when nobody is in the way, on one pinned thread, beside bare floors.
//!
//! Criterion measures one lock after the other, so that on a busy machine its rows do not compare: `cargo bench --bench
//! ratios` measures the same reads interleaved. Every value is built at the same slot of the arena, so that the address of
//! the lock is not what differs.

#[path = "support/repeat.rs"]
mod repeat;

use bench_core::arena::Arena;
use bench_core::lock::VmaLock;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use lock_variants::catalogue::{Visitor, visit_all};
use repeat::{pin, repeat};
use runners::native::Native;
use runners::stand::Stand;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

/// The slot that everything is built at.
const SLOT: u32 = 1234;

/// An operation on a value at the slot, as a benchmark.
fn bench<T>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    arena: &mut Arena,
    name: &str,
    value: T,
    operation: impl Fn(&T) -> bool,
) {
    arena.with(SLOT, value, |value| {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|operations| {
                let start = Instant::now();
                repeat(value, operations, &operation);
                start.elapsed()
            });
        });
    });
}

/// Adds every lock of the catalogue to a group.
struct Group<'a, 'c> {
    group: BenchmarkGroup<'c, WallTime>,
    arena: &'a mut Arena,
    operation: Operation,
}

/// What is timed.
#[derive(Clone, Copy)]
enum Operation {
    Read,
    Write,
    MapAndUnmap,
}

impl Visitor<Native> for Group<'_, '_> {
    fn visit<L: VmaLock<Machine = Native>>(&mut self) {
        let (group, arena, name) = (&mut self.group, &mut *self.arena, L::INFO.name);
        let attached = || {
            let stand = Stand::<L>::new();
            assert!(stand.map(), "nobody interrupts");
            stand
        };
        match self.operation {
            Operation::Read => bench(group, arena, name, attached(), Stand::read_pair),
            Operation::Write => bench(group, arena, name, attached(), Stand::write_section),
            Operation::MapAndUnmap => {
                bench(group, arena, name, Stand::<L>::new(), |stand| {
                    stand.map() && stand.unmap()
                });
            }
        }
    }
}

/// What no lock can be cheaper than, and two locks of other crates called directly.
fn floors(group: &mut BenchmarkGroup<'_, WallTime>, arena: &mut Arena) {
    bench(
        group,
        arena,
        "fetch_add + fetch_sub",
        AtomicU32::new(1),
        |word| {
            // The orders of a lock.
            word.fetch_add(1, Acquire);
            word.fetch_sub(1, Release);
            true
        },
    );
    bench(
        group,
        arena,
        "compare_exchange + fetch_sub",
        AtomicU32::new(1),
        |word| {
            let mut old = word.load(Relaxed);
            while let Err(seen) = word.compare_exchange_weak(old, old + 1, Acquire, Relaxed) {
                old = seen;
            }
            word.fetch_sub(1, Release);
            true
        },
    );
    let lock = std::sync::RwLock::new(());
    bench(group, arena, "std RwLock::try_read", lock, |lock| {
        lock.try_read().is_ok()
    });
    let lock = parking_lot::RwLock::new(());
    bench(group, arena, "parking_lot RwLock::try_read", lock, |lock| {
        lock.try_read().is_some()
    });
}

fn uncontended(criterion: &mut Criterion) {
    pin();
    let mut arena = Arena::new(1 << 16);
    let groups = [
        ("read: start and end", Operation::Read),
        (
            "write section: mmap lock, one VMA, all unlocked",
            Operation::Write,
        ),
        ("map and unmap: attach and detach", Operation::MapAndUnmap),
    ];
    for (name, operation) in groups {
        let mut group = criterion.benchmark_group(name);
        if matches!(operation, Operation::Read) {
            floors(&mut group, &mut arena);
        }
        let mut locks = Group {
            group,
            arena: &mut arena,
            operation,
        };
        visit_all(&mut locks);
        locks.group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .nresamples(5_000);
    targets = uncontended
}
criterion_main!(benches);
