//! The workloads of the tool as criterion benchmarks: a familiar view, not the verdict.
//!
//! A sample is one window of the engine: the same pinned workers, loop and checks as in `vmalock run`. Its time per
//! iteration is the window divided by the operations that all threads ended in it, whatever their role, so it is wall time
//! per operation of the whole system and neither a latency nor anybody's cost.
//!
//! What criterion cannot do, and `vmalock run` does: measure the locks in turn within each round and at the same slots,
//! in several processes; leave out windows that a neighbour disturbed; keep roles and outcomes apart. So a difference that
//! is seen only here is not a result.

#[path = "support/room.rs"]
mod room;

use bench_core::workload::presets;
use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use room::{make_room, run_cell};
use runners::contender::catalogue;
use runners::pin::allowed_cpus;
use std::time::Duration;

/// The slot that every lock is built at.
const SLOT: u32 = 1234;
/// The window of a sample in nanoseconds.
const WINDOW_NS: u64 = 5_000_000;

/// One thread, then twice as many each time, up to one per CPU.
fn thread_counts() -> Vec<u32> {
    let cpus = allowed_cpus().len() as u32;
    let doubled = std::iter::successors(Some(1), |threads| Some(threads * 2));
    let mut counts: Vec<u32> = doubled.take_while(|threads| *threads < cpus).collect();
    counts.push(cpus);
    counts
}

fn contended(criterion: &mut Criterion) {
    let contenders = catalogue();
    let workloads = presets();
    let counts = thread_counts();
    let most = counts.iter().copied().max().unwrap_or(1);
    let mut room = make_room(&contenders, &workloads, most);
    for workload in &workloads {
        let mut group = criterion.benchmark_group(&workload.name);
        group
            .sampling_mode(SamplingMode::Flat)
            .throughput(Throughput::Elements(1));
        for contender in &contenders {
            for threads in &counts {
                group.bench_function(BenchmarkId::new(contender.name(), threads), |bencher| {
                    bencher.iter_custom(|iterations| {
                        let cell =
                            run_cell(contender, &mut room, workload, *threads, SLOT, WINDOW_NS);
                        let operations: u64 = cell.roles.iter().map(|role| role.ops).sum();
                        Duration::from_nanos(cell.window_ns)
                            .mul_f64(iterations as f64 / operations as f64)
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(20))
        .measurement_time(Duration::from_millis(100))
        .nresamples(5_000);
    targets = contended
}
criterion_main!(benches);
