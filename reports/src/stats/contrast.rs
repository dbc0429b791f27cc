//! Whether two things differ, and by how much: on the logarithmic scale, with the process as unit.

use super::estimate::{CONFIDENCE, Interval, mean, standard_error};
use super::student::{t_quantile, t_upper_tail};

/// The chance of seeing a difference that is as large as [`Contrast::detectable_ratio`].
const POWER: f64 = 0.8;

/// The logarithm of a ratio, with its standard error over processes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    log_ratio: f64,
    standard_error: f64,
    freedom: f64,
    /// Of the smaller side.
    processes: usize,
}

impl Contrast {
    /// Of two things that every process has measured, from the ratio in each. `None` of fewer than two processes, or if a
    /// ratio is not above 0.
    #[must_use]
    pub fn paired(ratios: &[f64]) -> Option<Self> {
        let logs = logarithms(ratios)?;
        Some(Self {
            log_ratio: mean(&logs)?,
            standard_error: standard_error(&logs)?,
            freedom: logs.len() as f64 - 1.0,
            processes: logs.len(),
        })
    }

    /// `other` over `one`, each with processes of its own, whose spread may differ (Welch, Biometrika 34, 1947). `None` of
    /// fewer than two processes on a side, or if a level is not above 0.
    #[must_use]
    pub fn unpaired(one: &[f64], other: &[f64]) -> Option<Self> {
        let (first, second) = (logarithms(one)?, logarithms(other)?);
        let (a, b) = (
            standard_error(&first)?.powi(2),
            standard_error(&second)?.powi(2),
        );
        let part = |variance: f64, values: &[f64]| variance.powi(2) / (values.len() as f64 - 1.0);
        let spread = part(a, &first) + part(b, &second);
        let pooled = (first.len() + second.len()) as f64 - 2.0;
        Some(Self {
            log_ratio: mean(&second)? - mean(&first)?,
            standard_error: (a + b).sqrt(),
            // Without any spread the quotient is 0 over 0, and no degree of freedom matters.
            freedom: if spread > 0.0 {
                (a + b).powi(2) / spread
            } else {
                pooled
            },
            processes: first.len().min(second.len()),
        })
    }

    /// The ratio.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.log_ratio.exp()
    }

    /// The t interval of the ratio at [`CONFIDENCE`].
    #[must_use]
    pub fn interval(&self) -> Interval {
        let half = self.standard_error * t_quantile(0.5 + CONFIDENCE / 2.0, self.freedom);
        Interval {
            low: (self.log_ratio - half).exp(),
            high: (self.log_ratio + half).exp(),
        }
    }

    /// The p value of "the ratio is 1", two-sided.
    #[must_use]
    pub fn p_different(&self) -> f64 {
        (2.0 * self.upper_tail(self.log_ratio.abs())).min(1.0)
    }

    /// The p value of "the ratio is outside of 1 / (1 + margin) to 1 + margin": the larger of two one-sided tests
    /// (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987). Below 5 % just when the 90 % interval is
    /// inside.
    ///
    /// # Panics
    /// When `margin` is not above 0.
    #[must_use]
    pub fn p_equivalent(&self, margin: f64) -> f64 {
        assert!(margin > 0.0, "nothing is equal within nothing");
        self.upper_tail(margin.ln_1p() - self.log_ratio.abs())
    }

    /// The smallest ratio above 1 that a run of this spread and size tells from 1 four times in five.
    #[must_use]
    pub fn detectable_ratio(&self) -> f64 {
        (reach(self.freedom) * self.standard_error).exp()
    }

    /// How many processes (of each side) would tell a ratio of 1 + `margin` from 1 four times in five.
    ///
    /// # Panics
    /// When `margin` is not above 0.
    #[must_use]
    pub fn processes_for(&self, margin: f64) -> u64 {
        assert!(margin > 0.0, "no number of processes tells no difference");
        let factor = reach(self.freedom) * self.standard_error / margin.ln_1p();
        (self.processes as f64 * factor.powi(2)).ceil().max(2.0) as u64
    }

    /// The chance that the error alone is above `distance`.
    fn upper_tail(&self, distance: f64) -> f64 {
        if self.standard_error > 0.0 {
            return t_upper_tail(distance / self.standard_error, self.freedom);
        }
        match distance.total_cmp(&0.0) {
            std::cmp::Ordering::Greater => 0.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 1.0,
        }
    }
}

/// A difference of this many standard errors is found with [`POWER`].
pub(super) fn reach(freedom: f64) -> f64 {
    t_quantile(0.5 + CONFIDENCE / 2.0, freedom) + t_quantile(POWER, freedom)
}

