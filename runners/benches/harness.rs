//! What the harness itself costs.
//!
//! 1. The lock `null` with neither hold nor think time: an operation is then nothing but the harness. Beside it an empty
//!    loop of the same shape (the phase, a goal out of the stream, a counter), a bare one without the stream, and the same
//!    operation with the lookup in the index.
//! 2. The lock `std-rwlock` in a workload of reads only, beside a loop over `std::sync::RwLock` written by hand here. The
//!    lock of the catalogue also compares sequence numbers and looks at a flag, before and after it has locked; the loop to
//!    compare with does the same. The ratio to a loop that only locks is shown too: that is the harness and the protocol.
//!    The target is for the workload as it is; the same without delays, where an operation is as short as can be, is shown
//!    for who measures that.
//!
//! All windows are the engine's own, or opened and closed the same way, and take turns within each rotation; what is shown
//! is the median of the differences and ratios within rotations, and their quartiles. Ends with exit code 1 when a target
//! is missed by the median.

#![expect(
    clippy::print_stdout,
    reason = "the tables are what this program is for"
)]

#[path = "support/by_hand.rs"]
mod by_hand;
#[path = "support/own_main.rs"]
mod own_main;
#[path = "support/room.rs"]
mod room;

use bench_core::arena::{Arena, SLOTS};
use bench_core::plan::goals;
use bench_core::record::Cell;
use bench_core::space::Goal;
use bench_core::workload::{WorkloadSpec, preset};
use by_hand::{ByHand, Counted, Turns, window};
use own_main::{Quartiles, is_test};
use room::{cpus, make_room, run_cell};
use runners::contender::{Contender, catalogue};
use runners::engine::MachineRoom;
use runners::pin::allowed_cpus;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::mpsc::channel;

/// The window in nanoseconds.
const WINDOW_NS: u64 = 4_000_000;
/// Rotations of each table.
const ROTATIONS: usize = 100;
/// The most that an operation of `null` may cost beside an empty loop, in nanoseconds.
const NULL_LIMIT_NS: f64 = 2.0;
/// The most that the harness may cost beside a loop written by hand, as a ratio.
const HAND_LIMIT: f64 = 1.05;

/// All that a row needs.
struct Bench {
    room: MachineRoom,
    /// For what is built by hand: the engine's own arena belongs to its ground.
    arena: Arena,
    contenders: Vec<Contender>,
}

impl Bench {
    /// A window of the engine.
    fn engine(&mut self, lock: &str, workload: &WorkloadSpec, threads: u32, slot: u32) -> f64 {
        let contender = self
            .contenders
            .iter()
            .find(|contender| contender.name() == lock);
        let contender = contender.unwrap_or_else(|| panic!("no lock is called {lock}"));
        ns_of_cell(&run_cell(
            contender,
            &mut self.room,
            workload,
            threads,
            slot,
            WINDOW_NS,
        ))
    }

    /// A window of a loop that only looks at the phase and counts.
    fn bare(&mut self) -> f64 {
        ns_of_counts(&window(&self.room.clock, WINDOW_NS, &cpus(1), |_| || true))
    }

    /// A window of the engine's loop without an operation: the phase, a goal out of the stream, a counter.
    fn empty(&mut self, goals: &[Goal]) -> f64 {
        let nothing = |_| {
            let mut stream = goals.iter().cycle();
            move || stream.next().is_some_and(|goal| black_box(*goal) == *goal)
        };
        ns_of_counts(&window(&self.room.clock, WINDOW_NS, &cpus(1), nothing))
    }

    /// A window of a loop over `std::sync::RwLock`.
    fn by_hand(
        &mut self,
        turns: &[Turns],
        slot: u32,
        operation: impl Fn(&ByHand, Turns) -> bool + Sync,
    ) -> f64 {
        let Self { room, arena, .. } = self;
        arena.with(slot, ByHand::new(), |value| {
            let value = black_box(value);
            let cpus = cpus(turns.len() as u32);
            let counts = window(&room.clock, WINDOW_NS, &cpus, |worker| {
                let turns = turns[worker as usize];
                let operation = &operation;
                move || operation(value, turns)
            });
            ns_of_counts(&counts)
        })
    }

    /// The turns of the delay that the engine's workers take for a workload, each on its CPU.
    fn turns(&self, workload: &WorkloadSpec, threads: u32) -> Vec<Turns> {
        let (hold_ns, think_ns) = (workload.hold_ns, workload.think_ns);
        let of = |(worker, cpu): (usize, u32)| {
            let (sender, receiver) = channel();
            self.room.pool.send(worker as u32, move |context| {
                context.pin(cpu).expect("an allowed CPU");
                let turns = Turns {
                    hold: context.delay(hold_ns).0,
                    think: context.delay(think_ns).0,
                };
                sender.send(turns).expect("it is waited for");
            });
            receiver.recv().expect("the worker answers")
        };
        cpus(threads).into_iter().enumerate().map(of).collect()
    }
}

/// Nanoseconds per operation of a thread: threads, divided by the sum of their rates.
fn ns(windows: impl ExactSizeIterator<Item = (u64, u64)>) -> f64 {
    let threads = windows.len() as f64;
    threads
        / windows
            .map(|(operations, ns)| operations as f64 / ns.max(1) as f64)
            .sum::<f64>()
}

fn ns_of_cell(cell: &Cell) -> f64 {
    let operations = cell
        .roles
        .iter()
        .flat_map(|role| &role.ops_per_thread)
        .copied();
    let windows: Vec<_> = operations
        .zip(cell.window_ns_per_thread.iter().copied())
        .collect();
    ns(windows.into_iter())
}

fn ns_of_counts(counts: &[Counted]) -> f64 {
    ns(counts
        .iter()
        .map(|counted| (counted.operations, counted.ns)))
}

