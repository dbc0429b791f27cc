//! Gates whose truth is known: programs measured side by side that never were.

use crate::run;
use crate::sketch::random::Random;
use crate::sketch::{LOCKS, Sketch};
use bench_core::plan::Mode;
use bench_core::record::Cell;
use reports::Run;
use reports::check::{Check, Settings, Sides, Stage, judge, needs_confirmation};
use std::collections::HashMap;

/// How a made-up machine spreads the logarithm of a ratio.
#[derive(Clone, Copy)]
pub(super) struct Spread {
    /// Standard deviation between processes.
    pub(super) between: f64,
    /// Standard deviation between the rounds of a process.
    pub(super) within: f64,
    /// Of a hundred rounds, how many are six times noisier.
    pub(super) heavy_percent: u64,
}

/// What locks show that are built in the same slot: the spread that the method's defaults are made for.
pub(super) const SAME_SLOT: Spread = Spread {
    between: 0.004,
    within: 0.02,
    heavy_percent: 0,
};

/// What is asked of a gate.
pub(super) struct Arena {
    pub(super) template: Run,
    pub(super) spread: Spread,
    pub(super) with_control: bool,
    /// The planted mistake: every round is taken for a process of its own.
    pub(super) pooled: bool,
}

/// A program of a gate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Arm {
    Baseline,
    Candidate,
    Control,
}

/// What shares the luck of an address space: a lock, a number of threads and a process.
type Unit = (String, u32, u32);

/// The runs of a stage: baseline, candidate and control.
pub(super) type Three = [Run; 3];

/// A standard normal number (Box and Muller).
fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.unit()).cos()
}

impl Arena {
    /// Two locks with one thread and with two: four lines that decide.
    pub(super) fn new(spread: Spread) -> Self {
        Self::with_threads(&[1, 2], spread)
    }

    pub(super) fn with_threads(threads: &[u32], spread: Spread) -> Self {
        Self::of(
            &Sketch {
                locks: LOCKS[1..3].to_vec(),
                workloads: vec!["fault-one-vma"],
                threads: threads.to_vec(),
                modes: vec![Mode::Throughput],
                processes: 10,
                rounds: 10,
                dirty_percent: 0,
                ..Sketch::small()
            },
            spread,
        )
    }

    pub(super) fn of(sketch: &Sketch, spread: Spread) -> Self {
        Self {
            template: run(&sketch.records()),
            spread,
            with_control: true,
            pooled: false,
        }
    }

    /// One stage, in which `change` has the last word on every cell: the truth. Throughput beyond that is the luck of the
    /// machine, of the process and of the round, which all programs share, and their own spread.
    pub(super) fn stage(&self, seed: u64, change: impl Fn(Arm, &mut Cell)) -> Three {
        let mut random = Random(seed);
        let mut runs = [(); 3].map(|()| self.template.clone());
        let arms = [Arm::Baseline, Arm::Candidate, Arm::Control];
        // A ratio is of two, so each of them has half of its variance.
        let own = std::f64::consts::FRAC_1_SQRT_2;
        let mut luck: HashMap<Unit, [f64; 3]> = HashMap::new();
        for (place, cell) in self.template.cells.iter().enumerate() {
            let unit = (cell.lock.clone(), cell.threads, cell.process);
            let of_unit = *luck.entry(unit).or_insert_with(|| {
                let shared = 0.05 * normal(&mut random);
                arms.map(|_| shared + self.spread.between * own * normal(&mut random))
            });
            let shared = 0.03 * normal(&mut random);
            for (number, arm) in arms.into_iter().enumerate() {
                let heavy = random.below(100) < self.spread.heavy_percent;
                let within = self.spread.within * own * if heavy { 6.0 } else { 1.0 };
                let log = of_unit[number] + shared + within * normal(&mut random);
                let cell = &mut runs[number].cells[place];
                set_rate(cell, 1e6 * log.exp());
                change(arm, cell);
                if self.pooled {
                    cell.process = cell.process * self.template.header.rounds + cell.round;
                    cell.round = 0;
                }
            }
        }
        runs
    }

    /// The verdict of one stage, or of both.
    pub(super) fn judge(&self, first: &Three, second: Option<&Three>) -> Check {
        let sides = Sides {
            first: self.sides(first),
            confirmation: second.map(|runs| self.sides(runs)),
        };
        judge(&sides, &settings())
    }

    fn sides<'r>(&self, [baseline, candidate, control]: &'r Three) -> Stage<'r> {
        Stage {
            baseline,
            candidate,
            control: self.with_control.then_some(control),
        }
    }

    /// The whole gate, as the command runs it: a second stage if the first asks for one.
    pub(super) fn gate(&self, seed: u64, change: impl Fn(Arm, &mut Cell)) -> Check {
        let first = self.stage(2 * seed, &change);
        let check = self.judge(&first, None);
        if !needs_confirmation(&check) {
            return check;
        }
        let second = self.stage(2 * seed + 1, &change);
        self.judge(&first, Some(&second))
    }
}

pub(super) fn settings() -> Settings {
    Settings {
        baseline: "revision 0123456789ab".into(),
        candidate: "this tree".into(),
        floor: reports::check::judge::FLOOR,
        margin: None,
    }
}

/// Gives a cell this many operations per second in all, shared evenly.
fn set_rate(cell: &mut Cell, ops_per_s: f64) {
    for role in &mut cell.roles {
        let threads = role.ops_per_thread.len() as f64;
        for ops in &mut role.ops_per_thread {
            *ops = (ops_per_s / threads * 20.0) as u64;
        }
    }
    // Long windows, so that whole operations are no step.
    cell.window_ns_per_thread.fill(20_000_000_000);
}

/// A change of one lock's throughput in the candidate.
pub(super) fn slower(lock: &str, share: f64) -> impl Fn(Arm, &mut Cell) {
    move |arm, cell| {
        if arm == Arm::Candidate && cell.lock == lock && cell.mode == "throughput" {
            times(cell, 1.0 - share);
        }
    }
}

/// Multiplies a cell's operations.
pub(super) fn times(cell: &mut Cell, factor: f64) {
    for role in &mut cell.roles {
        for ops in &mut role.ops_per_thread {
            *ops = (*ops as f64 * factor) as u64;
        }
    }
}
