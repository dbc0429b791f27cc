//! Where a series changes: E-divisive (Matteson and James, Journal of the American Statistical Association 109, 2014).
//!
//! A place splits a stretch of the series into two samples. Their energy distance, with the absolute difference as distance
//! (the paper's alpha is 1), is 0 only where both are of one distribution, whichever that is. The split with the greatest
//! distance is a change point if the values of the stretch, put in a random order, seldom have as great a one; then both
//! parts are searched. The order of the values is all that is tested: a series that drifts slowly has no step, and yet is
//! told from luck, and then is cut somewhere on its way.

use std::ops::Range;

/// After as many random orders that are as good as the observed one, the chance is known well enough (Besag and Clifford,
/// Biometrika 78, 1991).
const ENOUGH_AS_GOOD: u32 = 20;

/// How a series is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EDivisive {
    /// Values between two change points, and between one and an end, at least; 2 or more.
    pub least_segment: usize,
    /// A change point is one if luck alone would show it with at most this chance.
    pub significance: f64,
    /// The most random orders that are tried.
    pub permutations: u32,
    /// The seed of the random orders: the same series gives the same answer.
    pub seed: u64,
}

/// A place where a series was tested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// The place of the first value that is of the new kind.
    pub at: usize,
    /// The chance that a random order of the values shows as clear a split. After the first it is given the earlier ones.
    pub p_value: f64,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The change points, the clearest first.
    pub changes: Vec<Split>,
    /// The next clearest, which luck explains; `None` where no stretch was long enough for another.
    pub last: Option<Split>,
}

impl EDivisive {
    /// The change points of `values`.
    ///
    /// # Panics
    /// When a segment may be shorter than 2 or a value is no number.
    #[must_use]
    pub fn search(&self, values: &[f64]) -> Found {
        assert!(self.least_segment >= 2, "one value has no spread");
        assert!(values.iter().all(|v| v.is_finite()), "not a number");
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut sums = Sums::default();
        let mut bounds = vec![0, values.len()];
        let mut found = Found::default();
        while let Some(best) = self.best(values, &bounds, &mut sums) {
            let split = Split {
                at: best.at,
                p_value: self.p_value(values, &bounds, best.distance, &mut random, &mut sums),
            };
            if split.p_value > self.significance {
                found.last = Some(split);
                break;
            }
            found.changes.push(split);
            bounds.push(split.at);
            bounds.sort_unstable();
        }
        found
    }

    /// How often the values show as great a distance when each stretch is in a random order.
    fn p_value(
        &self,
        values: &[f64],
        bounds: &[usize],
        observed: f64,
        random: &mut fastrand::Rng,
        sums: &mut Sums,
    ) -> f64 {
        // The same order gives the same distance but for the last digits.
        let observed = observed * (1.0 - 1e-9);
        let mut shuffled = values.to_vec();
        let mut as_good = 0;
        for tried in 1..=self.permutations {
            for stretch in stretches(bounds) {
                random.shuffle(&mut shuffled[stretch]);
            }
            let best = self.best(&shuffled, bounds, sums);
            as_good += u32::from(best.is_some_and(|best| best.distance >= observed));
            if as_good == ENOUGH_AS_GOOD {
                return f64::from(as_good) / f64::from(tried);
            }
        }
        f64::from(as_good + 1) / f64::from(self.permutations + 1)
    }

    /// The split with the greatest distance in any stretch.
    fn best(&self, values: &[f64], bounds: &[usize], sums: &mut Sums) -> Option<Best> {
        let of = |stretch: Range<usize>| {
            let best = self.best_of(&values[stretch.clone()], sums)?;
            Some(Best {
                at: stretch.start + best.at,
                ..best
            })
        };
        let all = stretches(bounds).filter_map(of);
        all.max_by(|a, b| a.distance.total_cmp(&b.distance))
    }

    /// The split of one stretch with the greatest distance. What lies behind the right sample is left out where that makes
    /// it clearer: there may be another change.
    fn best_of(&self, values: &[f64], sums: &mut Sums) -> Option<Best> {
        let (count, least) = (values.len(), self.least_segment);
        if count < 2 * least {
            return None;
        }
        sums.fill(values);
        let mut best: Option<Best> = None;
        for at in least..=count - least {
            for end in at + least..=count {
                let distance = sums.distance(at, end);
                if best.is_none_or(|best| distance > best.distance) {
                    best = Some(Best { at, distance });
                }
            }
        }
        best
    }
}

fn stretches(bounds: &[usize]) -> impl Iterator<Item = Range<usize>> + '_ {
    bounds.windows(2).map(|ends| ends[0]..ends[1])
}

#[derive(Clone, Copy)]
struct Best {
    at: usize,
    distance: f64,
}

/// Sums of the differences between all values before one place and all before another.
#[derive(Default)]
struct Sums {
    width: usize,
    /// Row by row.
    sums: Vec<f64>,
}

impl Sums {
    fn fill(&mut self, values: &[f64]) {
        self.width = values.len() + 1;
        self.sums.clear();
        self.sums.resize(self.width * self.width, 0.0);
        for (row, one) in values.iter().enumerate() {
            let (before, this) = self.sums.split_at_mut((row + 1) * self.width);
            let (before, mut of_row) = (&before[row * self.width..], 0.0);
            for (column, other) in values.iter().enumerate() {
                of_row += (one - other).abs();
                this[column + 1] = before[column + 1] + of_row;
            }
        }
    }

    fn before(&self, row: usize, column: usize) -> f64 {
        self.sums[row * self.width + column]
    }

    /// The paper's scaled sample divergence of the values before `at` and those from `at` to before `end`.
    fn distance(&self, at: usize, end: usize) -> f64 {
        let (left, right) = (at as f64, (end - at) as f64);
        let within_left = self.before(at, at);
        let across = self.before(at, end) - within_left;
        let within_right = self.before(end, end) - 2.0 * self.before(at, end) + within_left;
        let divergence = 2.0 * across / (left * right)
            - within_left / (left * (left - 1.0))
            - within_right / (right * (right - 1.0));
        divergence * left * right / (left + right)
    }
}

#[cfg(test)]
mod tests;
