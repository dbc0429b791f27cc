//! Which rounds can be trusted.

use super::disturbances::Disturbances;
use super::usable;
use bench_core::record::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A median of fewer rounds is a matter of luck.
const LEAST_ROUNDS: usize = 5;

/// Rounds of one mode in one setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoundCount {
    /// All of them, over all processes.
    pub(crate) all: usize,
    /// Those without a dirty cell of any lock.
    pub(crate) clean: usize,
    /// The processes.
    pub(crate) processes: usize,
    /// Those of them that are void: so few rounds were clean that these are left out too.
    pub(crate) void: usize,
}

impl RoundCount {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            clean: self.clean + other.clean,
            processes: self.processes + other.processes,
            void: self.void + other.void,
        }
    }

    pub(crate) fn dirty(self) -> usize {
        self.all - self.clean
    }

    /// More than a third of the processes are void: what remains is a chance selection.
    pub(crate) fn too_noisy(self) -> bool {
        3 * self.void > self.processes
    }
}

impl fmt::Display for RoundCount {
    /// `76 of 100 rounds clean, too few in 4 of 10 processes`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} rounds clean", self.clean, self.all)?;
        if self.void > 0 {
            write!(
                f,
                ", too few in {} of {} processes",
                self.void, self.processes
            )?;
        }
        Ok(())
    }
}

/// How many of a process's rounds have to be clean: half of them, and five, or all but one where there are fewer than six.
fn least_clean(rounds: usize) -> usize {
    let few = LEAST_ROUNDS.min(rounds.saturating_sub(1));
    rounds.div_ceil(2).max(few)
}

/// The rounds of one mode in one setting. A round in which any lock's cell was dirty is dropped for all locks, so that
/// what is compared was measured in the same rounds.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    all: BTreeSet<(u32, u32)>,
    dirty: BTreeSet<(u32, u32)>,
    /// Processes that have too few clean rounds.
    void: BTreeSet<u32>,
    disturbances: Disturbances,
}

impl Rounds {
    pub(crate) fn of<'c>(cells: impl Iterator<Item = &'c Cell>) -> Self {
        let mut rounds = Self::default();
        for cell in cells {
            rounds.all.insert((cell.process, cell.round));
            if cell.noise.dirty {
                rounds.dirty.insert((cell.process, cell.round));
                rounds.disturbances.add(&cell.noise.reasons);
            }
        }
        let mut by_process: BTreeMap<u32, [usize; 2]> = BTreeMap::new();
        for round in &rounds.all {
            let [all, clean] = by_process.entry(round.0).or_default();
            *all += 1;
            *clean += usize::from(!rounds.dirty.contains(round));
        }
        let void = |(process, [all, clean]): (u32, [usize; 2])| {
            (clean < least_clean(all)).then_some(process)
        };
        rounds.void = by_process.into_iter().filter_map(void).collect();
        rounds
    }

    pub(crate) fn count(&self) -> RoundCount {
        let processes: BTreeSet<u32> = self.all.iter().map(|(process, _)| *process).collect();
        RoundCount {
            all: self.all.len(),
            clean: self.all.len() - self.dirty.len(),
            processes: processes.len(),
            void: self.void.len(),
        }
    }

    pub(crate) fn disturbances(&self) -> &Disturbances {
        &self.disturbances
    }

    pub(crate) fn is_clean(&self, cell: &Cell) -> bool {
        let round = (cell.process, cell.round);
        !self.dirty.contains(&round) && !self.void.contains(&cell.process)
    }

    /// The same made of the usable cells of all rounds, and of the clean rounds. The latter is left out when it would be
    /// the same.
    pub(crate) fn two_ways<T>(
        &self,
        cells: &[&Cell],
        control: bool,
        make: impl Fn(&[&Cell]) -> Option<T>,
    ) -> Option<TwoWays<T>> {
        let kept: Vec<&Cell> = cells
            .iter()
            .copied()
            .filter(|c| usable(c, control))
            .collect();
        let all = make(&kept)?;
        let clean = if self.dirty.is_empty() {
            None
        } else {
            let clean: Vec<&Cell> = kept.into_iter().filter(|c| self.is_clean(c)).collect();
            make(&clean)
        };
        Some(self.pair(all, clean))
    }

    pub(crate) fn pair<T>(&self, all: T, clean: Option<T>) -> TwoWays<T> {
        TwoWays {
            all,
            clean,
            too_noisy: self.count().too_noisy(),
        }
    }
}

/// A result of all rounds, and of the clean ones where some are dirty.
#[derive(Clone, Debug)]
pub(crate) struct TwoWays<T> {
    pub(crate) all: T,
    /// `None` when every round is clean, or when too little is left without the dirty ones.
    pub(crate) clean: Option<T>,
    too_noisy: bool,
}

impl<T> TwoWays<T> {
    /// The one to show first: of the clean rounds, unless they are too few.
    pub(crate) fn shown(&self) -> &T {
        match &self.clean {
            Some(clean) if !self.too_noisy => clean,
            _ => &self.all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_needs_half_of_its_rounds_and_five_of_them() {
        let needed: Vec<usize> = (1..=12).map(least_clean).collect();
        assert_eq!(needed, [1, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6, 6]);
    }

    #[test]
    fn a_third_of_the_processes_may_be_void() {
        let count = |void| RoundCount {
            processes: 6,
            void,
            ..RoundCount::default()
        };
        assert!(!count(2).too_noisy() && count(3).too_noisy());
        assert!(!RoundCount::default().too_noisy());
    }
}
