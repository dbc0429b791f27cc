//! Where the spread of a measurement comes from, and what that means for the next one.
//!
//! A round's value is the truth, plus the luck of its process, plus its own. The spread of the second is what more
//! processes average out and more rounds do not (Kalibera and Jones, "Rigorous benchmarking in reasonable time", ISMM 2013).

use super::contrast::reach;
use super::estimate::mean;
use std::f64::consts::FRAC_PI_2;

/// The variance of a median over that of a mean of as many normal values.
const MEDIAN_OVER_MEAN: f64 = FRAC_PI_2;

/// Two standard deviations in the unit of the values: of logarithms, about shares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Components {
    /// Between processes, without what their rounds add to it. 0 when the processes differ no more than rounds do.
    pub between: f64,
    /// Between the rounds of a process.
    pub within: f64,
}

impl Components {
    /// By the analysis of variance for one way with random effects, of the values of each process's rounds. Processes may
    /// have different numbers of rounds (Sokal and Rohlf, Biometry, box 9.1). `None` of fewer than two processes, if none
    /// has two rounds, or if a value is not finite.
    #[must_use]
    pub fn of(processes: &[Vec<f64>]) -> Option<Self> {
        let groups: Vec<&Vec<f64>> = processes.iter().filter(|p| !p.is_empty()).collect();
        let all: Vec<f64> = groups.iter().flat_map(|g| g.iter().copied()).collect();
        if groups.len() < 2 || all.len() == groups.len() || !all.iter().all(|v| v.is_finite()) {
            return None;
        }
        let grand = mean(&all)?;
        let (mut squares_between, mut squares_within, mut squared_counts) = (0.0, 0.0, 0.0);
        for group in &groups {
            let own = mean(group)?;
            let count = group.len() as f64;
            squares_between += count * (own - grand).powi(2);
            squares_within += group.iter().map(|v| (v - own).powi(2)).sum::<f64>();
            squared_counts += count.powi(2);
        }
        let (count, freedom) = (all.len() as f64, groups.len() as f64 - 1.0);
        let mean_count = (count - squared_counts / count) / freedom;
        let mean_square_within = squares_within / (count - groups.len() as f64);
        let excess = squares_between / freedom - mean_square_within;
        Some(Self {
            between: (excess / mean_count).max(0.0).sqrt(),
            within: mean_square_within.sqrt(),
        })
    }

    /// The rounds in each process that make the interval narrowest in a given time: with fewer, too much goes to starting
    /// processes; with more, rounds repeat the luck of their process. For medians of rounds. `None` when the processes do
    /// not differ, so that as many rounds as one likes are as good.
    ///
    /// # Panics
    /// When a cost is not above 0.
    #[must_use]
    pub fn best_rounds(&self, process_cost_ns: f64, round_cost_ns: f64) -> Option<f64> {
        assert!(
            process_cost_ns > 0.0 && round_cost_ns > 0.0,
            "a process and a round take time"
        );
        let luck = MEDIAN_OVER_MEAN.sqrt() * self.within / self.between;
        let rounds = (process_cost_ns / round_cost_ns).sqrt() * luck;
        rounds.is_finite().then(|| rounds.max(1.0))
    }

    /// The standard error of the mean over so many processes of the median of so many rounds each.
    ///
    /// # Panics
    /// When a number is 0.
    #[must_use]
    pub fn standard_error(&self, processes: u32, rounds: u32) -> f64 {
        assert!(processes > 0 && rounds > 0, "nothing has no error");
        // The median of one or two rounds is their mean.
        let factor = if rounds > 2 { MEDIAN_OVER_MEAN } else { 1.0 };
        let of_a_process = self.between.powi(2) + factor * self.within.powi(2) / f64::from(rounds);
        (of_a_process / f64::from(processes)).sqrt()
    }

