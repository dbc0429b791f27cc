//! Which rounds can be trusted.

use super::usable;
use bench_core::record::Cell;
use std::collections::BTreeSet;

/// Rounds of one mode in one setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoundCount {
    /// All of them, over all processes.
    pub(crate) all: usize,
    /// Those without a dirty cell of any lock.
    pub(crate) clean: usize,
}

impl RoundCount {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            clean: self.clean + other.clean,
        }
    }

    pub(crate) fn dirty(self) -> usize {
        self.all - self.clean
    }

    /// Fewer than half of the rounds remain: the clean ones are then a chance selection.
    pub(crate) fn too_noisy(self) -> bool {
        2 * self.clean < self.all
    }
}

/// The rounds of one mode in one setting. A round in which any lock's cell was dirty is dropped for all locks, so that
/// what is compared was measured in the same rounds.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    all: BTreeSet<(u32, u32)>,
    dirty: BTreeSet<(u32, u32)>,
}

impl Rounds {
    pub(crate) fn of<'c>(cells: impl Iterator<Item = &'c Cell>) -> Self {
        let mut rounds = Self::default();
        for cell in cells {
            rounds.all.insert((cell.process, cell.round));
            if cell.noise.dirty {
                rounds.dirty.insert((cell.process, cell.round));
            }
        }
        rounds
    }

    pub(crate) fn count(&self) -> RoundCount {
        RoundCount {
            all: self.all.len(),
            clean: self.all.len() - self.dirty.len(),
        }
    }

    pub(crate) fn is_clean(&self, cell: &Cell) -> bool {
        !self.dirty.contains(&(cell.process, cell.round))
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
