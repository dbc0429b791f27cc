//! How often something happens, from how often it did.

use super::estimate::{CONFIDENCE, Interval};
use super::student::{incomplete_beta, last_where};

/// The interval of the chance of something that happened in `count` of `trials`, at [`CONFIDENCE`]: Clopper and Pearson,
/// Biometrika 26, 1934. It covers the chance at least that often, whatever the chance is.
///
/// # Panics
/// When there are no trials, or `count` is more than there are.
#[must_use]
pub fn clopper_pearson(count: u32, trials: u32) -> Interval {
    assert!(count <= trials && trials > 0, "{count} of {trials}");
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let (count, trials) = (f64::from(count), f64::from(trials));
    Interval {
        low: if count > 0.0 {
            chance(tail, count, trials - count + 1.0)
        } else {
            0.0
        },
        high: if count < trials {
            chance(1.0 - tail, count + 1.0, trials - count)
        } else {
            1.0
        },
    }
}

/// Where the distribution function of beta(`a`, `b`) reaches `probability`.
fn chance(probability: f64, a: f64, b: f64) -> f64 {
    last_where((0.0, 1.0), |x| incomplete_beta(a, b, x) < probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_bounds(count: u32, trials: u32, low: f64, high: f64, tolerance: f64) {
        let got = clopper_pearson(count, trials);
        assert!(
            (got.low - low).abs() < tolerance && (got.high - high).abs() < tolerance,
            "{count} of {trials}: {got:?}, not {low} to {high}"
        );
    }

    #[test]
    fn bounds_are_the_published_ones() {
        // Conover, Practical Nonparametric Statistics, 1971, page 97: Mendel's plants, also in the manual of R's binom.test.
        assert_bounds(682, 925, 0.707_668_3, 0.765_406_6, 5e-8);
        // Tables of exact limits of a proportion, as biostatistics textbooks print them.
        assert_bounds(1, 10, 0.0025, 0.4450, 5e-5);
        assert_bounds(5, 10, 0.1871, 0.8129, 5e-5);
        assert_bounds(10, 100, 0.0490, 0.1762, 5e-5);
        assert_bounds(5, 100, 0.0164, 0.1128, 5e-5);
    }

    #[test]
    fn none_and_all_have_a_closed_form() {
        for trials in [1_u32, 7, 200] {
            let beyond = 0.025_f64.powf(1.0 / f64::from(trials));
            assert_bounds(0, trials, 0.0, 1.0 - beyond, 1e-12);
            assert_bounds(trials, trials, beyond, 1.0, 1e-12);
        }
    }

    #[test]
    fn the_most_alarms_of_two_hundred_that_five_per_cent_can_explain() {
        assert!(clopper_pearson(16, 200).low < 0.05);
        assert!(clopper_pearson(17, 200).low > 0.05);
    }
}