    /// Of logarithms of ratios: the smallest ratio above 1 that a run of this size will tell from 1 four times in five, as
    /// [`Contrast::detectable_ratio`](super::Contrast::detectable_ratio) says it after the run.
    ///
    /// # Panics
    /// When there are fewer than two processes, or no rounds.
    #[must_use]
    pub fn detectable_ratio(&self, processes: u32, rounds: u32) -> f64 {
        assert!(processes > 1, "one process tells nothing about spread");
        let error = self.standard_error(processes, rounds);
        (reach(f64::from(processes - 1)) * error).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() < tolerance, "{got}, not {expected}");
    }

    fn of(groups: &[&[u32]]) -> Components {
        let floats = |g: &&[u32]| g.iter().map(|v| f64::from(*v)).collect();
        let groups: Vec<Vec<f64>> = groups.iter().map(floats).collect();
        Components::of(&groups).expect("groups of several")
    }

    #[test]
    fn the_ticks_of_four_rabbits() {
        // Sokal and Rohlf, Biometry, box 9.1: the width of the scutum of ticks on four hosts. Mean squares 602.6 and 114.5,
        // n0 = 9.009, the added component 54.190.
        let ticks = of(&[
            &[380, 376, 360, 368, 372, 366, 374, 382],
            &[350, 356, 358, 376, 338, 342, 366, 350, 344, 364],
            &[
                354, 360, 362, 352, 366, 372, 362, 344, 342, 358, 351, 348, 348,
            ],
            &[376, 344, 342, 372, 374, 360],
        ]);
        assert_close(ticks.within.powi(2), 114.5, 0.05);
        assert_close(ticks.between.powi(2), 54.19, 0.05);
    }

    #[test]
    fn the_yield_of_six_batches_of_dyestuff() {
        // Davies 1947; Box and Tiao, Bayesian Inference in Statistical Analysis, 5.1.2: 2451.25 within, 1764.05 between.
        let yields = of(&[
            &[1545, 1440, 1440, 1520, 1580],
            &[1540, 1555, 1490, 1560, 1495],
            &[1595, 1550, 1605, 1510, 1560],
            &[1445, 1440, 1595, 1465, 1545],
            &[1595, 1630, 1515, 1635, 1625],
            &[1520, 1455, 1450, 1480, 1445],
        ]);
        assert_close(yields.within.powi(2), 2_451.25, 1e-6);
        assert_close(yields.between.powi(2), 1_764.05, 1e-6);
    }

    #[test]
    fn processes_that_agree_better_than_chance_do_not_differ() {
        let alike = of(&[&[1, 9], &[9, 1], &[5, 5]]);
        assert_eq!(alike.between, 0.0);
        assert_eq!(alike.best_rounds(1.0, 1.0), None);
    }

    #[test]
    fn what_has_no_components_has_none() {
        let none = |groups: &[Vec<f64>]| Components::of(groups).is_none();
        assert!(none(&[]));
        assert!(none(&[vec![1.0, 2.0]]));
        assert!(none(&[vec![1.0], vec![2.0], vec![]]));
        assert!(none(&[vec![1.0, f64::NEG_INFINITY], vec![2.0, 3.0]]));
    }

    #[test]
    fn the_best_rounds_of_a_worked_example() {
        // A process of 360 ms beside rounds of 20 ms: about 27 rounds where it adds 0.4 % to 2 %, and 4 where 2.5 %.
        let rounds = |between| {
            let components = Components {
                between,
                within: 0.02,
            };
            components.best_rounds(360e6, 20e6).expect("they differ")
        };
        assert_close(rounds(0.004), 26.6, 0.05);
        assert_close(rounds(0.025), 4.25, 0.05);
        assert_close(rounds(0.8), 1.0, 1e-12);
    }

    #[test]
    fn the_best_rounds_give_the_smallest_error_for_the_time() {
        let components = Components {
            between: 0.01,
            within: 0.03,
        };
        let (process, round) = (300.0, 20.0);
        let best = components.best_rounds(process, round).expect("they differ");
        let error_by_time = |rounds: f64| {
            let variance =
                components.between.powi(2) + FRAC_PI_2 * components.within.powi(2) / rounds;
            variance * (process + rounds * round)
        };
        assert!(error_by_time(best) < error_by_time(best * 0.9));
        assert!(error_by_time(best) < error_by_time(best * 1.1));
    }

    #[test]
    fn what_a_run_will_tell_by_hand() {
        // sqrt((0.004^2 + pi/2 * 0.02^2 / 10) / 10) = 0.0028077; t(0.975, 9) + t(0.8, 9) = 2.262157 + 0.883404.
        let components = Components {
            between: 0.004,
            within: 0.02,
        };
        assert_close(components.standard_error(10, 10), 0.002_807_7, 1e-7);
        let detectable = components.detectable_ratio(10, 10).ln();
        assert_close(detectable, 0.002_807_7 * 3.145_561, 1e-6);
        assert!(components.detectable_ratio(20, 10) < components.detectable_ratio(10, 10));
        // Rounds cannot take out what processes add.
        assert!(components.detectable_ratio(10, 100_000).ln() > 0.003_9);
    }
}
