//! What an uncontended read costs in each lock, as a ratio to bare floors.
//!
//! On a shared machine only ratios count, and only of what was measured within the same millisecond: all floors and locks
//! take short turns, in an order drawn anew for each rotation and in one slot of the arena per rotation; what is shown is
//! the median of the ratios within rotations, and their quartiles. Ends with exit code 1 when a target is missed by the median.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "support/own_main.rs"]
mod own_main;
#[path = "support/repeat.rs"]
mod repeat;

use bench_core::arena::{Arena, SLOTS};
use bench_core::lock::VmaLock;
use bench_core::rwsem::RwSem;
use lock_variants::catalogue::{Visitor, visit_all};
use own_main::{Quartiles, is_test};
use repeat::{pin, repeat};
use runners::clock::Clock;
use runners::native::Native;
use runners::stand::Stand;
use std::process::ExitCode;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Operations of one turn of a row: about 20 µs.
const OPERATIONS: u64 = 1_000;
/// Rotations.
const ROTATIONS: usize = 2_000;
/// The most that a lock may cost beside its floor.
const LIMIT: f64 = 1.10;
/// What has to hold: the row, its floor.
const TARGETS: [(&str, &str); 2] = [("refcount", CMPXCHG), ("RwSem::try_read_lock", PARKING_LOT)];

const XADD: &str = "fetch_add + fetch_sub";
const CMPXCHG: &str = "compare_exchange + fetch_sub";
const STD: &str = "std RwLock::try_read";
const PARKING_LOT: &str = "parking_lot RwLock::try_read";

/// A row of the table: what is repeated at a slot of the arena. Returns nanoseconds per operation.
struct Row {
    name: &'static str,
    time: fn(&mut Arena, u32, u64, &Clock) -> f64,
}

/// Builds a value at the slot and times an operation on it.
#[inline(always)]
fn time<T>(
    (arena, slot, operations, clock): (&mut Arena, u32, u64, &Clock),
    value: T,
    prepare: impl FnOnce(&T),
    operation: impl Fn(&T) -> bool,
) -> f64 {
    arena.with(slot, value, |value| {
        prepare(value);
        repeat(value, operations / 8 + 1, &operation);
        let start = clock.now();
        repeat(value, operations, &operation);
        clock.ns(clock.now() - start) as f64 / operations as f64
    })
}

fn floors() -> Vec<Row> {
    vec![
        Row {
            name: XADD,
            time: |arena, slot, operations, clock| {
                time(
                    (arena, slot, operations, clock),
                    AtomicU32::new(1),
                    |_| (),
                    |word| {
                        // Orders as of a lock.
                        word.fetch_add(1, Acquire);
                        word.fetch_sub(1, Release);
                        true
                    },
                )
            },
        },
        Row {
            name: CMPXCHG,
            time: |arena, slot, operations, clock| {
                time(
                    (arena, slot, operations, clock),
                    AtomicU32::new(1),
                    |_| (),
                    |word| {
                        let mut old = word.load(Relaxed);
                        while let Err(seen) =
                            word.compare_exchange_weak(old, old + 1, Acquire, Relaxed)
                        {
                            old = seen;
                        }
                        word.fetch_sub(1, Release);
                        true
                    },
                )
            },
        },
        Row {
            name: STD,
            time: |arena, slot, operations, clock| {
                let lock = std::sync::RwLock::new(());
                time(
                    (arena, slot, operations, clock),
                    lock,
                    |_| (),
                    |lock| lock.try_read().is_ok(),
                )
            },
        },
        Row {
            name: PARKING_LOT,
            time: |arena, slot, operations, clock| {
                let lock = parking_lot::RwLock::new(());
                time(
                    (arena, slot, operations, clock),
                    lock,
                    |_| (),
                    |lock| lock.try_read().is_some(),
                )
            },
        },
        Row {
            name: "RwSem::try_read_lock",
            time: |arena, slot, operations, clock| {
                time(
                    (arena, slot, operations, clock),
                    RwSem::<Native>::new(),
                    |_| (),
                    |lock| {
                        let locked = lock.try_read_lock();
                        if locked {
                            lock.read_unlock();
                        }
                        locked
                    },
                )
            },
        },
    ]
}

/// The locks of the catalogue.
struct Locks(Vec<Row>);

impl Visitor<Native> for Locks {
    fn visit<L: VmaLock<Machine = Native>>(&mut self) {
        self.0.push(Row {
            name: L::INFO.name,
            time: |arena, slot, operations, clock| {
                let prepare = |stand: &Stand<L>| assert!(stand.map(), "the VMA is attached");
                time(
                    (arena, slot, operations, clock),
                    Stand::new(),
                    prepare,
                    Stand::read_pair,
                )
            },
        });
    }
}

/// Nanoseconds per operation: one list per row, one number per rotation.
fn measure(rows: &[Row], rotations: usize) -> Vec<Vec<f64>> {
    let clock = Clock::calibrate();
    let mut arena = Arena::new(1 << 16);
    let mut rng = fastrand::Rng::with_seed(1);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut times = vec![Vec::with_capacity(rotations); rows.len()];
    for _ in 0..rotations {
        rng.shuffle(&mut order);
        let slot = rng.u32(0..SLOTS as u32);
        for &row in &order {
            times[row].push((rows[row].time)(&mut arena, slot, OPERATIONS, &clock));
        }
    }
    times
}

/// The ratios of two rows within each rotation.
fn ratios(times: &[f64], floor: &[f64]) -> Quartiles {
    Quartiles::of(times.iter().zip(floor).map(|(time, floor)| time / floor))
}

fn main() -> ExitCode {
    pin();
    let mut rows = floors();
    let mut locks = Locks(Vec::new());
    visit_all(&mut locks);
    rows.append(&mut locks.0);
    let rotations = if is_test() { 1 } else { ROTATIONS };
    let times = measure(&rows, rotations);
    let of = |name: &str| {
        let row = rows.iter().position(|row| row.name == name);
        &times[row.unwrap_or_else(|| panic!("no row is called {name}"))]
    };
    println!(
        "One read, uncontended: start and end. {rotations} rotations of {OPERATIONS} operations a row."
    );
    println!("Ratios are medians within rotations, in brackets the quartiles.\n");
    println!(
        "{:28} {:>9}   {:24} {:24}",
        "", "ns", "/ compare_exchange floor", "/ parking_lot try_read"
    );
    for (row, times) in rows.iter().zip(&times) {
        let words = |floor| {
            let found = ratios(times, of(floor));
            format!(
                "{:5.2} [{:.2} .. {:.2}]",
                found.median, found.lower, found.upper
            )
        };
        let ns = Quartiles::of(times.iter().copied()).median;
        println!(
            "{:28} {ns:9.2}   {:24} {:24}",
            row.name,
            words(CMPXCHG),
            words(PARKING_LOT)
        );
    }
    println!();
    let mut missed = false;
    for (name, floor) in TARGETS {
        let found = ratios(of(name), of(floor)).median;
        let verdict = if found <= LIMIT { "reached" } else { "MISSED" };
        println!("target: {name} <= {LIMIT:.2} x {floor}: {found:.3}, {verdict}");
        missed |= found > LIMIT;
    }
    if missed && !is_test() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
