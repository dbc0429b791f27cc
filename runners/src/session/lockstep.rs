//! Programs that are measured beside each other: a child of each, one cell of each in turn, so that what the machine does
//! meanwhile it does to all.
//!
//! While one child measures the others sleep. Their order changes from round to round, so that each comes first, second and
//! last alike. All work the same turns of the delay: calibrations of several processes differ by a per cent.

use super::side::Side;
use crate::clock::Clock;
use crate::delay::Calibration;
use crate::host::{self, placement::Placement};
use crate::injected::Injected;
use crate::pin::pin_to;
use anyhow::Context;
use bench_core::plan::Plan;
use bench_core::record::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A program that is measured, and what it measures.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The program: this one or another build of it with the same [`super::PROTOCOL`].
    pub program: PathBuf,
    /// Its plan. The plans of all arms have the same number of cells in the same order; what stands in a place is compared.
    pub plan: Plan,
    /// Harm that is done to it on purpose; none but in a self-test.
    pub injected: Option<Injected>,
}

impl Arm {
    /// This program.
    ///
    /// # Errors
    /// When the system does not tell its path.
    pub fn of_this_program(plan: Plan) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("the path of this program is not known")?;
        Ok(Self {
            program,
            plan,
            injected: None,
        })
    }
}

/// Measures arms cell by cell in turn.
#[derive(Clone, Copy, Debug)]
pub struct Lockstep<'a> {
    /// What is measured.
    pub arms: &'a [Arm],
    /// How long a thread may be inside one operation before its lock counts as hung.
    pub hang_limit: Duration,
    /// Set when the run is to end. Relaxed throughout: it publishes nothing, and is looked at again and again.
    pub stop: &'a AtomicBool,
}

impl Lockstep<'_> {
    /// Measures every cell of process `process` of all arms; see [`Self::run_cells`].
    ///
    /// # Errors
    /// As [`Self::run_cells`].
    pub fn run(
        &self,
        process: u32,
        tell: &mut impl FnMut(usize, Box<Cell>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let cells = self
            .arms
            .first()
            .map_or(0, |arm| arm.plan.cells_per_process());
        let cells: Vec<usize> = (0..cells as usize).collect();
        self.run_cells(process, &cells, tell)
    }

    /// Measures these cells of process `process`, by their places in its order. Each is told with the number of its arm,
    /// measured or failed, before the next one begins, unless the run is stopped.
    ///
    /// # Errors
    /// When no child can be started, or one says that it cannot measure at all; and what `tell` returns.
    ///
    /// # Panics
    /// When the plans of the arms differ in the number of their cells.
    pub fn run_cells(
        &self,
        process: u32,
        cells: &[usize],
        tell: &mut impl FnMut(usize, Box<Cell>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Some(first) = cells.first() else {
            return Ok(());
        };
        let calibrations = self.calibrations()?;
        let mut sides: Vec<Side<'_>> = self
            .arms
            .iter()
            .map(|arm| Side::new(arm, process, &calibrations, self.hang_limit, self.stop))
            .collect();
        let size = |side: &Side<'_>| side.planned.len();
        assert!(
            sides.iter().all(|side| size(side) == size(&sides[0])),
            "arms measure the same cells"
        );
        // All warm up before the first cell, so that no round is stretched by it.
        let mut done = BTreeSet::new();
        for arm in turn(self.arms.len(), process, 0) {
            if let Some(cell) = sides[arm].get_ready(*first)? {
                tell(arm, cell)?;
                done.insert((arm, *first));
            }
        }
        for number in cells {
            let round = sides[0].planned[*number].round;
            for arm in turn(self.arms.len(), process, round) {
                if done.contains(&(arm, *number)) {
                    continue;
                }
                let Some(cell) = sides[arm].measure(*number)? else {
                    return Ok(());
                };
                tell(arm, cell)?;
            }
        }
        Ok(())
    }

    /// The delay's calibration on every CPU that a placement uses; nothing of a single arm, which calibrates itself.
    fn calibrations(&self) -> anyhow::Result<BTreeMap<u32, Calibration>> {
        let [one, _, ..] = self.arms else {
            return Ok(BTreeMap::new());
        };
        let cpus = cpus(&one.plan)?;
        // A thread of its own, since it is pinned.
        std::thread::scope(|scope| {
            let measured = scope.spawn(|| {
                let clock = Clock::calibrate();
                let measure = |cpu: u32| Ok((cpu, calibrate(cpu, &clock)?));
                cpus.into_iter().map(measure).collect()
            });
            let panicked = |_| anyhow::anyhow!("the calibration of the delay panicked");
            measured.join().unwrap_or_else(|p| Err(panicked(p)))
        })
    }
}

fn calibrate(cpu: u32, clock: &Clock) -> anyhow::Result<Calibration> {
    pin_to(cpu)?;
    Ok(Calibration::measure(clock))
}

/// The CPUs that a plan uses.
fn cpus(plan: &Plan) -> anyhow::Result<BTreeSet<u32>> {
    let (host, _) = host::read(Path::new("/"));
    let threads = plan.threads.iter().copied().max().unwrap_or(1);
    let mut cpus = BTreeSet::new();
    for word in &plan.placements {
        let placement: Placement = word.parse()?;
        cpus.extend(placement.cpus(&host, threads)?);
    }
    Ok(cpus)
}

/// The order of `arms` arms in a round: rotated by one from round to round, so that each stands in each place once in as
/// many rounds, and reversed in every second process, so that each follows each other one.
fn turn(arms: usize, process: u32, round: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..arms).collect();
    if !process.is_multiple_of(2) {
        order.reverse();
    }
    order.rotate_left((process as usize / 2 + round as usize) % arms.max(1));
    order
}

#[cfg(test)]
mod tests {
    use super::turn;
    use std::collections::BTreeMap;

    #[test]
    fn each_arm_stands_in_each_place_and_follows_each_other_one_alike() {
        let (mut places, mut follows) = (BTreeMap::new(), BTreeMap::new());
        for (process, round) in (0..2).flat_map(|p| (0..3).map(move |r| (p, r))) {
            let order = turn(3, process, round);
            for (place, arm) in order.iter().enumerate() {
                *places.entry((place, *arm)).or_insert(0) += 1;
            }
            for pair in order.windows(2) {
                *follows.entry((pair[0], pair[1])).or_insert(0) += 1;
            }
        }
        assert!(
            places.len() == 9 && places.values().all(|n| *n == 2),
            "{places:?}"
        );
        assert!(
            follows.len() == 6 && follows.values().all(|n| *n == 2),
            "{follows:?}"
        );
    }

    #[test]
    fn two_arms_take_turns() {
        assert_eq!(turn(2, 0, 0), [0, 1]);
        assert_eq!(turn(2, 0, 1), [1, 0]);
        assert_eq!(turn(2, 1, 0), [1, 0]);
        assert_eq!(turn(1, 5, 7), [0]);
    }
}
