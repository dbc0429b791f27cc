//! A centre and an interval from one value per process.

use super::student::t_quantile;

/// The confidence of every interval of a report.
pub const CONFIDENCE: f64 = 0.95;

/// The middle value; the mean of the middle two of an even number. `None` of none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[half]),
        _ => Some(0.5 * (sorted[half - 1] + sorted[half])),
    }
}

/// Where the true centre lies with [`CONFIDENCE`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    /// Whether `value` is inside.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Half of its width on the logarithmic scale: 0.0198 reaches 2 % to both sides. Infinite if it goes down to 0.
    #[must_use]
    pub fn log_half_width(&self) -> f64 {
        (self.high / self.low).ln() / 2.0
    }
}

/// A centre with its interval over processes.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The mean of the processes' values (the geometric mean if made by [`Estimate::of_ratios`]).
    pub centre: f64,
    /// The t interval; `None` of a single process, which tells nothing about spread.
    pub interval: Option<Interval>,
    /// The value of each process.
    pub per_process: Vec<f64>,
}

impl Estimate {
    /// Mean and t interval of one value per process, for levels such as operations per second. `None` of no process.
    ///
    /// A level cannot be negative, so neither can its lower bound.
    #[must_use]
    pub fn of_levels(per_process: Vec<f64>) -> Option<Self> {
        let (centre, half) = mean_and_half_width(&per_process)?;
        let interval = half.map(|half| Interval {
            low: (centre - half).max(0.0),
            high: centre + half,
        });
        Some(Self {
            centre,
            interval,
            per_process,
        })
    }

    /// The same on a logarithmic scale, for ratios and for latencies: the geometric mean and the t interval of the
    /// logarithms. `None` of no process, or if a value is not above 0.
    #[must_use]
    pub fn of_ratios(per_process: Vec<f64>) -> Option<Self> {
        if per_process.iter().any(|v| !v.is_finite() || *v <= 0.0) {
            return None;
        }
        let logs: Vec<f64> = per_process.iter().map(|v| v.ln()).collect();
        let (centre, half) = mean_and_half_width(&logs)?;
        let interval = half.map(|half| Interval {
            low: (centre - half).exp(),
            high: (centre + half).exp(),
        });
        Some(Self {
            centre: centre.exp(),
            interval,
            per_process,
        })
    }
}

/// The mean, and half the width of its t interval when there are at least two values.
fn mean_and_half_width(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let mean = mean(values)?;
    let half = standard_error(values).map(|error| {
        let freedom = values.len() as f64 - 1.0;
        t_quantile(0.5 + CONFIDENCE / 2.0, freedom) * error
    });
    Some((mean, half))
}

/// The arithmetic mean; `None` of none.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard error of the mean; `None` of fewer than two values.
pub(super) fn standard_error(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let count = values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (count - 1.0) / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn the_interval_of_a_worked_example() {
        // Mean 12, standard deviation sqrt(2.5), n = 5: 12 +- 2.776445 * sqrt(2.5 / 5).
        let e = Estimate::of_levels(vec![10.0, 11.0, 12.0, 13.0, 14.0]).expect("five values");
        let interval = e.interval.expect("more than one value");
        assert!((e.centre - 12.0).abs() < 1e-12);
        assert!((interval.high - (12.0 + 2.776_445 * 0.5_f64.sqrt())).abs() < 1e-5);
        assert!((interval.low - (12.0 - 2.776_445 * 0.5_f64.sqrt())).abs() < 1e-5);
    }

    #[test]
    fn one_process_has_no_interval_and_none_no_estimate() {
        let one = Estimate::of_levels(vec![5.0]).expect("one value");
        assert_eq!((one.centre, one.interval), (5.0, None));
        assert_eq!(Estimate::of_levels(vec![]), None);
        assert_eq!(Estimate::of_ratios(vec![1.0, 0.0]), None);
    }

    #[test]
    fn a_level_is_never_below_zero() {
        let e = Estimate::of_levels(vec![0.0, 0.0, 9.0]).expect("three values");
        assert_eq!(e.interval.expect("an interval").low, 0.0);
    }

    proptest! {
        #[test]
        fn a_ratio_and_its_inverse_have_mirrored_intervals(
            values in proptest::collection::vec(0.01_f64..100.0, 2..20)
        ) {
            let forward = Estimate::of_ratios(values.clone()).expect("all above 0");
            let back = Estimate::of_ratios(values.iter().map(|v| 1.0 / v).collect()).expect("all above 0");
            let (f, b) = (forward.interval.expect("two"), back.interval.expect("two"));
            prop_assert!((f.low * b.high - 1.0).abs() < 1e-9);
            prop_assert!(f.contains(forward.centre));
        }
    }
}