/// Nanoseconds per operation of some rows, in turn; one list per row, one number per rotation.
fn rotate<const ROWS: usize>(
    rotations: usize,
    bench: &mut Bench,
    row: impl Fn(&mut Bench, usize, u32) -> f64,
) -> [Vec<f64>; ROWS] {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut order: [usize; ROWS] = std::array::from_fn(|row| row);
    let mut times = [(); ROWS].map(|()| Vec::with_capacity(rotations));
    for _ in 0..rotations {
        rng.shuffle(&mut order);
        let slot = rng.u32(0..SLOTS as u32);
        for number in order {
            times[number].push(row(bench, number, slot));
        }
    }
    times
}

fn median(times: &[f64]) -> f64 {
    Quartiles::of(times.iter().copied()).median
}

/// What is made of two times of one rotation.
fn pairs(one: &[f64], other: &[f64], of: impl Fn(f64, f64) -> f64) -> Quartiles {
    Quartiles::of(one.iter().zip(other).map(|(one, other)| of(*one, *other)))
}

fn words(found: Quartiles) -> String {
    format!(
        "{:6.3} [{:.3} .. {:.3}]",
        found.median, found.lower, found.upper
    )
}

/// The first table; whether its target is reached.
fn null_table(bench: &mut Bench, rotations: usize) -> bool {
    let without = WorkloadSpec {
        hold_ns: 0,
        think_ns: 0,
        index: false,
        ..faults()
    };
    let with = WorkloadSpec {
        index: true,
        ..without.clone()
    };
    let goals = goals(&without, without.vmas, 0, 1);
    let [bare, empty, null, null_index] = rotate(rotations, bench, |bench, row, slot| match row {
        0 => bench.bare(),
        1 => bench.empty(&goals),
        2 => bench.engine("null", &without, 1, slot),
        _ => bench.engine("null", &with, 1, slot),
    });
    let difference = |one: &[f64], other: &[f64]| pairs(one, other, |one, other| one - other);
    println!("1. The lock null, no hold or think time, 1 thread: nanoseconds per operation");
    println!("   bare loop: phase, counter       {:6.3}", median(&bare));
    println!("   empty loop: and goals           {:6.3}", median(&empty));
    println!("   null without index              {:6.3}", median(&null));
    println!(
        "   null with index                 {:6.3}",
        median(&null_index)
    );
    let lookup = difference(&null_index, &null);
    println!("   lookup: with - without index    {}", words(lookup));
    println!(
        "   without index - bare loop       {}",
        words(difference(&null, &bare))
    );
    let harness = difference(&null, &empty);
    println!("   harness: without index - empty  {}", words(harness));
    verdict("harness in ns", harness.median, NULL_LIMIT_NS)
}

/// The second table, for one workload and number of threads; the ratio to the loop by hand.
fn by_hand_table(
    bench: &mut Bench,
    rotations: usize,
    workload: &WorkloadSpec,
    threads: u32,
) -> f64 {
    let turns = bench.turns(workload, threads);
    let [engine, hand, plain] = rotate(rotations, bench, |bench, row, slot| match row {
        0 => bench.engine("std-rwlock", workload, threads, slot),
        1 => bench.by_hand(&turns, slot, ByHand::read_with_sequences),
        _ => bench.by_hand(&turns, slot, ByHand::read),
    });
    let ratio = |one: &[f64], other: &[f64]| pairs(one, other, |one, other| one / other);
    println!(
        "2. std-rwlock, reads only, no index, hold {} ns, think {} ns, {threads} thread(s): nanoseconds per operation",
        workload.hold_ns, workload.think_ns
    );
    println!(
        "   engine                               {:8.2}",
        median(&engine)
    );
    println!(
        "   by hand, with sequence numbers       {:8.2}",
        median(&hand)
    );
    println!(
        "   by hand, only the lock               {:8.2}",
        median(&plain)
    );
    println!(
        "   engine / by hand, only the lock        {}",
        words(ratio(&engine, &plain))
    );
    let harness = ratio(&engine, &hand);
    println!(
        "   engine / by hand, with sequence numbers {}",
        words(harness)
    );
    harness.median
}

fn verdict(what: &str, found: f64, limit: f64) -> bool {
    let reached = found <= limit;
    println!(
        "   target: {what} <= {limit:.2}: {found:.3}, {}\n",
        if reached { "reached" } else { "MISSED" }
    );
    reached
}

fn faults() -> WorkloadSpec {
    let faults = preset("fault-one-vma").expect("a preset of the tool");
    WorkloadSpec {
        index: false,
        ..faults
    }
}

fn main() -> ExitCode {
    let threads = 2.min(allowed_cpus().len() as u32);
    let contenders = catalogue();
    let room = make_room(&contenders, &[faults()], threads);
    let mut bench = Bench {
        room,
        arena: Arena::new(1 << 16),
        contenders,
    };
    let rotations = if is_test() { 1 } else { ROTATIONS };
    println!(
        "{rotations} rotations, windows of {} ms; in brackets the quartiles.\n",
        WINDOW_NS / 1_000_000
    );
    let mut reached = null_table(&mut bench, rotations);
    for threads in 1..=threads {
        let ratio = by_hand_table(&mut bench, rotations, &faults(), threads);
        reached &= verdict("engine / by hand", ratio, HAND_LIMIT);
    }
    let busy = WorkloadSpec {
        hold_ns: 0,
        think_ns: 0,
        ..faults()
    };
    for threads in 1..=threads {
        let ratio = by_hand_table(&mut bench, rotations, &busy, threads);
        println!("   no target without delays: {ratio:.3}\n");
    }
    if reached || is_test() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