fn logarithms(values: &[f64]) -> Option<Vec<f64>> {
    let log = |v: &f64| (v.is_finite() && *v > 0.0).then(|| v.ln());
    values.iter().map(log).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student, Biometrika 6, 1908: extra hours of sleep of ten patients under two drugs. Every textbook has the results.
    const FIRST_DRUG: [f64; 10] = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const SECOND_DRUG: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    fn exp(values: &[f64]) -> Vec<f64> {
        values.iter().map(|v| v.exp()).collect()
    }

    fn sleep_paired() -> Contrast {
        let differences: Vec<f64> = FIRST_DRUG
            .iter()
            .zip(SECOND_DRUG)
            .map(|(a, b)| b - a)
            .collect();
        Contrast::paired(&exp(&differences)).expect("ten patients")
    }

    fn assert_close(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() < tolerance, "{got}, not {expected}");
    }

    #[test]
    fn the_sleep_of_students_patients_paired() {
        // t = 4.0621, 9 degrees of freedom, p = 0.002833, 95 % interval 0.7001142 to 2.4598858.
        let contrast = sleep_paired();
        let interval = contrast.interval();
        assert_close(contrast.ratio().ln(), 1.58, 1e-12);
        assert_close(contrast.p_different(), 0.002_833, 5e-7);
        assert_close(interval.low.ln(), 0.700_114_2, 1e-6);
        assert_close(interval.high.ln(), 2.459_885_8, 1e-6);
    }

    #[test]
    fn the_sleep_of_students_patients_unpaired() {
        // Welch: t = 1.8608, 17.776 degrees of freedom, p = 0.07939, 95 % interval -0.2054832 to 3.3654832.
        let contrast =
            Contrast::unpaired(&exp(&FIRST_DRUG), &exp(&SECOND_DRUG)).expect("ten patients each");
        let interval = contrast.interval();
        assert_close(contrast.freedom, 17.776, 5e-4);
        assert_close(contrast.p_different(), 0.079_39, 5e-6);
        assert_close(interval.low.ln(), -0.205_483_2, 1e-6);
        assert_close(interval.high.ln(), 3.365_483_2, 1e-6);
    }

    #[test]
    fn equivalence_is_the_ninety_per_cent_interval_inside_the_margin() {
        // t(0.95, 9) = 1.833113: with the margin just there, p is 5 %.
        let contrast = sleep_paired();
        let edge = 1.58 + 1.833_113 * contrast.standard_error;
        assert_close(contrast.p_equivalent(edge.exp_m1()), 0.05, 1e-6);
        assert!(contrast.p_equivalent((edge + 0.1).exp_m1()) < 0.05);
        assert!(contrast.p_equivalent((edge - 0.1).exp_m1()) > 0.05);
        // A difference as large as the margin is a coin toss, and a larger one is no equivalence.
        assert_close(contrast.p_equivalent(1.58_f64.exp_m1()), 0.5, 1e-9);
        assert!(contrast.p_equivalent(1.0_f64.exp_m1()) > 0.5);
    }

    #[test]
    fn what_a_run_can_tell_shrinks_with_the_root_of_its_processes() {
        // t(0.975, 9) + t(0.8, 9) = 2.262157 + 0.883404.
        let contrast = sleep_paired();
        let detectable = contrast.detectable_ratio().ln();
        assert_close(detectable, 3.145_561 * contrast.standard_error, 1e-5);
        assert_eq!(contrast.processes_for(detectable.exp_m1() * 1.000_01), 10);
        assert_eq!(contrast.processes_for((detectable * 0.501).exp_m1()), 40);
    }

    #[test]
    fn without_spread_there_is_no_doubt() {
        let same = Contrast::paired(&[1.0, 1.0]).expect("two");
        assert_eq!((same.p_different(), same.p_equivalent(0.01)), (1.0, 0.0));
        let double = Contrast::unpaired(&[1.0, 1.0], &[2.0, 2.0]).expect("two each");
        assert_close(double.ratio(), 2.0, 1e-12);
        assert_eq!((double.p_different(), double.p_equivalent(0.5)), (0.0, 1.0));
    }

    #[test]
    fn one_process_or_a_zero_is_no_contrast() {
        assert_eq!(Contrast::paired(&[2.0]), None);
        assert_eq!(Contrast::paired(&[2.0, 0.0]), None);
        assert_eq!(Contrast::unpaired(&[2.0, 1.0], &[2.0]), None);
        assert_eq!(Contrast::unpaired(&[2.0, 1.0], &[2.0, f64::INFINITY]), None);
    }
}
