//! Whether locks that share a cache line disturb each other: two threads, each in a VMA of its own, the VMAs neighbours.
//!
//! Windows of the engine with nothing but the read in them: no index, no work under the lock or between two faults. All places take
//! a window in each rotation, in an order drawn anew and at one slot per rotation; what is shown is the median of the ratios
//! within rotations, and their quartiles. A window in which the two threads did not run at once is repeated a few times and then
//! left out, for on a busy machine nobody disturbs who runs alone. Ends with exit code 1 when locks that are packed cost no more
//! than locks that are not: then they are not where they should be.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "support/own_main.rs"]
mod own_main;
#[path = "support/room.rs"]
mod room;

use bench_core::arena::SLOTS;
use bench_core::workload::{WorkloadSpec, preset};
use own_main::{Quartiles, is_test};
use room::{make_room, run_cell};
use runners::contender::{Contender, catalogue};
use runners::engine::MachineRoom;
use runners::pin::allowed_cpus;
use std::process::ExitCode;

/// What the others are compared with: the same instructions, and no line shared.
const BASE: &str = "refcount-object";
/// The others.
const OTHERS: [&str; 4] = [
    "refcount",
    "refcount-own-line",
    "refcount-packed-16",
    "refcount-packed-40",
];
/// The one that has to cost more.
const PACKED: &str = "refcount-packed-16";
/// Threads, each with a VMA and a CPU of its own.
const THREADS: u32 = 2;
const ROTATIONS: usize = 50;
const WINDOW_NS: u64 = 10_000_000;
/// The time of a window in which both threads have to run.
const TOGETHER_NS: u64 = WINDOW_NS / 2;
/// How often a window is tried.
const TRIES: usize = 10;

fn workload() -> WorkloadSpec {
    let per_thread = preset("fault-vma-per-thread").expect("a preset of the tool");
    WorkloadSpec {
        hold_ns: 0,
        think_ns: 0,
        index: false,
        ..per_thread
    }
}

/// Nanoseconds per read and thread in one window; `None` when the threads did not run together.
fn time(
    lock: &Contender,
    room: &mut MachineRoom,
    workload: &WorkloadSpec,
    slot: u32,
) -> Option<f64> {
    (0..TRIES).find_map(|_| {
        let cell = run_cell(lock, room, workload, THREADS, slot, WINDOW_NS);
        let reads: u64 = cell.roles.iter().map(|role| role.ops).sum();
        let ns: u64 = cell.window_ns_per_thread.iter().sum();
        (cell.window_ns >= TOGETHER_NS).then(|| ns as f64 / reads as f64)
    })
}

/// The times: one list per lock, one entry per rotation.
fn measure(locks: &[Contender], rotations: usize) -> Vec<Vec<Option<f64>>> {
    let workload = workload();
    let mut room = make_room(locks, std::slice::from_ref(&workload), THREADS);
    let mut rng = fastrand::Rng::with_seed(1);
    let mut order: Vec<usize> = (0..locks.len()).collect();
    let mut times = vec![Vec::with_capacity(rotations); locks.len()];
    for _ in 0..rotations {
        rng.shuffle(&mut order);
        let slot = rng.u32(0..SLOTS as u32);
        for &lock in &order {
            times[lock].push(time(&locks[lock], &mut room, &workload, slot));
        }
    }
    times
}

fn main() -> ExitCode {
    if allowed_cpus().len() < THREADS as usize {
        println!("Two threads need two CPUs, and this program may use one: nothing is measured.");
        return ExitCode::SUCCESS;
    }
    let mut locks = catalogue();
    locks.retain(|lock| lock.name() == BASE || OTHERS.contains(&lock.name()));
    let rotations = if is_test() { 1 } else { ROTATIONS };
    let times = measure(&locks, rotations);
    let of = |name: &str| {
        let lock = locks.iter().position(|lock| lock.name() == name);
        &times[lock.unwrap_or_else(|| panic!("no lock is called {name}"))]
    };
    println!("Two threads, each reads its own VMA. {rotations} rotations of 10 ms a lock.");
    println!("Ratios are medians within rotations, in brackets the quartiles.\n");
    println!("{:20} {:>9}   / {BASE}", "", "ns");
    let mut packed = None;
    for lock in &locks {
        let both = of(lock.name()).iter().zip(of(BASE));
        let pairs: Vec<_> = both.filter_map(|(time, base)| (*time).zip(*base)).collect();
        if pairs.is_empty() {
            println!("{:20} the threads never ran at once", lock.name());
            continue;
        }
        let ratios = Quartiles::of(pairs.iter().map(|(time, base)| time / base));
        let ns = Quartiles::of(pairs.iter().map(|(time, _)| *time)).median;
        println!(
            "{:20} {ns:9.2}   {:5.2} [{:.2} .. {:.2}] of {}",
            lock.name(),
            ratios.median,
            ratios.lower,
            ratios.upper,
            pairs.len()
        );
        if lock.name() == PACKED {
            packed = Some(ratios.median);
        }
    }
    let (verdict, exit) = match packed {
        None => ("not measured", ExitCode::SUCCESS),
        Some(ratio) if ratio > 1.0 => ("reached", ExitCode::SUCCESS),
        Some(_) if is_test() => ("missed, by a single window", ExitCode::SUCCESS),
        Some(_) => ("MISSED", ExitCode::FAILURE),
    };
    println!("\ntarget: {PACKED} > 1 x {BASE}: {verdict}");
    exit
}
