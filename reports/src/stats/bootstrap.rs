//! Intervals of statistics that have no formula.

use super::estimate::{CONFIDENCE, Interval, mean};
use super::student::{t_quantile, t_upper_tail};
use fastrand::Rng;

/// Fewer processes than this cannot be drawn in enough ways: the interval would be narrower than it says.
const LEAST_PROCESSES: usize = 5;
/// Draws of rounds from each process.
const INNER_DRAWS: usize = 48;
/// Draws of processes.
const OUTER_DRAWS: usize = 2_000;
/// The same numbers give the same interval.
const SEED: u64 = 20_130_620;
/// As many degrees of freedom make Student's distribution the normal one.
const NORMAL: f64 = 1e6;

/// The interval at [`CONFIDENCE`] of the mean over processes of any `value` of a process's rounds, by a bootstrap on two
/// levels: processes are drawn with replacement, and rounds within each (Davison and Hinkley, Bootstrap Methods and their
/// Application, 3.8). `None` with fewer than five processes, or when a value is not finite.
///
/// A flat bootstrap over all rounds takes what a process's rounds share for chance and is too narrow. This one counts the
/// spread of rounds once in the values of processes and once more, so that it errs to the wide side. A bootstrap over few
/// units is too narrow by itself; its quantiles are taken further out, as Student's t says for so many processes (the
/// expanded percentile interval of Hesterberg, The American Statistician 69, 2015).
///
/// The draws of a process's rounds are made once and shared by the draws of processes, so that a page of many numbers is
/// drawn in seconds.
#[must_use]
pub fn two_level_bootstrap<R>(
    processes: &[Vec<R>],
    mut value: impl FnMut(&[&R]) -> f64,
) -> Option<Interval> {
    if processes.len() < LEAST_PROCESSES || processes.iter().any(Vec::is_empty) {
        return None;
    }
    let mut random = Rng::with_seed(SEED);
    let mut values_of = |rounds: &Vec<R>| -> Vec<f64> {
        let mut draw = || -> Vec<&R> {
            let one = |_| &rounds[random.usize(..rounds.len())];
            (0..rounds.len()).map(one).collect()
        };
        (0..INNER_DRAWS).map(|_| value(&draw())).collect()
    };
    let values: Vec<Vec<f64>> = processes.iter().map(&mut values_of).collect();
    if !values.iter().flatten().all(|value| value.is_finite()) {
        return None;
    }
    let mut draw_mean = |_| {
        let one = |_| values[random.usize(..values.len())][random.usize(..INNER_DRAWS)];
        mean(&(0..values.len()).map(one).collect::<Vec<f64>>())
    };
    let mut means: Vec<f64> = (0..OUTER_DRAWS).filter_map(&mut draw_mean).collect();
    means.sort_by(f64::total_cmp);
    let tail = tail(processes.len());
    Some(Interval {
        low: quantile(&means, tail),
        high: quantile(&means, 1.0 - tail),
    })
}

/// What is cut off on each side.
fn tail(processes: usize) -> f64 {
    let count = processes as f64;
    let t = t_quantile(0.5 + CONFIDENCE / 2.0, count - 1.0);
    t_upper_tail(t * (count / (count - 1.0)).sqrt(), NORMAL)
}

/// Between the two values that are nearest.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() as f64 - 1.0);
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    let share = place - place.floor();
    sorted[below] + (sorted[above] - sorted[below]) * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::median;

    fn of(processes: &[Vec<f64>]) -> Option<Interval> {
        two_level_bootstrap(processes, |rounds| {
            let rounds: Vec<f64> = rounds.iter().map(|v| **v).collect();
            median(&rounds).unwrap_or(f64::NAN)
        })
    }

    #[test]
    fn fewer_processes_have_their_tails_further_out() {
        // The normal tail beyond 2.776445 * sqrt(5 / 4) = 3.10416, and so on; without the rule it is 0.025.
        for (count, expected) in [(5, 0.000_95), (10, 0.008_55), (20, 0.015_9), (100, 0.023_1)] {
            let got = tail(count);
            assert!(
                (got - expected).abs() < 5e-5,
                "{count}: {got}, not {expected}"
            );
        }
    }

    #[test]
    fn the_same_numbers_give_the_same_interval() {
        let processes: Vec<Vec<f64>> = (0..6)
            .map(|p| (0..4).map(|r| f64::from(p * p + 3 * r)).collect())
            .collect();
        let interval = of(&processes).expect("six processes");
        assert_eq!(of(&processes), Some(interval));
        assert!(interval.low < interval.high && interval.low >= 0.0 && interval.high <= 34.0);
    }

    #[test]
    fn what_does_not_vary_has_no_width() {
        let interval = of(&vec![vec![2.0; 3]; 5]).expect("five processes");
        assert_eq!((interval.low, interval.high), (2.0, 2.0));
    }

    #[test]
    fn too_little_has_no_interval() {
        assert_eq!(of(&vec![vec![1.0, 2.0]; 4]), None);
        assert_eq!(
            of(&[vec![1.0], vec![1.0], vec![1.0], vec![1.0], vec![]]),
            None
        );
        assert_eq!(of(&vec![vec![f64::INFINITY]; 5]), None);
    }

    #[test]
    fn quantiles_lie_between_values() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 1.0), 4.0);
    }
}
